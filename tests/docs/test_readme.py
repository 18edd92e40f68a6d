"""Every command of the README is run: here, on generated data and small budgets, or by another test or CI stage."""

from __future__ import annotations

import re
import shlex
import sqlite3
import subprocess
import tomllib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

SMALL = "budget=steps:2 model.hidden_size=16 trainer.embedding_dim=16 trainer.validations=1"
COUNTING = "task.dataset=counting task.generated_characters=2000 task.loader.batch_size=4 task.loader.bptt=32"
CIPHER = "task.dataset=cipher task.vocab_size=400 task.max_length=20 task.eval_limit=8"
TONES = "task.dataset=tones task.max_digits=2 task.train_strings=16 task.val_strings=4 task.test_strings=4"

# The README's command -> words that make it small; they are added at the end, so they win over earlier ones.
RUN_HERE = {
    "harness run task=text_generation model=lstm": f"{SMALL} {COUNTING}",
    "harness run task=translation model=attention_lstm optimizer.lr=1e-3 budget=epochs:3 decoding=beam": (
        f"{SMALL} {CIPHER} budget=steps:2"
    ),
    "harness run task=speech_recognition model=bilstm --cfg job": "",
    "harness run --help": "",
    "harness sweep task=text_generation,speech_recognition model=rnn,lstm,bilstm seed=0,1,2 --workers 2": (
        # One data set serves one task only, so the grid's tasks become one; its other words stay.
        f"task=speech_recognition {SMALL} {TONES} baselines=false"
    ),
    "harness sweep experiment=quickstart --dry-run": "",
    "harness sweep task=speech_recognition model=lstm,bilstm match=params:200000 trainer.early_stopping=3": (
        f"{TONES} budget=steps:2 trainer.embedding_dim=16 baselines=false"
    ),
    "harness sweep task=speech_recognition model=lstm exclusive=true --time-limit 30m --memory-limit 4GiB": (
        f"{SMALL} {TONES} baselines=false"
    ),
    "harness run -m task=text_generation model=rnn,lstm": f"{SMALL} {COUNTING} baselines=false",
    "harness list tasks": "",
    "harness list models": "",
    "harness list datasets": "",
    "harness list runs --json": "",
    "harness list sweeps": "",
    "harness matrix": "",
    "harness show KEY": "",
    "harness diff KEY OTHER": "",
    "harness data verify": f"text_generation {COUNTING}",
    "harness store export FOLDER": "",
    "harness store import ELSEWHERE.db": "",
    "harness doctor": "",
    "harness data fetch": f"text_generation {COUNTING}",
    "harness run task=text_generation model=lstm task.dataset=text task.root=TEXTS": SMALL,
    "harness run task=first_symbol model=mean": SMALL,
}

# Commands that repeat what an earlier one shows of training: without `--all` they only compose.
COMPOSED = {
    "harness run task=translation model=attention_lstm optimizer.lr=1e-3 budget=epochs:3 decoding=beam": "--cfg job",
    "harness sweep task=text_generation,speech_recognition model=rnn,lstm,bilstm seed=0,1,2 --workers 2": "--dry-run",
    "harness sweep task=speech_recognition model=lstm,bilstm match=params:200000 trainer.early_stopping=3": "--dry-run",
    "harness sweep task=speech_recognition model=lstm exclusive=true --time-limit 30m --memory-limit 4GiB": "--dry-run",
}

# The README's command -> the file in which a test or a stage of .ci/run does the same, and the words that show it.
RUN_ELSEWHERE = {
    "make demo": (".ci/run", "make demo EXPERIMENT=quickstart_ci"),
    "make test": (".ci/run", "make test"),
    "harness bench steps": ("tests/integration/test_bench.py", '"bench", "steps"'),
    "python3 -m venv .venv && . .venv/bin/activate": ("Makefile", "-m venv $(VENV)"),
    "pip install -c constraints.txt -e '.[dev]'": ("Makefile", "pip install --quiet --disable-pip-version-check -c"),
    "harness sweep experiment=quickstart": ("Makefile", "harness sweep experiment=$(EXPERIMENT)"),
    "harness report --sweep quickstart": ("Makefile", "harness report --sweep $(EXPERIMENT)"),
    "harness sweep experiment=quickstart --retry failed": (
        "tests/integration/test_sweep_faults.py",
        '"--retry", "failed"',
    ),
    "harness sweep experiment=quickstart --until-decided 3,5,10": (
        "tests/integration/test_sweep_until_decided.py",
        '"--until-decided"',
    ),
    "harness --install-completion": ("tests/unit/cli/test_completion.py", "_HARNESS_COMPLETE"),
    "harness new model mine": ("tests/integration/test_new_plugin.py", '"new", kind, name'),
    "pip install -e './harness-mine[test]'": ("tests/integration/test_new_plugin.py", '*pip, "-e", package'),
    "harness check mine": ("tests/integration/test_new_plugin.py", '"check", name'),
    "harness sweep experiment=mine": ("tests/integration/test_new_plugin.py", '"sweep", f"experiment={name}"'),
    "harness report --sweep mine": ("tests/integration/test_new_plugin.py", '"report", "--sweep", name'),
    "pip install ./tests/third_party_plugin": ("tests/integration/test_wheel.py", '"pip", "wheel"'),
    "pytest tests/third_party_plugin/tests": ("tests/integration/test_wheel.py", 'PLUGIN / "tests"'),
}

# Run by the tests marked shared_data, below: the word for the folder, and the command.
MULTI30K = "harness run experiment=published/multi30k_attention task.root=MULTI30K"
FSDD = "harness run task=speech_recognition model=bilstm task.dataset=fsdd task.root=FSDD"
VIDEOS = "harness run task=action_recognition model=cnn_lstm task.dataset=folder task.root=VIDEOS"


def commands() -> list[str]:
    """Lines after a prompt in the README's console blocks."""
    blocks = re.findall(r"```(?:console|bash)\n(.*?)```", README, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.strip()]


def test_every_command_of_the_readme_is_run_somewhere() -> None:
    known = [*RUN_HERE, *RUN_ELSEWHERE, MULTI30K, FSDD, VIDEOS]
    unknown = [c for c in dict.fromkeys(commands()) if c not in known]
    assert not unknown, f"no test runs these commands of the README: {unknown}"
    gone = [c for c in known if c not in commands()]
    assert not gone, f"the README no longer has these commands: {gone}"


@pytest.mark.parametrize(("command", "where"), RUN_ELSEWHERE.items(), ids=list(RUN_ELSEWHERE))
def test_what_runs_elsewhere_is_there(command: str, where: tuple[str, str]) -> None:
    file, words = where
    assert words in (ROOT / file).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory, make_cli: Any) -> Any:
    """The command line in one folder."""
    return make_cli(tmp_path_factory.mktemp("reader"))


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.exhaustive)], ids=["short", "whole"])
def test_the_commands_run_in_the_order_of_the_readme(cli: Any, whole: bool) -> None:
    texts = cli.folder / "texts"
    texts.mkdir()
    lines = "".join(f"line {n} of a text that goes on and on\n" for n in range(400))
    (texts / "book.txt").write_text(lines)
    for command in dict.fromkeys(c for c in commands() if c in RUN_HERE):
        composed = "" if whole else COMPOSED.get(command, "")
        words = shlex.split(f"{command} {RUN_HERE[command]} {composed}")[1:]
        if "KEY" in words:
            words[words.index("KEY")] = cli.runs()[0]["key"][:10]
        if "OTHER" in words:
            words[words.index("OTHER")] = cli.runs()[-1]["key"][:10]
        if "ELSEWHERE.db" in words:
            with (
                closing(sqlite3.connect(cli.folder / "results" / "store.db")) as ours,
                closing(sqlite3.connect(cli.folder / "ELSEWHERE.db")) as theirs,
            ):
                ours.backup(theirs)
        words = [w.replace("FOLDER", "exported").replace("TEXTS", "texts") for w in words]
        words = _last_wins(words)
        done = cli(*words)
        assert done.stdout.strip(), f"harness {' '.join(words)} says nothing"


def _last_wins(words: list[str]) -> list[str]:
    """Hydra refuses one word twice; keep the later one."""
    later = {word.partition("=")[0]: index for index, word in enumerate(words)}
    return [w for i, w in enumerate(words) if "=" not in w or later[w.partition("=")[0]] == i]


def _with_folder(command: str, word: str, folder: Path) -> list[str]:
    """The words of a command after `harness`, with the folder in the place of its word."""
    return [part.replace(f"={word}", f"={folder}") for part in shlex.split(command)[1:]]


@pytest.mark.shared_data
def test_multi30k(readers: Any, shared_data: Path) -> None:
    limits = (
        "budget=steps:2 model.hidden_size=16 task.train_limit=200 task.eval_limit=8 decoding=default "
        "task.vocab_size=400"
    )
    root = shared_data / "translation" / "multi30k"
    readers(*_with_folder(MULTI30K, "MULTI30K", root), *limits.split())
    (run,) = readers.runs(task="translation", model="attention_lstm", status="finished")[-1:]
    assert run["dataset"] == "multi30k.de-en"


@pytest.mark.shared_data
def test_fsdd(readers: Any, shared_data: Path) -> None:
    root = shared_data / "speech" / "fsdd" / "recordings"
    sizes = "task.train_strings=8 task.val_strings=2 task.test_strings=2"
    readers(*_with_folder(FSDD, "FSDD", root), *f"{SMALL} {sizes}".split())


@pytest.mark.shared_data
def test_videos(readers: Any, shared_data: Path, tmp_path: Path) -> None:
    videos = shared_data / "video-action" / "surveillance-fight"
    folders = sorted({path.parent for path in videos.rglob("*.mp4")})
    for folder in folders:  # a few of each class: decoding all takes minutes
        (tmp_path / "videos" / folder.name).mkdir(parents=True)
        for video in sorted(folder.glob("*.mp4"))[:12]:
            (tmp_path / "videos" / folder.name / video.name).symlink_to(video)
    readers(*_with_folder(VIDEOS, "VIDEOS", tmp_path / "videos"), *SMALL.split(), "task.size=32", "task.frames=8")


def test_the_plug_in_shown_is_the_one_that_is_tested() -> None:
    package = ROOT / "tests" / "third_party_plugin"
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert code == (package / "harness_toy" / "mean.py").read_text(encoding="utf-8")
    (table,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert tomllib.loads(table)["project"]["entry-points"] == project["entry-points"]


def test_files_and_environment_variables_that_the_readme_names_exist() -> None:
    for name in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / name).exists(), f"the README links to {name}"
    for name in re.findall(r"`((?:tests|conf|harness|docs)/[\w/.-]+)`", README):
        assert (ROOT / name).exists(), f"the README names {name}"
    sources = [*(ROOT / "harness").rglob("*.py"), ROOT / "tests" / "conftest.py"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    for name in set(re.findall(r"HARNESS_[A-Z_]+", README)):
        assert name in code, f"nothing reads {name}"
    used = set(re.findall(r'environ(?:\.get\(|\[)"(HARNESS_[A-Z_]+)"', code))
    assert used <= set(re.findall(r"HARNESS_[A-Z_]+", README)), "the README leaves an environment variable out"


def test_the_targets_of_the_makefile_are_listed_by_make_alone() -> None:
    listed = subprocess.run(["make", "-C", str(ROOT)], capture_output=True, text=True, check=True).stdout
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    for target in targets.group(1).split():
        assert re.search(rf"make {target}\s+\w", listed), f"'make' does not list {target}"


def test_make_setup_refuses_an_old_python_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # answers like an interpreter that is too old
    old.chmod(0o755)
    for version in ("11", "12", "13"):
        (tmp_path / f"python3.{version}").symlink_to(old)
    done = subprocess.run(
        ["make", "-C", str(ROOT), "setup", f"VENV={tmp_path / 'venv'}"],
        capture_output=True,
        text=True,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
    )
    assert done.returncode != 0
    assert "no Python 3.11 or newer with its venv module was found" in done.stderr
    assert not (tmp_path / "venv").exists()


def test_constraints_pin_every_direct_dependency_within_its_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = {canonicalize_name(n): v for n, v in (x.split("==") for x in lines if x and not x.startswith("#"))}
    for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        requirement = Requirement(text)
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin is not None, f"constraints.txt does not pin {requirement.name}"
        assert requirement.specifier.contains(pin), f"{requirement} does not admit the pin {pin}"
