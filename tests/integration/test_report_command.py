"""`harness report` and `harness serve` as a user types them."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_up_results import ELSEWHERE, HERE, fill, finish, plan_of

from harness.cli.report import FORMATS
from harness.report import pages
from harness.store import Store


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up sweep's file."""
    file = tmp_path_factory.mktemp("made") / "store.db"
    with Store.open(f"sqlite:///{file}") as store:
        fill(store)
    return file


@pytest.fixture
def here(sweep: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, where the command looks for it."""
    monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{sweep}")
    return sweep


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Store]:
    """The test's own store."""
    with Store.open() as store:
        yield store


def text_of(folder: Path) -> str:
    """The Markdown without its escapes."""
    return (folder / "report.md").read_text(encoding="utf-8").replace("\\", "")


def digests(folder: Path) -> dict[str, str]:
    """Every file's content."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


# -- which runs ----------------------------------------------------------------------------------------


def test_only_the_tasks_and_models_asked_for_are_there(harness: Any, here: Path) -> None:
    words = ("--task", "translation", "--task", "text_generation", "--model", "lstm", "--model", "rnn")
    assert harness("report", *words, "--format", "md", "--out", "r") == (0, "r/report.md\n", "")
    text = text_of(Path("r"))
    assert "2 models on 2 tasks" in text
    assert "Only runs of the tasks translation, text_generation and of the models lstm, rnn." in text
    assert "copy_nearest" in text  # baselines stand beside whatever is chosen
    assert not re.search("Speech recognition|cnn_lstm", text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--task", "translatoin"), "no task named 'translatoin'. Did you mean 'translation'?"),
        (("--model", "lsmt"), "no model named 'lsmt'. Did you mean 'lstm'?"),
        (("--sweep", "quikstart"), "no sweep named 'quikstart'. Did you mean 'quickstart'?"),
        (("--format", "htm"), "no report format named 'htm'. Did you mean 'html'?"),
        (("--since", "yesterday"), "--since 'yesterday' is neither a date nor an age"),
        (("--since", "2999-01-01"), "is in the future"),
        (("--compare", "nowhere.db"), "There is no results store 'nowhere.db'"),
        (("--compare", "nosql://x"), "not a database URL"),
    ],
    ids=["task", "model", "sweep", "format", "since", "future", "missing store", "no store"],
)
def test_what_does_not_exist_is_one_message(harness: Any, here: Path, words: tuple[str, ...], said: str) -> None:
    code, out, err = harness("report", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not Path("results/report").exists()


def test_since_counts_from_the_last_that_happened_to_a_run(harness: Any, small: Store) -> None:
    for model, ended in (("lstm", 1_790_000_000.0), ("rnn", 1_600_000_000.0)):
        run = finish(small, plan_of("translation", model))
        small.write(
            lambda c, _, run=run, at=ended: c.exec_driver_sql(
                f"UPDATE runs SET created_at = {at}, started_at = {at}, ended_at = {at} WHERE id = {run}"
            ).close()
        )
    assert harness("report", "--since", "2025-01-01", "--format", "md", "--out", "r")[0] == 0
    text = text_of(Path("r"))
    assert "1 model on 1 task" in text
    assert "Only runs since 2025-01-01." in text
    assert "rnn" not in text
    code, _, err = harness("report", "--since", "1m")
    assert (code, err.count("\n")) == (2, 1)
    assert "None of the 2 runs" in err
    assert "The newest is of 2026-09-21" in err


# -- formats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "endings", "printed"),
    [
        (("--format", "md"), {".md", ".png"}, "r/report.md"),
        (("--format", "md,svg"), {".md", ".svg"}, "r/report.md"),
        (("--format", "csv,svg"), {".csv", ".svg"}, "r"),
        (("--format", "html", "--format", "PNG"), {".html", ".png"}, "r/index.html"),
        ((), {".html", ".md", ".csv", ".tex", ".svg", ".png", ".json"}, "r/index.html"),
    ],
    ids=["md with its pictures", "md with svg", "list", "repeated", "all"],
)
def test_only_the_formats_asked_for_are_written(
    harness: Any, here: Path, words: tuple[str, ...], endings: set[str], printed: str
) -> None:
    assert harness("report", "--task", "translation", *words, "--out", "r") == (0, f"{printed}\n", "")
    assert {p.suffix for p in Path("r").rglob("*") if p.is_file()} == endings | {".sha256"}


def test_the_command_knows_the_formats_of_the_report() -> None:
    assert FORMATS == pages.FORMATS


# -- several stores ------------------------------------------------------------------------------------


def test_runs_of_several_stores_stand_in_one_report_and_count_once(harness: Any, here: Path, tmp_path: Path) -> None:
    with Store.open("sqlite:///lab.db") as lab:
        finish(lab, plan_of("translation", "lstm", 0))  # the other store has the same run
        finish(lab, plan_of("translation", "lstm", 7))  # a seed more
        finish(lab, plan_of("translation", "lstm", 0), environment=ELSEWHERE)  # the same on another machine
        name = lab.store_id[:8]
    before = here.read_bytes(), Path("lab.db").read_bytes()
    words = ("report", "--compare", "lab.db", "--task", "translation")
    assert harness(*words, "--out", "r")[0] == 0
    text = text_of(Path("r"))
    assert f"lab.db ({name}) with 2 runs, 1 more that a store named earlier also has" in text
    assert "Joined from 2 results stores: store.db (" in text
    assert "On 2 machines" in text
    (file,) = Path("r", "tables").glob("translation*1-results.csv")
    table = file.read_text(encoding="utf-8")
    assert "3 seeds" in text_of(Path("r"))
    assert table.count("\nlstm,") == 1
    assert (here.read_bytes(), Path("lab.db").read_bytes()) == before
    assert str(tmp_path) not in text
    assert harness(*words, "--out", "again")[0] == 0
    assert digests(Path("r")) == digests(Path("again"))


def test_a_store_beside_itself_changes_no_figure(harness: Any, here: Path) -> None:
    assert harness("report", "--out", "alone", "--format", "csv")[0] == 0
    assert harness("report", "--out", "twice", "--format", "csv", "--compare", str(here))[0] == 0
    alone, twice = (digests(Path(name) / "tables") for name in ("alone", "twice"))
    assert {n: d for n, d in alone.items() if "results" in n} == {n: d for n, d in twice.items() if "results" in n}


def test_a_store_of_another_version_is_refused_in_one_sentence(harness: Any, small: Store) -> None:
    small.write(lambda c, _: c.exec_driver_sql("UPDATE meta SET value = '2' WHERE name = 'schema_version'").close())
    for words in (("report",), ("serve", "--port", "0")):
        code, out, err = harness(*words)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "has schema version 2, from before the first release" in err


def test_empty_stores_say_so(harness: Any, small: Store) -> None:
    with Store.open("sqlite:///other.db"):
        pass
    code, _, err = harness("report", "--compare", "other.db")
    assert (code, err.count("\n")) == (2, 1)
    assert "These results stores hold no runs yet" in err


def test_a_newer_store_is_one_message(harness: Any, here: Path) -> None:
    with Store.open("sqlite:///new.db") as store:
        store.write(
            lambda c, _: c.exec_driver_sql("UPDATE meta SET value = '99' WHERE name = 'schema_version'").close()
        )
    code, _, err = harness("report", "--compare", "new.db")
    assert (code, err.count("\n")) == (2, 1)
    assert "schema version 99" in err


def test_a_site_is_the_pages_of_all_stores_named(harness: Any, here: Path) -> None:
    Path("notes.db").write_text("no store")
    code, out, err = harness(
        "report", "--site", "public", str(here), "notes.db", "--format", "html", "--task", "translation"
    )
    assert (code, out.strip()) == (1, "public/index.html")
    assert err.startswith("Left out: notes.db: ")
    assert Path("public", ".nojekyll").read_bytes() == b""
    assert "notes.db" in Path("public", "stores.html").read_text(encoding="utf-8")
    assert harness("report", "--site", "own", "--format", "html", "--task", "translation")[0] == 0
    assert "stores.html" in Path("own", "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("other.db",), "'other.db' has no option before it: --site FOLDER other.db"),
        (("--site", "public", "--compare", "other.db"), "--compare does not go with --site"),
        (("--site", "public", "--out", "r"), "--out does not go with --site"),
        (("--site", "public", "none.db"), "None of these results stores can be read: There is no results store"),
    ],
)
def test_what_goes_with_no_site_is_refused(harness: Any, here: Path, words: tuple[str, ...], message: str) -> None:
    code, out, err = harness("report", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


# -- claims ----------------------------------------------------------------------------------------------


def test_a_claim_that_does_not_hold_is_one_sentence_and_exit_code_1(harness: Any, here: Path) -> None:
    words = ("report", "--format", "json", "--out", "r")
    claims = ("translation: lstm > rnn", "speech_recognition: rnn >= lstm")
    code, out, err = harness(*words, "--fail-unless", claims[0], "--fail-unless", claims[1])
    assert (code, out.strip(), err.count("\n")) == (1, "r/report.json", 2)
    assert "lstm > rnn: undecided: 2 seeds, and 3 are needed" in err
    assert "rnn is unstable: 2 of 2 runs diverged" in err
    assert harness(*words, "--fail-unless", "translation: lstm >= rnn")[0] == 0


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("translaton: lstm > rnn", "Did you mean 'translation'?"),
        ("translation: lstn > rnn", "Did you mean 'lstm'?"),
        ("translation (bf16): lstm > rnn", "No comparison of translation has 'bf16' in its heading"),
        ("lstm > rnn", "'lstm > rnn' is no claim; write 'TASK: A > B'"),
    ],
)
def test_a_claim_about_what_is_not_there_writes_nothing(harness: Any, here: Path, claim: str, message: str) -> None:
    code, out, err = harness("report", "--out", "r", "--fail-unless", claim)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert not Path("r").exists()


# -- little to show ------------------------------------------------------------------------------------


def test_an_empty_store_says_how_to_begin(harness: Any, small: Store) -> None:
    code, out, err = harness("report")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "holds no runs yet. Start with: harness sweep" in err


def one_run(store: Store) -> None:
    finish(store, plan_of("translation", "lstm"))


def one_seed(store: Store) -> None:
    for model in ("lstm", "rnn", "bilstm"):
        finish(store, plan_of("translation", model))


def only_failed(store: Store) -> None:
    for model in ("lstm", "rnn"):
        run = store.start(plan_of("translation", model), HERE, owner_pid=os.getpid())
        store.fail(run, "DivergedError: nan", "Traceback", "log")


def only_planned(store: Store) -> None:
    for model in ("lstm", "rnn"):
        store.plan(plan_of("translation", model))


def only_incompatible(store: Store) -> None:
    store.record_incompatible(plan_of("text_generation", "bilstm"), "it reads the future")


def only_baselines(store: Store) -> None:
    finish(store, plan_of("translation", "copy_nearest", kind="baseline"), value=14.0)


def not_numbers(store: Store) -> None:
    for seed, value in enumerate((float("nan"), float("inf"), float("-inf"), 3.0)):
        finish(store, plan_of("translation", "lstm", seed), value=value)
        finish(store, plan_of("speech_recognition", "lstm", seed), value=value)
        finish(store, plan_of("action_recognition", "rnn", seed), value=float("nan"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (one_run, "only model with a result"),
        (one_seed, "one seed"),
        (only_failed, "failed: DivergedError: nan"),
        (only_planned, "planned, not run yet"),
        (only_incompatible, "it reads the future"),
        (only_baselines, "14.00"),
        (not_numbers, "without a value"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_little_is_shown_as_what_it_is(harness: Any, small: Store, make: Any, said: str) -> None:
    make(small)
    code, out, err = harness("report")
    assert (code, err) == (0, "")
    folder = Path(out.strip()).parent
    assert said in text_of(folder)
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"data-value=\"-?(nan|inf)", page)


# -- what it does not do -------------------------------------------------------------------------------


def test_no_plugin_and_no_torch_is_imported(here: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom harness.cli import main\n"
        "sys.argv = ['harness', 'report', '--out', 'r', '--since', '1990-01-01']\n"
        "try:\n    main.entry_point()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "heavy = {'torch', 'pytorch_lightning', 'harness_tasks', 'harness_models', 'hydra'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


# -- serve ---------------------------------------------------------------------------------------------


@pytest.fixture
def started(here: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "harness", "serve", "--port", "0", "--task", "translation"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "TERM"])
def test_the_server_says_where_it_is_and_ends_in_one_line(
    started: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    import urllib.request

    assert started.stdout is not None
    address = re.search(r"http://127\.0\.0\.1:\d+/", started.stdout.readline())
    assert address is not None
    assert b"Translation" in urllib.request.urlopen(address[0]).read()
    started.send_signal(number)
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out.strip(), err) == (0, "Stopped.", "")
    assert not list(tmp_path.glob("harness-serve-*"))


def test_a_port_in_use_is_said_before_anything_is_built(harness: Any, here: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, out, err = harness("serve", "--port", str(taken.getsockname()[1]))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "in use by another program" in err


def test_serving_nothing_is_one_message(harness: Any, tmp_path: Path) -> None:
    code, _, err = harness("serve", "--port", "0")
    assert (code, err.count("\n")) == (2, 1)
    assert "There is no results store" in err


def test_an_unknown_task_is_said_at_once(harness: Any, here: Path) -> None:
    code, _, err = harness("serve", "--port", "0", "--task", "translatoin")
    assert (code, err.count("\n")) == (2, 1)
    assert "Did you mean 'translation'?" in err
