"""Texts as symbols and names of classes: what text classification keeps of its preparation."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contract.preprocessing import Preprocessing
from harness.contract.text import clean
from harness.errors import DataError
from harness_tasks.text._text_symbols import (
    SPECIAL,
    UNK,
    CharacterVocabulary,
    SubwordVocabulary,
    Symbols,
    SymbolVocabulary,
    WordVocabulary,
    load_vocabulary,
    unknown_symbols,
)

_WORD = re.compile(r"\w+(?:['’]\w+)*|([^\w\s])\1*")
"""A word with what follows its apostrophes, or a run of one other character: "don't", "...", ":"."""


@dataclass(frozen=True)
class ClassifiedTexts(Preprocessing):
    """Text to symbol ids, and names of classes to their numbers.

    Attributes:
        vocabulary: fitted on training text.
        symbols: what one symbol is.
        lowercase: whether text is lower-cased first.
        max_length: the most symbols of a text; what is beyond is cut off.
        classes: their names in the order of their numbers.
    """

    takes: ClassVar[str] = "a text"

    vocabulary: SymbolVocabulary
    symbols: Symbols
    lowercase: bool
    max_length: int
    classes: tuple[str, ...]

    def encode(self, source: Any) -> np.ndarray:
        """int64 (T,): the symbols of a text (str); a text without any is one unknown symbol.

        Raises:
            DataError: the source is no text.
        """
        if not isinstance(source, str):
            raise DataError(f"text classification takes a text (str), not {type(source).__name__}.")
        ids = self.vocabulary.encode(written(source, self.symbols, self.lowercase))[: self.max_length]
        return ids if len(ids) else np.array([UNK], dtype=np.int64)

    def remarks(self, source: Any, encoded: np.ndarray) -> Sequence[str]:
        """How many symbols are unknown, and whether the text was cut."""
        whole = len(self.vocabulary.encode(written(source, self.symbols, self.lowercase)))
        cut = [f"cut from {whole:,} to {len(encoded):,} symbols"] if whole > len(encoded) else []
        return (*unknown_symbols(encoded), *cut)

    def encode_target(self, answer: Any) -> int:
        """The number of a class.

        Raises:
            DataError: there is no such class.
        """
        if answer not in self.classes:
            named = ", ".join(map(repr, self.classes[:10])) + (", …" if len(self.classes) > 10 else "")
            raise DataError(f"There is no class {answer!r}; the {len(self.classes)} classes are {named}.")
        return self.classes.index(answer)

    def decode(self, ids: Sequence[int]) -> str:
        """The text as it was encoded."""
        return self.vocabulary.decode(ids)

    def save(self, folder: Path) -> None:
        """Write `vocabulary.json` (for subwords also `tokenizer.json`) and `texts.json`."""
        self.vocabulary.save(folder)
        rest = {
            "symbols": self.symbols.value,
            "lowercase": self.lowercase,
            "max_length": self.max_length,
            "classes": list(self.classes),
        }
        (folder / "texts.json").write_text(json.dumps(rest), encoding="ascii")

    @classmethod
    def load(cls, folder: Path) -> ClassifiedTexts:
        """Read what `save` wrote."""
        rest = json.loads((folder / "texts.json").read_text(encoding="ascii"))
        return cls(
            load_vocabulary(folder),
            Symbols(rest["symbols"]),
            bool(rest["lowercase"]),
            int(rest["max_length"]),
            tuple(rest["classes"]),
        )


def written(text: str, symbols: Symbols, lowercase: bool) -> str:
    """A text as it is encoded: NFC with single blanks, lower-cased where asked for; words and signs apart."""
    form = clean(text)
    if lowercase:
        form = clean(form.lower())  # lower case of NFC is not always NFC
    return " ".join(match[0] for match in _WORD.finditer(form)) if symbols is Symbols.word else form


def fit_vocabulary(texts: Sequence[str], symbols: Symbols, vocab_size: int, min_count: int) -> SymbolVocabulary:
    """The symbols of training texts as `written`.

    Args:
        texts: of the training split.
        symbols: what one symbol is.
        vocab_size: the most subwords or words.
        min_count: words that occur less often are unknown.
    """
    if symbols is Symbols.character:
        return CharacterVocabulary(texts)
    if symbols is Symbols.subword:
        return SubwordVocabulary.fit(texts, vocab_size)
    counts = Counter(word for text in texts for word in text.split())
    frequent = sum(count >= min_count for count in counts.values())
    return WordVocabulary(texts, min(vocab_size, frequent + len(SPECIAL)))
