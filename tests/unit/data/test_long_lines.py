"""The lines of a large text file, held against those of the file read whole."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.data import long_lines
from harness.data.long_lines import LongLines, lines_of
from harness.data.text_files import read_lines
from harness.errors import DataError

PARTS = ("a", " ", "\n", "\r\n", "\n\r", "\r", "\ufeff", "e\u0301", "\u0301", "\u2028", "𝄞")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lines") / "text"


@settings(max_examples=40)
@given(st.lists(st.sampled_from(PARTS), max_size=12))
@example(["\ufeff", "a", "\n", "a", "\x1a"])
@example(["a", "\n", "\x1a"])
def test_they_are_those_of_the_whole(path: Path, parts: list[str]) -> None:
    path.write_bytes("".join(["\n", *parts] if "\n" not in "".join(parts) else parts).encode())
    assert list(LongLines(path)) == read_lines(path)


def test_small_packed_and_old_files_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = {
        "small": b"a\nb\n",
        "packed.gz": gzip.compress(b"a\nb\n"),
        "old": b"a\rb\r",
        "wide": "\ufeffa\nb\n".encode("utf-16"),
    }
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content)
        monkeypatch.setattr(long_lines, "LARGE", 64 if name == "small" else 1)
        assert lines_of(tmp_path / name) == ["a", "b"]
    assert isinstance(lines_of(tmp_path / "small"), LongLines)


def test_what_is_no_text_is_named_with_its_line_in_the_file(path: Path) -> None:
    path.write_bytes(b"one\ntwo\nf\xfcnf\n")
    lines = LongLines(path)
    assert lines[:2] == ["one", "two"]
    for read in (lambda: lines[2], lambda: read_lines(path)):
        with pytest.raises(DataError, match="byte 9 is 0xfc, in line 3"):
            read()
