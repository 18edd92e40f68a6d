"""The lines of a text file that need not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from harness.data.foreign import reading, shown
from harness.data.lazy_sequence import LazySequence
from harness.data.mapped_file import MappedFile
from harness.data.text_files import decode, read_lines
from harness.data.text_pieces import LARGE
from harness.errors import DataError

_LINE_FEED = 0x0A
_SCANNED = 8 << 20
_OTHER_FORMS = (b"\x1f\x8b", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


def lines_of(path: Path) -> Sequence[str]:
    """The lines of a file as `read_lines` gives them; of one of 64 MB or more, each read when it is asked for.

    A large file that is packed, or UTF-16, or whose lines end at CR, is read whole.

    Raises:
        DataError: as for `read_lines`; for a line that is read later, when it is read.
    """
    with reading(path, "a text file"), path.open("rb") as file:
        start = file.read(4)
    if path.stat().st_size < LARGE or path.suffix.lower() == ".gz" or start.startswith(_OTHER_FORMS):
        return read_lines(path)
    lines = LongLines(path)
    return lines if lines.feeds else read_lines(path)


class LongLines(LazySequence[str]):
    """The lines of a UTF-8 file, not packed, that end at LF or CRLF, in eight bytes of memory a line.

    Args:
        path: of the file.

    Attributes:
        feeds: how many lines end at LF.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        size = path.stat().st_size
        self._file = MappedFile(path, np.dtype(np.uint8), (size,))
        ends = np.concatenate([np.zeros(0, dtype=np.int64), *self._line_feeds(size)]) + 1
        self.feeds = len(ends)
        self._ends = ends
        if size > (ends[-1] if len(ends) else 0):
            self._ends = np.append(ends, size)
            if not self._line(len(ends)):  # such as a byte-order mark, or the Ctrl-Z with which DOS ends a text
                self._ends = ends
        super().__init__(self._line, len(self._ends))

    def _line_feeds(self, size: int) -> Iterator[np.ndarray]:
        for start in range(0, size, _SCANNED):
            yield np.flatnonzero(self._file.rows(start, min(size, start + _SCANNED)) == _LINE_FEED) + start

    def _line(self, index: int) -> str:
        start, end = int(self._ends[index - 1]) if index else 0, int(self._ends[index])
        # What ends the line before decides what a CR at the beginning of this one is.
        before = b"\n" if index else b""
        content = self._file.rows(start, end).tobytes()
        name = shown(self._path)
        try:
            text = decode(before + content, name)
        except DataError:
            decode(self._file.rows(0, end).tobytes(), name)  # says the same with the line and byte of the file
            raise
        return text[len(before) :].removesuffix("\n")
