"""`harness data time`: what a start takes, the table of starts, and a start that fails."""

from __future__ import annotations

import subprocess

import pytest

from harness.cli import data, starting
from harness.cli.starting import Start, cold_and_warm
from harness.errors import DataError

WORDS = ["task=spoken_commands", "task.dataset=tone_commands"]


def test_a_start_is_prepared_and_read() -> None:
    found = starting._start([*WORDS, "task.running_minutes=0.1"])
    assert found.name == "spoken_commands (tone_commands)"
    assert min(found.seconds, found.cpu_seconds, found.peak_bytes) > 0


def test_two_processes_share_a_cache_that_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def run(command: list[str], env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        given.append((command[-2:], env["HARNESS_DATA"]))
        return subprocess.CompletedProcess(
            command, 0, f'{{"name": "x", "seconds": {len(given)}, "cpu_seconds": 1, "peak_bytes": 2}}\n', ""
        )

    monkeypatch.setattr(subprocess, "run", run)
    cold, warm = cold_and_warm(WORDS)
    assert (cold.seconds, warm.seconds) == (1, 2)
    assert given[0] == given[1]
    assert given[0][0] == WORDS


def test_a_start_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "a warning\nThe folder is empty.\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(DataError, match=r"^The folder is empty\.$"):
        cold_and_warm(WORDS)


def test_names_share_the_options(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = []

    def measured(words: list[str]) -> tuple[Start, Start]:
        asked.append(words)
        return Start(words[0], 12.5, 3.25, 5 << 20), Start(words[0], 0.5, 0.25, 3 << 20)

    monkeypatch.setattr(starting, "cold_and_warm", measured)
    data.time(["one", "two", "task.root=x"])
    assert asked == [["one", "task.root=x"], ["two", "task.root=x"]]
    assert "12.50" in capsys.readouterr().out
