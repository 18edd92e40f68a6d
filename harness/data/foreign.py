"""Where libraries that read the user's files are called: their errors become ours, with the file named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.data.stand_ins import what_lies_at
from harness.errors import DataError, HarnessError
from harness.terminal import one_line

_LENGTH = 300


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a library raises about the content of a file into one sentence.

    Args:
        path: the file that the library reads.
        kind: what it should be, with its article: "an audio file", "a video", "a gzip file".

    Raises:
        DataError: the block raised an exception that is not one of this package's own; it names the file and the
            library's reason, and what lies there instead, if its first bytes show that. Interrupts, and exceptions of
            this package, pass through.
    """
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        instead = "" if isinstance(error, MemoryError) else what_lies_at(path)
        message = f"{shown(path)} cannot be read as {kind}: {_reason(error)}."
        raise DataError(f"{message} {instead}".rstrip()) from error


def shown(path: Path | str) -> str:
    """A path as text that every terminal, file and database takes: bytes that are no UTF-8 are written as `\\xNN`."""
    return one_line(str(path))


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    line = one_line(" ".join(str(text).split())).rstrip(".")
    return line if len(line) <= _LENGTH else f"{line[:_LENGTH]} …"
