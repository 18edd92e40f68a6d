"""Stores that are none are refused in one sentence; what somebody wicked wrote into one is shown harmlessly."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from postgresql_server import POSTGRESQL

from harness.store import Store, schema, transactions
from harness.store.records import EnvironmentRecord, MetricRow, RunPlan, RunSummary, SampleRow
from harness.terminal import harmless, harmless_json, one_line

READERS = ("list runs", "list runs --json", "list sweeps", "show ab", "report", "store export out",
           "store import other.db --dry-run")  # fmt: skip
ACTIVE = "\x1b[31mred\x1b]0;title\x07\x9b2J\u202eright to left\u2066\0[bold red]markup[/] <script>alert(1)</script>"
NAMES = {
    "escape codes, markup, HTML, NUL": ACTIVE,
    "long": "x" * 10_000,
    "paths": "../../../etc/passwd",
    "half a surrogate pair": "a\udc80b",
    "lines": "one\ntwo\r\nthree\ttab",
    "nothing": "",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the store is looked for."""
    (tmp_path / "results").mkdir()
    with Store.open(f"sqlite:///{tmp_path}/other.db"):
        pass
    return tmp_path / "results" / "store.db"


def plan(text: str = "lstm", **more: Any) -> RunPlan:
    primary = {"name": text[:50], "unit": text, "higher_is_better": True}
    values: dict[str, Any] = {
        "key": hashlib.sha256(repr(text).encode()).hexdigest(),
        "sweep": text, "task": text, "dataset": text, "model": text, "seed": 0, "command": text,
        "config": {"name": text, text: [text]}, "primary": primary, "units": {text: primary},
    }  # fmt: skip
    return RunPlan(**{**values, **more})


def fill(url: str, text: str = "lstm") -> None:
    """A finished, a failed and an incompatible run with this text wherever text can stand."""
    here = EnvironmentRecord("e" * 64, {"processor": text}, {"commit": text})
    with Store.open(url) as store:
        run_id = store.start(plan(text), here, owner_pid=os.getpid())
        store.log_metrics(run_id, [MetricRow(f"val/{text}", s, 1.0, 0.0, 0, 0.0) for s in (1, 2)])
        summary = RunSummary({f"test/{text}": 1.0}, 1.0, 10, 5, {text: 1.0}, 1.0, 1.0, throughput=1.0,
                             throughput_unit=text, details={"data": {text: text}})  # fmt: skip
        store.finish(run_id, summary, [], [SampleRow(text, text, text, text)])
        failed = plan(text, key="f" * 64)
        store.fail(store.start(failed, here, owner_pid=os.getpid()), text, text, text)
        store.record_incompatible(plan(text, key="0" * 64), text)


# -- files that are no store ---------------------------------------------------------------------------


def noise(file: Path) -> None:
    file.write_bytes(bytes(hashlib.sha256(b"noise").digest()) * 300)


def archive(file: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as opened:
        opened.writestr("store.db", "x" * 5000)
    file.write_bytes(made.getvalue())


def somebody_elses(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.executescript("CREATE TABLE customers (id); CREATE TABLE meta (id, colour);")
    connection.close()


def cut_off(file: Path) -> None:
    fill(f"sqlite:///{file}")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def overwritten(file: Path) -> None:
    fill(f"sqlite:///{file}")
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)


def newer(file: Path) -> None:
    with Store.open(f"sqlite:///{file}") as store:
        store.write(
            lambda c, _: c.exec_driver_sql("UPDATE meta SET value = '99' WHERE name = 'schema_version'").close()
        )


def a_pipe(file: Path) -> None:
    os.mkfifo(file)


def a_circle(file: Path) -> None:
    file.symlink_to(file)


def a_folder(file: Path) -> None:
    file.mkdir()


def no_json(file: Path) -> None:
    fill(f"sqlite:///{file}")
    with Store.open(f"sqlite:///{file}") as store:
        store.write(lambda c, _: c.exec_driver_sql("UPDATE runs SET config = '{\x1b[31m'").close())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (noise, "damaged"), (archive, "damaged"), (somebody_elses, "not a results store"), (cut_off, "damaged"),
        (overwritten, "damaged"), (newer, "schema version 99"), (a_pipe, "not a regular file"),
        (a_circle, "in a circle"), (a_folder, "is a folder"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)  # fmt: skip
def test_what_is_no_store_is_one_sentence_and_left_alone(
    harness: Any, file: Path, make: Callable[[Path], None], message: str
) -> None:
    make(file)
    before = file.read_bytes() if file.is_file() else None
    for words in READERS:
        code, out, err = harness(*words.split())
        assert (code, out, err.count("\n")) == (2, "", 1), (words, out, err)
        assert err.startswith("Error: "), err
        assert message in err, (words, err)
    assert (file.read_bytes() if file.is_file() else None) == before


def test_a_column_that_holds_no_json_is_one_sentence(harness: Any, file: Path) -> None:
    no_json(file)
    for words in ("list runs", "show f", "report"):
        code, _, err = harness(*words.split())
        assert (code, err.count("\n")) == (2, 1), err
        assert "JSON column" in err
        assert "\x1b" not in err


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("config", "[1, 2]"), ("history", "{}"), ("units", "null"), ("status", "done"), ("parameters", "many"),
        ("total_s", "\x1b[31m"), ("artifacts", '"../../x"'), ("seed", "zero"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_one_sentence(harness: Any, file: Path, column: str, value: str) -> None:
    fill(f"sqlite:///{file}")
    with Store.open(f"sqlite:///{file}") as store:
        store.write(lambda c, _: c.exec_driver_sql(f"UPDATE runs SET {column} = ?", (value,)).close())
    unread = column in ("config", "history", "units")  # long, and no part of the JSON list
    assert (harness("list", "runs", "--json")[0] == 0) == unread
    for words in ("list runs", *([] if unread else ["list runs --json"]), f"show {'f' * 12}", "report"):
        code, out, err = harness(*words.split())
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert f"'runs.{column}'" in err
        assert "\x1b" not in err
    assert harness("list", "sweeps")[0] == 0


def test_a_store_without_its_tables_is_one_sentence(harness: Any, file: Path) -> None:
    fill(f"sqlite:///{file}")
    with Store.open(f"sqlite:///{file}") as store:
        store.write(lambda c, _: c.exec_driver_sql("DROP TABLE sweep_cells").close())
    code, _, err = harness("list", "runs")
    assert (code, err.count("\n")) == (2, 1)
    assert "tables of it are missing" in err


def test_a_trigger_of_a_foreign_store_runs_nothing_dangerous(harness: Any, file: Path, tmp_path: Path) -> None:
    """A file may bring triggers and views; functions that reach out of the database are refused in them."""
    fill(f"sqlite:///{file}")
    connection = sqlite3.connect(file)
    connection.execute("CREATE TRIGGER evil AFTER INSERT ON runs BEGIN SELECT load_extension('/tmp/evil'); END")
    connection.commit()
    connection.close()
    assert harness("list", "runs")[0] == 0
    with Store.open(f"sqlite:///{file}") as store, pytest.raises(Exception, match=r"unsafe use|not authorized"):
        store.plan(plan("another"))


# -- addresses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://me:hidden@localhost:1/x",
        "postgres://me:hidden@localhost:1/x?password=hidden",
        "postgresql+psycopg://me@localhost:1/x?password=hidden",
        "postgresql+psycopg://me:hidden@localhost:notaport/x",
        "postgresql+psycopg://me:hid/hidden@@@localhost:1/x",
        "mysql://me:hidden@localhost/x",
        "nonsense://me:hidden@localhost/x",
        "me:hidden@localhost/x",
    ],
)
def test_a_password_is_not_shown(harness: Any, monkeypatch: pytest.MonkeyPatch, url: str, file: Path) -> None:
    monkeypatch.setattr(transactions, "OPENING_PATIENCE_S", 0.0)
    monkeypatch.setattr(transactions, "PATIENCE_S", 0.0)
    monkeypatch.setenv("HARNESS_STORE", url)
    for words in ("list runs", f"store import {url}"):
        code, out, err = harness(*words.split())
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert "hidden" not in err, err
    if "://" in url:  # otherwise it is a file's name
        monkeypatch.setenv("HARNESS_STORE", f"sqlite:///{file.parent.parent}/other.db")
        code, _, err = harness("store", "import", url)
        assert code == 2
        assert "hidden" not in err, err


def test_the_doctor_does_not_show_it_either(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("postgresql+psycopg://me:hidden@localhost:1/x", "nonsense://me:hidden@localhost/x"):
        monkeypatch.setenv("HARNESS_STORE", url)
        code, out, err = harness("doctor")
        assert code == 0
        assert "me:***@localhost" in "".join(out.split())
        assert "hidden" not in out + err


def test_a_link_leads_to_the_store(harness: Any, file: Path, tmp_path: Path) -> None:
    fill(f"sqlite:///{tmp_path}/other.db")
    file.symlink_to(tmp_path / "other.db")
    code, out, _ = harness("list", "runs", "--json")
    assert (code, len(json.loads(out))) == (0, 3)


def test_a_way_back_up_is_a_way_like_any_other(harness: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(f"sqlite:///{file}")
    monkeypatch.setenv("HARNESS_STORE", "sqlite:///results/../results/store.db")
    assert harness("list", "runs")[0] == 0


# -- text ----------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRESQL)])
def address(request: pytest.FixtureRequest, file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{file}" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))
    monkeypatch.setenv("HARNESS_STORE", url)
    return url


@pytest.mark.parametrize("text", NAMES.values(), ids=list(NAMES))
def test_text_is_stored_and_shown_and_never_obeyed(harness: Any, address: str, text: str, capsys: Any) -> None:
    fill(address, text)
    key = plan(text).key
    for words in ("list runs", "list sweeps", "list runs --json", f"show {key[:12]}", f"show {'f' * 12}", "report"):
        code, out, err = harness(*words.split())
        assert code == 0, (words, err)
        assert harmless(out) == out, words
        assert harmless(err) == err, words
    runs = json.loads(harness("list", "runs", "--json")[1])
    assert [run["status"] for run in runs] == ["finished", "failed", "incompatible"]
    shown = harness("show", key[:12])[1]
    if text == ACTIVE:
        assert "\\x1b[31mred" in shown
        assert "[bold red]markup[/]" in shown
        assert runs[1]["reason"] == text.replace("\0", "\ufffd")
    from harness.cli.results import print_sweep

    with Store.open() as store:
        stored = store.read(lambda c: c.execute(sa.select(schema.sweep_cells.c.sweep)).scalars().first())
        print_sweep(store, text)
        print_sweep(store, stored)
    out = capsys.readouterr().out
    assert harmless(out) == out
    assert len(stored) <= 200


def test_a_long_name_is_found_again_and_not_taken_for_another(address: str) -> None:
    fill(address, "x" * 10_000)
    with Store.open() as store:
        other = plan("x" * 9_999 + "y")
        store.plan(other)
        assert len(store.read(lambda c: c.execute(sa.select(schema.sweep_cells.c.sweep).distinct()).all())) == 2


def test_a_report_escapes_what_it_shows(harness: Any, address: str, tmp_path: Path) -> None:
    fill(address, ACTIVE)
    assert harness("report")[0] == 0
    page = next((tmp_path / "results").rglob("index.html")).read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page


def test_a_key_that_is_a_path_reads_no_file(harness: Any, file: Path, tmp_path: Path) -> None:
    (tmp_path / "results" / "runs").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "log.txt").write_text("the secret")
    with Store.open(f"sqlite:///{file}") as store:
        store.plan(plan("lstm", key="abc/../../../secret"))
    code, out, _ = harness("show", "abc")
    assert (code, "the secret" in out) == (0, False)


def test_what_a_terminal_acts_on_is_written_out() -> None:
    assert harmless("a\x1b[31m\x9b\u202e\tb\nc\r\0") == "a\\x1b[31m\\x9b\\u202e\tb\nc\\x0d\\x00"
    assert one_line("a\nb\tc") == "a\\nb c"
    assert harmless("日本 العربية é 👩‍💻 §") == "日本 العربية é 👩‍💻 §"
    assert json.loads(harmless_json('"\x7f\u202e"')) == "\x7f\u202e"
