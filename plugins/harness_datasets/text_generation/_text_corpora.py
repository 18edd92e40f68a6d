"""Texts for language modelling, cut into documents."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contract.dataset import RawData, RawExample
from harness.data.text_files import lines
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
    ended = [f"{line}\n" for line in text.split("\n")]
    ended[-1] = ended[-1].removesuffix("\n")
    units = [line[i : i + PIECE] for line in ended for i in range(0, len(line), PIECE)]
    return [RawExample(f"{split}/{n:04}", None, piece) for n, piece in enumerate(pieces(units), start=1)]


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
    openings = [line[:20].rsplit(" ", 1)[0] + " " for line in lines(val) if len(line) > 20]
    prompts = tuple(dict.fromkeys(openings))[:5] or (val[:1],)
    return RawData([RawExample("train", None, train)], documents("val", val), documents("test", test), prompts=prompts)
