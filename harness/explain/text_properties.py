"""Properties of each place in a text: whether a quotation is open, where in its line it is, where sentences end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_OPENING, _CLOSING, _STRAIGHT = "“«„", "”»", '"'
_ENDS, _AFTER = ".!?", "\"'”’»)]"


@dataclass(frozen=True)
class Property:
    """Something that is true, or a number, at each symbol of a text.

    Attributes:
        name: in words.
        of: from the texts of a document's symbols to int64 (U,): of the text up to and with each symbol.
        parts: None: the numbers are classes; else they are cut into so many classes of equal frequency.
    """

    name: str
    of: Callable[[Sequence[str]], np.ndarray]
    parts: int | None = None


def quotation_open(symbols: Sequence[str]) -> np.ndarray:
    """1 where a quotation is open after the symbol; an empty line ends all quotations, as it ends paragraphs."""
    found, is_open, newlines = np.zeros(len(symbols), np.int64), False, 0
    for place, text in enumerate(symbols):
        for sign in text:
            newlines = newlines + 1 if sign == "\n" else 0
            if sign in _STRAIGHT:
                is_open = not is_open
            elif sign in _OPENING or sign in _CLOSING or newlines > 1:
                is_open = sign in _OPENING
        found[place] = is_open
    return found


def place_in_line(symbols: Sequence[str]) -> np.ndarray:
    """How many symbols of the line have been read, that with the line's end being 0."""
    found, place = np.zeros(len(symbols), np.int64), 0
    for number, text in enumerate(symbols):
        place = 0 if "\n" in text else place + 1
        found[number] = place
    return found


def sentence_end(symbols: Sequence[str]) -> np.ndarray:
    """1 where the symbol ends a sentence: a full stop, exclamation or question mark before a blank or the end.

    Quotation marks and brackets may stand between. What follows is not part of what was read, so "3.5" asks a model
    to foresee it.
    """
    found = np.zeros(len(symbols), np.int64)
    for place, text in enumerate(symbols):
        bare = text.rstrip()
        if not bare or bare[-1] not in _ENDS:
            continue
        rest = text[len(bare) :] + "".join(symbols[place + 1 : place + 4])
        rest = rest.lstrip(_AFTER)
        found[place] = not rest or rest[0].isspace()
    return found


PROPERTIES = (
    Property("inside a quotation", quotation_open),
    Property("place in the line, by quarters", place_in_line, 4),
    Property("end of a sentence", sentence_end),
)
