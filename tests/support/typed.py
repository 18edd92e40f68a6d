"""Commands as a user types them, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main

Typed = Callable[..., tuple[int, str, str]]
"""Words of a command -> exit code, output and errors."""


@pytest.fixture
def harness(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Typed:
    """Call a command in the test's folder; returns exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["harness", *words])
        with pytest.raises(SystemExit) as ended:
            main.entry_point()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return call
