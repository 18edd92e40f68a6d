"""Transcripts as CTC labels: an alphabet of characters, and how many frames a label sequence needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from harness.contract.text import clean

BLANK = 0


class Alphabet:
    """Characters as labels 1..N, in code point order; 0 is CTC's blank."""

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = tuple(sorted(set(characters)))
        self._labels = {character: i for i, character in enumerate(self.characters, start=1)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> np.ndarray:
        """int64 (U,): labels of the text, `clean`; characters outside the alphabet are left out."""
        return np.array([self._labels[c] for c in clean(text) if c in self._labels], dtype=np.int64)

    def decode(self, labels: Sequence[int]) -> str:
        """The text of labels without blanks, its outer and doubled blanks removed."""
        return " ".join("".join(self.characters[int(i) - 1] for i in labels if int(i) != BLANK).split())


def frames_needed(labels: np.ndarray) -> int:
    """Fewest frames that CTC can align `labels` (U,) with: one each, and a blank between two equal neighbours.

    Source: Graves et al. 2006, section 3.
    """
    return len(labels) + int((labels[1:] == labels[:-1]).sum())
