"""Every block of the documentation is run, page by page in reading order, with nothing that the page does not show.

A block with a title is a file to write. A console block is a list of commands; lines below a command must occur in
what it prints ("..." stands for anything), and "exit code N" is how it ends. Other Python is executed.

Every page is run whole with `--all`. Without it, commands that train only compose (but for the pages in `WHOLE`), and
those that need what training leaves are passed over.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from warm import Warm

from harness.store import Store, query

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
RUN = ("python", "console", "toml", "yaml")  # "text" is for pictures and for files of data, which have a title

# What makes a command of the documentation small enough for a test; these words win over the page's own.
SMALL = ("budget=steps:4", "trainer.validations=1", "decoding.max_length=5", "decoding.sample_length=5")
# Pages that are run whole without `--all` too: between them every kind of command that trains or reads results.
WHOLE = ("index", "how-to/shared-store")
# Commands that need what training leaves.
READERS = (
    *("report", "serve", "show", "diff", "list runs", "list sweeps", "explain", "store", "tune", "predict", "clean"),
)
COMPOSED = {"run": ("--cfg", "job"), "sweep": ("--dry-run",)}
# Commands that another test or stage runs: the file, and the words that show it.
ELSEWHERE = {
    "make setup": (".ci/run", "make setup"),
    ". .venv/bin/activate": ("Makefile", "-m venv $(VENV)"),
    "harness bench steps peak": ("tests/unit/bench/test_sets.py", 'harness("quick", "slow", "--check")'),
    "harness bench rivals": ("tests/unit/bench/test_rival_rows.py", "rival_rows.rival_rows(2"),
    "harness bench rivals --rivals ELSEWHERE/bin/python": ("tests/unit/bench/test_rival_rows.py", "/nowhere/python"),
    "pip install -e '.[bench]'": ("tests/unit/bench/test_rival_rows.py", "'.[bench]'"),
    "harness bench --save mine.json": ("tests/unit/bench/test_sets.py", 'harness("--save"'),
    "harness bench --check --against mine.json": ("tests/unit/bench/test_sets.py", '"--check", "--against"'),
}


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes:
        language: after the fence.
        title: of the file that it is; empty for others.
        text: what it holds.
        place: file and line, for messages.
    """

    language: str
    title: str
    text: str
    place: str


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in reading order."""
    text = page.read_text(encoding="utf-8")
    found = [
        Block(m[1], m[2] or "", m[3], f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, m.start()) + 1}")
        for m in FENCE.finditer(text)
    ]
    assert len(re.findall("^ *```", text, re.MULTILINE)) == 2 * len(found), f"{page}: a fence is not understood"
    return found


def pages() -> list[Path]:
    """Pages written by hand that have something to run."""
    return [p for p in sorted(DOCS.rglob("*.md")) if any(b.language in RUN for b in blocks(p))]


@dataclass
class Command:
    """A line after a prompt, with what the page says that it prints."""

    words: list[str]
    printed: list[str]
    code: int = 0


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; a line that ends in a backslash goes on in the next."""
    command: Command | None = None
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield command
            command = Command(shlex.split(line[2:]), [])
            continue
        assert command is not None, f"{block.place}: a console block begins with a command"
        ended = re.fullmatch(r"exit code (\d+)", line)
        if ended:
            command.code = int(ended[1])
        elif line.strip() not in ("", "..."):
            command.printed.append(line)
    if command is not None:
        yield command


class Reader:
    """Someone who types a page into a shell, in an empty folder, with sequence-harness installed and nothing else.

    Args:
        folder: an empty one.
        warm: starts the commands.
        whole: train; else commands that would do so only compose.
    """

    def __init__(self, folder: Path, warm: Warm, whole: bool) -> None:
        self.warm, self.whole = warm, whole
        self.home = self.here = folder / "reader"
        self.site = folder / "site"
        self.packages: list[Path] = []
        self.trained = 0
        for made in (self.home, self.site):
            made.mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARNESS_", "PYTEST_", "PYTHONPATH"))}
        self.environment = kept | {
            "HARNESS_DATA": str(folder / "data"),
            "HARNESS_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "160",
        }
        if not whole:
            self.environment["TORCHDYNAMO_DISABLE"] = "1"  # compiling is half the time of a check

    def read(self, page: Path) -> None:
        """Do what the page says."""
        for block in blocks(page):
            if block.title:
                file = self.here / block.title
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, encoding="utf-8")
            elif block.language == "console":
                for command in commands(block):
                    self.type(command, block.place)
            elif block.language == "python":
                exec(compile(block.text, block.place, "exec", dont_inherit=True), {"__name__": "page"})
            else:
                assert block.language == "text", f"{block.place}: a block of {block.language} needs a title"

    def type(self, command: Command, place: str) -> None:
        """Type one command, and compare what it prints."""
        program, *words = command.words
        if shlex.join(command.words) in ELSEWHERE or self.passes_over(program, words):
            return
        match program:
            case "cd":
                self.here = (self.here / words[0]).resolve()
                assert self.here.is_dir(), f"{place}: {words[0]} is no folder"
            case "pip":
                assert words[:2] == ["install", "-e"], f"{place}: this test installs with 'pip install -e'"
                self.install((self.here / words[2].removesuffix("[test]")).resolve())
            case "cat":
                self.compare(command, (self.here / words[0]).read_text(encoding="utf-8"), place)
            case "harness":
                if not self.whole and _trains(words) and not command.code:
                    composed = Command(command.words, [])
                    self.run(composed, ["-m", "harness", *words, *COMPOSED[words[0]]], place)
                else:
                    self.trained += _trains(words) and not command.code
                    self.run(command, ["-m", "harness", *self.small(words)], place)
            case "pytest":
                self.run(command, ["-m", "pytest", "-p", "no:cacheprovider", *words], place)
            case _:
                raise AssertionError(f"{place}: this test cannot type '{program}'")

    def passes_over(self, program: str, words: list[str]) -> bool:
        """Whether a command is left for `--all`: it needs results, or repeats `harness check` as pytest does."""
        if self.whole:
            return False
        if program == "harness":
            return " ".join(words).startswith(READERS)
        return program == "pytest" or (program == "cat" and words[0].startswith("results/"))

    def small(self, words: list[str]) -> list[str]:
        """The words of a command that trains, made small; KEY becomes that of the first run."""
        if _trains(words):
            names = {word.partition("=")[0] for word in SMALL}
            words = [word for word in words if word.partition("=")[0] not in names] + list(SMALL)
        return [self.runs()[0].key[:12] if word == "KEY" else word for word in words]

    def run(self, command: Command, words: list[str], place: str) -> None:
        """Run Python with the packages installed so far."""
        path = os.pathsep.join(map(str, [self.site, *self.packages]))
        done = self.warm.run(words, cwd=self.here, env=self.environment | {"PYTHONPATH": path})
        said = f"{place}: {shlex.join(command.words)}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == command.code, said
        assert "Traceback" not in done.stderr, said
        self.compare(command, done.stdout + done.stderr, place)

    def compare(self, command: Command, printed: str, place: str) -> None:
        """Each line that the page shows was printed, whatever the spaces."""
        plain = " ".join(printed.split())
        for line in command.printed:
            assert " ".join(line.split()) in plain, f"{place}: not printed: {line}\n{printed}"

    def install(self, package: Path) -> None:
        """What `pip install -e` does to a pure-Python package, without a network."""
        project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        info = self.site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        shutil.rmtree(info, ignore_errors=True)
        info.mkdir()
        head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
        (info / "METADATA").write_text(head, encoding="utf-8")
        points = [f"{name} = {module}" for name, module in project["entry-points"]["harness"].items()]
        (info / "entry_points.txt").write_text("\n".join(["[harness]", *points, ""]), encoding="utf-8")
        if package not in self.packages:
            self.packages.append(package)

    def runs(self) -> list[query.RunView]:
        """All runs of the stores that the page filled."""
        found: list[query.RunView] = []
        for path in sorted(self.home.rglob("results/store.db")):
            with Store.open(f"sqlite:///{path}") as store:
                found += query.runs(store)
        return found


def _trains(words: list[str]) -> bool:
    return words[0] in COMPOSED and not {"--dry-run", "--cfg"} & set(words)


def _readings() -> Iterator[Any]:
    """Each page with whether it is run whole."""
    for page in pages():
        name = str(page.relative_to(DOCS).with_suffix(""))
        if name not in WHOLE:
            yield pytest.param(page, False, id=name)
        yield pytest.param(page, True, id=f"{name}-whole", marks=() if name in WHOLE else pytest.mark.exhaustive)


@pytest.mark.timeout(1800)  # a page is many commands, each in a process of its own
@pytest.mark.parametrize(("page", "whole"), list(_readings()))
def test_the_blocks_of_a_page_run_in_reading_order(
    page: Path, whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: Warm
) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    reader = Reader(tmp_path, warm, whole)
    reader.read(page)
    states = {run.status for run in reader.runs()}
    assert states <= {"finished", "incompatible"}
    assert ("finished" in states) == bool(reader.trained)


def test_the_tutorials_end_in_a_row_of_a_report() -> None:
    for name in ("first-model", "first-task"):
        typed = [
            c.words for b in blocks(DOCS / "tutorials" / f"{name}.md") if b.language == "console" for c in commands(b)
        ]
        assert ["harness", "check"] in [words[:2] for words in typed]
        assert ["harness", "report"] in [words[:2] for words in typed]


def test_code_of_the_pages_is_formatted_as_ours(tmp_path: Path) -> None:
    for page in pages():
        for number, block in enumerate(b for b in blocks(page) if b.language == "python"):
            (tmp_path / f"{page.stem.replace('-', '_')}_{number}.py").write_text(block.text, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff"]
    for words in (["format", "--check", "--diff"], ["check", "--extend-ignore", "D1,I"]):
        done = subprocess.run(
            [*ruff, *words, "--no-cache", "--config", ROOT / "pyproject.toml", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("command", "where"), ELSEWHERE.items(), ids=list(ELSEWHERE))
def test_what_runs_elsewhere_is_there(command: str, where: tuple[str, str]) -> None:
    file, words = where
    assert words in (ROOT / file).read_text(encoding="utf-8")
