"""Large text files in pieces: no character lost, no word torn, other encodings refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.data.text_files import read_text
from harness.data.text_pieces import TextPieces
from harness.errors import DataError

WORDS = st.sampled_from(["a", "word", "naïve", "e\u0301", "日本", "🙂", "\n", "\n\n", "  ", "\t", "\r\n"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(WORDS, min_size=1, max_size=200), st.integers(4, 60))
def test_the_pieces_are_the_text(tmp_path: Path, words: list[str], size: int) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(" ".join(words).encode())
    pieces = TextPieces(path, "x", size)
    assert "".join(pieces) == "".join(pieces[i] for i in range(len(pieces))) == read_text(path)


def test_borders_are_line_ends_or_blanks(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("one two\nthree four\n\nfive six seven eight nine ten\n" * 20)
    assert all(piece.endswith("\n") and not piece.startswith("\n") for piece in TextPieces(path, "x", 40))
    path.write_text("one two three four five six " * 40)
    pieces = list(TextPieces(path, "x", 50))
    assert len(pieces) > 5
    assert all(piece.startswith(" ") and not piece.endswith(" ") for piece in pieces[1:-1])


def test_a_part_and_what_it_is_known_by(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("0123456789")
    assert list(TextPieces(path, "x", part=(2, 5))) == ["234"]
    digests = {TextPieces(path, content, part=part).digest for content in "xy" for part in (None, (2, 5))}
    assert len(digests) == 4


@pytest.mark.parametrize("content", [b"\x1f\x8bpacked", "ü".encode("utf-16")], ids=["gzip", "UTF-16"])
def test_what_cannot_be_read_in_pieces_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"t\.txt is packed or not UTF-8"):
        TextPieces(path, "x")


def test_a_byte_that_is_no_text_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_bytes(b"fine\n" * 20 + b"\xff\n")
    with pytest.raises(DataError, match=r"t\.txt is not UTF-8 text"):
        list(TextPieces(path, "x", 40))
