"""Tables and JSON: the same to the reader whether they are long or short."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.cli import output

ROWS = [(f"run {i}", i, None if i % 2 else "x" * (i % 7)) for i in range(250)]


def test_a_long_table_is_printed_like_a_short_one(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    output.table(("name", "number", "text"), ROWS, title="All")
    quick = capsys.readouterr().out
    monkeypatch.setattr(output, "_LONG", 10_000)
    output.table(("name", "number", "text"), ROWS, title="All")
    careful = capsys.readouterr().out
    assert [line.split() for line in quick.splitlines()] == [
        line.replace("─ ", "─").split() if "─" in line else line.split() for line in careful.splitlines()
    ]


def test_what_does_not_fit_is_folded_however_long_the_table(capsys: Any) -> None:
    output.table(("name", "text"), [(str(i), "word " * 60) for i in range(150)])
    out = capsys.readouterr().out
    assert out.count("word") == 150 * 60
    assert max(map(len, out.splitlines())) <= 200


def test_nameless_columns_have_no_head(capsys: Any) -> None:
    output.table(("", ""), [(f"a{i}", i) for i in range(150)])
    assert capsys.readouterr().out.splitlines()[0].split() == ["a0", "0"]


def test_long_arrays_are_the_same_json(capsys: Any) -> None:
    value = [{"i": i, "text": "ü\x1b\u202e", "none": None} for i in range(120)]
    output.as_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert len(out.splitlines()) == 122
    assert "\x1b" not in out
    assert "\u202e" not in out
    output.as_json([])
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
def test_what_is_waited_for_is_said_on_a_terminal_and_taken_back(
    capsys: Any, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)

    def fail() -> None:
        with output.waiting("Making the report ..."):
            assert capsys.readouterr().err == ("Making the report ..." if terminal else "")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert capsys.readouterr().err == ("\r\x1b[2K" if terminal else "")
