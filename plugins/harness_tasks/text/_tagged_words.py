"""Words of a sentence as symbols, and tags as classes: what tagging keeps of its preparation.

A word that training has seen often enough is a symbol of its own. All others share symbols by what they look like:
their shape and, where training has several rare words of the kind, their last three letters. So "jogging", never seen,
reads as "a lower-case word in -ing". Rare words of training are read the same way, so that these symbols are trained.

Digits are read as 0. Source of suffixes for unknown words: T. Brants, "TnT: a statistical part-of-speech tagger", 2000;
of shapes: R. Weischedel et al., "Coping with ambiguity and unknown words through probabilistic models", 1993.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.contract.text import clean
from harness.errors import DataError

PAD = 0
SUFFIX = 3
SHAPES = ("number", "sign", "capitals", "capital", "small")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True)
class TaggedWords(Preprocessing):
    """Sentences to symbols, one a word, and class numbers to tags.

    Attributes:
        words: those with symbols of their own, as `form` writes them.
        endings: (shape, last letters) that unknown words are told apart by.
        tags: names of the classes.
        lowercase: whether words are lower-cased; the shapes of unknown ones are told before.
    """

    takes: ClassVar[str] = "a sentence, its words and signs separated by blanks"

    words: tuple[str, ...]
    endings: tuple[tuple[str, str], ...]
    tags: tuple[str, ...]
    lowercase: bool

    @classmethod
    def fit(
        cls, sentences: Iterable[str], tags: Sequence[str], *, lowercase: bool = False, min_count: int = 2
    ) -> TaggedWords:
        """Of training sentences.

        Args:
            sentences: of training.
            tags: in the order of their classes.
            lowercase: as the attribute.
            min_count: words seen less often are read as unknown ones.
        """
        found = Counter(word for sentence in sentences for word in sentence.split())
        counts: Counter[str] = Counter()
        for word, count in found.items():
            counts[form(word, lowercase)] += count
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        rare = {(shape(word), ending(word)): 0 for word in found}
        for word in sorted(found):
            if counts[form(word, lowercase)] < min_count:
                rare[shape(word), ending(word)] += 1
        several = sorted(kind for kind, count in rare.items() if count > 1 and kind[1])
        return cls(tuple(word for word in ranked if counts[word] >= min_count), tuple(several), tuple(tags), lowercase)

    @property
    def size(self) -> int:
        """V: padding, shapes, endings and words."""
        return 1 + len(SHAPES) + len(self.endings) + len(self.words)

    def encode(self, source: Any) -> np.ndarray:
        """int64 (T,): a symbol for each word.

        Raises:
            DataError: the source is no text, or has no words.
        """
        if not isinstance(source, str):
            raise DataError(f"tagging takes a sentence (str), not {type(source).__name__}.")
        words = clean(source).split()
        if not words:
            raise DataError("tagging takes a sentence of at least one word; this one is empty.")
        return np.array([self._symbol(word) for word in words], dtype=np.int64)

    def remarks(self, source: Any, encoded: np.ndarray) -> Sequence[str]:
        """How many words are unknown."""
        missing = len(encoded) - self.known(clean(source))
        return [f"{missing:,} of {len(encoded):,} words were never seen in training"] if missing else []

    def known(self, sentence: str) -> int:
        """How many words of a sentence have symbols of their own."""
        return sum(form(word, self.lowercase) in self._numbers for word in sentence.split())

    def as_unknown(self) -> np.ndarray:
        """For every symbol, int64 (V,), the one that its word would have were it unknown; others are themselves."""
        table = np.arange(self.size, dtype=np.int64)
        for word, number in self._numbers.items():
            table[number] = self._unknown(word)
        return table

    def encode_target(self, answer: Any) -> np.ndarray:
        """int64 (T,): the class of each tag of a text.

        Raises:
            DataError: the answer is no text, or a tag is not known.
        """
        if not isinstance(answer, str):
            raise DataError(f"tags are a text with blanks between them, not {type(answer).__name__}.")
        unknown = next((tag for tag in answer.split() if tag not in self._classes), None)
        if unknown is not None:
            raise DataError(f"'{unknown}' is no tag of this data; its tags are {' '.join(self.tags)}.")
        return np.array([self._classes[tag] for tag in answer.split()], dtype=np.int64)

    def decode(self, ids: Sequence[int]) -> str:
        """The tags with blanks between them."""
        return " ".join(self.tags[int(i)] for i in ids)

    def example(self, raw: RawExample) -> Example:
        """A sentence with its tags.

        Raises:
            DataError: as for `encode` and `encode_target`, or words and tags differ in number.
        """
        made = super().example(raw)
        if made.input is not None and len(made.input) != len(made.target):
            raise DataError(f"'{raw.id}' has {len(made.input)} words and {len(made.target)} tags; give each word one.")
        return made

    def save(self, folder: Path) -> None:
        """Write `vocabulary.json` and `tags.json`."""
        content = {"words": self.words, "endings": self.endings, "lowercase": self.lowercase}
        (folder / "vocabulary.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        (folder / "tags.json").write_text(json.dumps(self.tags, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> TaggedWords:
        """Read what `save` wrote."""
        content = json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))
        tags = json.loads((folder / "tags.json").read_text(encoding="utf-8"))
        endings = tuple((kind, letters) for kind, letters in content["endings"])
        return cls(tuple(content["words"]), endings, tuple(tags), bool(content["lowercase"]))

    # -- private ---------------------------------------------------------------------------------------

    @cached_property
    def _numbers(self) -> dict[str, int]:
        first = 1 + len(SHAPES) + len(self.endings)
        return {word: first + i for i, word in enumerate(self.words)}

    @cached_property
    def _kinds(self) -> dict[tuple[str, str], int]:
        kinds = [*((kind, "") for kind in SHAPES), *self.endings]
        return {kind: 1 + i for i, kind in enumerate(kinds)}

    @cached_property
    def _classes(self) -> dict[str, int]:
        return {tag: i for i, tag in enumerate(self.tags)}

    def _symbol(self, word: str) -> int:
        number = self._numbers.get(form(word, self.lowercase))
        return self._unknown(word) if number is None else number

    def _unknown(self, word: str) -> int:
        kind = shape(word)
        return self._kinds.get((kind, ending(word)), self._kinds[kind, ""])


def form(word: str, lowercase: bool) -> str:
    """A word as it is looked up: digits as 0, lower-cased where asked for."""
    return _DIGIT.sub("0", word.lower() if lowercase else word)


def shape(word: str) -> str:
    """One of `SHAPES`: has a digit; has neither letter nor digit; all capitals; begins with one; others."""
    if _DIGIT.search(word):
        return "number"
    if not any(character.isalpha() for character in word):
        return "sign"
    if word.isupper() and len(word) > 1:
        return "capitals"
    return "capital" if word[0].isupper() else "small"


def ending(word: str) -> str:
    """The last letters in lower case; empty for numbers, signs and words that are not longer than that."""
    return word[-SUFFIX:].lower() if len(word) > SUFFIX and word[-SUFFIX:].isalpha() else ""
