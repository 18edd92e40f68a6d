"""Sentences as subword symbols: what translation keeps of its preparation, for training and for new text alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.contract.text import clean
from harness.errors import DataError
from harness_tasks.text._subwords import EOS, Subwords


@dataclass(frozen=True)
class Sentences(Preprocessing):
    """Text to subword ids and back, one vocabulary for both languages.

    Attributes:
        subwords: fitted on training text.
        lowercase: whether text is lower-cased first.
        max_length: the most symbols, the end symbol included; what is beyond is cut off.
    """

    takes: ClassVar[str] = "a sentence"

    subwords: Subwords
    lowercase: bool
    max_length: int

    def encode(self, source: Any) -> np.ndarray:
        """int64 (T,): the subwords of a sentence (str) and the end symbol.

        Raises:
            DataError: the source is no text.
        """
        if not isinstance(source, str):
            raise DataError(f"translation takes a sentence (str), not {type(source).__name__}.")
        return self.closed(self.subwords.encode([written(source, self.lowercase)])[0])

    def remarks(self, source: Any, encoded: np.ndarray) -> Sequence[str]:
        """Whether the sentence was cut; no symbol is unknown, since any text can be written in bytes."""
        whole = 1 + len(self.subwords.encode([written(source, self.lowercase)])[0])
        return [f"cut from {whole:,} to {len(encoded):,} symbols"] if whole > len(encoded) else []

    def encode_target(self, answer: Any) -> np.ndarray:
        """As `encode`: both languages share the vocabulary."""
        return self.encode(answer)

    def decode(self, ids: Sequence[int]) -> str:
        """The sentence."""
        return self.subwords.decode(ids)

    def example(self, raw: RawExample) -> Example:
        """A pair as symbols; the reference text stays whole where its symbols are cut."""
        source, target = (written(text, self.lowercase) for text in (raw.input, raw.target))
        return self.pair(raw.id, source, target, *self.subwords.encode([source, target]))

    def pair(
        self,
        name: str,
        source: str,
        target: str,
        given: Sequence[int] | np.ndarray,
        wanted: Sequence[int] | np.ndarray,
    ) -> Example:
        """An example of two texts as `written` and of the subwords of each, without end symbols."""
        return Example(name, self.closed(given), self.closed(wanted), (target,), source)

    def closed(self, ids: Sequence[int] | np.ndarray) -> np.ndarray:
        """int64 (T,): subwords, cut to `max_length` and ended."""
        return np.append(np.asarray(ids[: self.max_length - 1], dtype=np.int64), EOS)

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` and `sentences.json`."""
        (folder / "tokenizer.json").write_text(self.subwords.serialised, encoding="utf-8")
        rest = {"lowercase": self.lowercase, "max_length": self.max_length}
        (folder / "sentences.json").write_text(json.dumps(rest), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Sentences:
        """Read what `save` wrote."""
        rest = json.loads((folder / "sentences.json").read_text(encoding="utf-8"))
        subwords = Subwords((folder / "tokenizer.json").read_text(encoding="utf-8"))
        return cls(subwords, bool(rest["lowercase"]), int(rest["max_length"]))


def written(text: str, lowercase: bool) -> str:
    """A sentence as it is encoded: NFC with single blanks, lower-cased where asked for."""
    cleaned = clean(text)
    return clean(cleaned.lower()) if lowercase else cleaned  # lower case of NFC is not always NFC
