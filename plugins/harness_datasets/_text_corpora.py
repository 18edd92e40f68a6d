"""Texts for language modelling: cut into documents, and read from files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.contract.dataset import RawData, RawExample
from harness.errors import DataError

PIECE = 10_000
"""Characters of an evaluation document, about: long enough that a fresh start of the state costs nothing
measurable, short enough that documents are evaluated side by side."""


def pieces(units: Sequence[str], size: int = PIECE) -> list[str]:
    """Join consecutive units into texts of at least `size` characters; a short rest joins the last one.

    The concatenation of the result is the concatenation of the units.
    """
    found: list[str] = []
    current = ""
    for unit in units:
        current += unit
        if len(current) >= size:
            found.append(current)
            current = ""
    if current and found and len(current) < size // 2:
        found[-1] += current
    elif current:
        found.append(current)
    return found


def documents(split: str, text: str) -> list[RawExample]:
    """A long text cut at line ends into evaluation documents; lines without end are cut at `PIECE` characters."""
    lines = [line[i : i + PIECE] for line in text.splitlines(keepends=True) for i in range(0, len(line), PIECE)]
    return [RawExample(f"{split}/{n:04}", None, piece) for n, piece in enumerate(pieces(lines), start=1)]


def corpus(texts: Sequence[str], where: str) -> RawData:
    """Training, validation and test text as raw data, with openings of the validation text as prompts.

    Args:
        texts: the three of them.
        where: they come from, for messages.

    Raises:
        DataError: one is empty.
    """
    for name, text in zip(("training", "validation", "test"), texts, strict=True):
        if not text.strip():
            raise DataError(f"The {name} text in {where} is empty; a language model needs text in all three splits.")
    train, val, test = texts
    # The first words of the validation text: known to the reader, unseen in training.
    openings = [line[:20].rsplit(" ", 1)[0] + " " for line in val.splitlines() if len(line) > 20]
    prompts = tuple(dict.fromkeys(openings))[:5] or (val[:1],)
    return RawData([RawExample("train", None, train)], documents("val", val), documents("test", test), prompts=prompts)


def read_text(path: Path) -> str:
    """A UTF-8 file, its line ends made "\\n".

    Raises:
        DataError: it cannot be read, or is not UTF-8.
    """
    try:
        return decode(path.read_bytes(), path.name)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def decode(content: bytes, name: str) -> str:
    """Bytes of the file `name` as UTF-8 text, its line ends made "\\n".

    Raises:
        DataError: they are not UTF-8.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} is not UTF-8 text: byte {error.start} is 0x{content[error.start]:02x}. Convert it first."
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
