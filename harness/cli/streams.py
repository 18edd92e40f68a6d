"""Standard streams that never end a command: of any encoding, closed, full, or read by a `head` that has gone.

What a terminal's encoding lacks is written with other characters (`→` as `->`, others as escapes), and output that
nobody takes is dropped: the results of a run are in the store, whatever becomes of the lines about them.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from typing import Any, TextIO

from harness.terminal import readable

ERRORS = "harness.terminal"
"""Name of the error handler for what an encoding lacks."""

_PLAIN = str.maketrans(
    {
        "→": "->", "←": "<-", "↑": "^", "↓": "v", "…": "...", "–": "-", "—": "-", "−": "-", "·": ".", "•": "*",
        "×": "x", "±": "+-", "≥": ">=", "≤": "<=", "≠": "!=", "≈": "~", "✓": "yes", "✗": "no", "─": "-", "━": "-",
        "│": "|", "┃": "|", "█": "#", "░": ".", "▏": "|", "‘": "'", "’": "'", "“": '"', "”": '"', "\xa0": " ",
    }
)  # fmt: skip


def prepare_streams() -> None:
    """Replace the standard streams of this process; call it first."""
    codecs.register_error(ERRORS, _replaced)
    _occupy()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            number = 1 if name == "stdout" else 2
            setattr(sys, name, open(number, "w", encoding="utf-8", errors=ERRORS, closefd=False))  # noqa: SIM115
        elif type(stream) is io.TextIOWrapper:  # not one that a test or a notebook has put there
            setattr(sys, name, _forgiving(stream))


def lost_output() -> str:
    """Why standard output was dropped; empty if all was taken, or if its reader went away on purpose."""
    _flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, _Forgiving) or raw.failed in (0, errno.EPIPE):
        return ""
    return os.strerror(raw.failed)


class _Forgiving(io.FileIO):
    """A file to which writing never fails; `failed` is the number of the first error."""

    failed = 0

    def write(self, data: Any) -> int:
        """Write, or drop."""
        length = memoryview(data).nbytes
        if self.failed:
            return length
        try:
            return super().write(data) or 0
        except BlockingIOError:
            raise
        except OSError as error:
            self.failed = error.errno or errno.EIO
            return length


def _forgiving(stream: io.TextIOWrapper) -> TextIO:
    stream.flush()
    raw = _Forgiving(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=ERRORS,
        line_buffering=stream.line_buffering or raw.isatty(),
        write_through=stream.write_through,
    )


def _occupy() -> None:
    """Open the numbers 0, 1 and 2 where they are closed: otherwise the store's file could become standard output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # closed by somebody else
            continue


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    given = error.object[error.start : error.end]
    return "".join(_written(character) for character in given), error.end


def _written(character: str) -> str:
    plain = character.translate(_PLAIN)
    if plain != character:
        return plain
    character = readable(character)
    if len(character) > 1:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
