"""Documents as symbols: what text generation keeps of its preparation, for training and for new text alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.contract.text import normal_form
from harness.data.text_files import with_line_feeds
from harness.errors import DataError
from harness_tasks.text._text_symbols import SymbolVocabulary, load_vocabulary, unknown_symbols


@dataclass(frozen=True)
class Documents(Preprocessing):
    """Text to symbol ids and back.

    Attributes:
        vocabulary: fitted on training text.
    """

    takes: ClassVar[str] = "the beginning of a text"

    vocabulary: SymbolVocabulary

    def encode(self, source: Any) -> np.ndarray:
        """int64 (T,): the symbols of a document, or of the beginning of one (str).

        Raises:
            DataError: the source is no text.
        """
        if not isinstance(source, str):
            raise DataError(f"text generation takes text (str), not {type(source).__name__}.")
        return self.vocabulary.encode(written(source))

    def remarks(self, source: Any, encoded: np.ndarray) -> Sequence[str]:
        """How many symbols are unknown."""
        return unknown_symbols(encoded)

    def encode_target(self, answer: Any) -> np.ndarray:
        """As `encode`: a document is its own answer."""
        return self.encode(answer)

    def decode(self, ids: Sequence[int]) -> str:
        """The text."""
        return self.vocabulary.decode(ids)

    def example(self, raw: RawExample) -> Example:
        """A document whose input the engine derives, with its raw length for bits per character."""
        text = written(raw.target)
        return Example(raw.id, None, self.encode(text), (text,), units={"characters": float(len(text))})

    def save(self, folder: Path) -> None:
        """Write `vocabulary.json`, and for subwords `tokenizer.json`."""
        self.vocabulary.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Documents:
        """Read what `save` wrote."""
        return cls(load_vocabulary(folder))


def written(text: str) -> str:
    """A text as it is encoded and counted: in normal form (Unicode NFC), its line ends made "\\n"."""
    return normal_form(with_line_feeds(text))
