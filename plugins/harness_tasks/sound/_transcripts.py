"""Transcripts as CTC labels: characters or words, and how many frames a label sequence needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from harness.contract.text import clean

BLANK = 0


class Alphabet:
    """The symbols of texts, characters or words, as labels 1..N in code point order; 0 is CTC's blank.

    Args:
        symbols: the characters, or the words.
        words: whether they are words, with blanks between them that are no symbols themselves.
    """

    def __init__(self, symbols: Iterable[str], words: bool = False) -> None:
        self.symbols = tuple(sorted(set(symbols)))
        self.words = words
        self._labels = {symbol: i for i, symbol in enumerate(self.symbols, start=1)}

    @classmethod
    def of(cls, texts: Iterable[str], words: bool) -> Alphabet:
        """All symbols of these texts."""
        return cls((symbol for text in texts for symbol in split(text, words)), words)

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: str) -> np.ndarray:
        """int64 (U,): labels of the text, `clean`; symbols outside the alphabet are left out."""
        return np.array([self._labels[s] for s in split(clean(text), self.words) if s in self._labels], dtype=np.int64)

    def decode(self, labels: Sequence[int]) -> str:
        """The text of labels, its outer and doubled blanks removed."""
        symbols = (self.symbols[int(i) - 1] for i in labels if int(i) != BLANK)
        return " ".join(symbols) if self.words else " ".join("".join(symbols).split())


def split(text: str, words: bool) -> Sequence[str]:
    """The characters of a text, or its words."""
    return text.split() if words else text


def frames_needed(labels: np.ndarray) -> int:
    """Fewest frames that CTC can align `labels` (U,) with: one each, and a blank between two equal neighbours.

    Source: Graves et al. 2006, section 3.
    """
    return len(labels) + int((labels[1:] == labels[:-1]).sum())
