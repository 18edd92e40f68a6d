"""Words of symbols and answers as numbers, and a split of drawn strings as examples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from harness.contract.batch import Example
from harness.contract.gathering import Gathered, Ragged
from harness.contract.preprocessing import Preprocessing
from harness.errors import DataError
from harness.targets.masked_tagging import UNASKED
from harness_tasks.symbols.drawn_strings import NOTHING, DrawnStrings

PAD = 0
_FILE = "symbols.json"


@dataclass(frozen=True)
class SymbolWords(Preprocessing):
    """Symbols from 1 on (0 is padding), and answers from 0 on.

    Attributes:
        symbols, answers: their words.
    """

    takes: ClassVar[str] = "a string of symbols with blanks between them"

    symbols: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def size(self) -> int:
        """V, padding included."""
        return 1 + len(self.symbols)

    def encode(self, source: Any) -> np.ndarray:
        """int64 (T,).

        Raises:
            DataError: no text, an empty one, or a word that is no symbol.
        """
        if not isinstance(source, str):
            raise DataError(f"a string of symbols is a text (str), not {type(source).__name__}.")
        if not source.split():
            raise DataError("a string of symbols has at least one; this one is empty.")
        return np.array([1 + _number(self._symbols, word, "symbol") for word in source.split()], dtype=np.int64)

    def encode_target(self, answer: Any) -> np.ndarray:
        """int64 (T,), -1 for "-".

        Raises:
            DataError: no text, or a word that is no answer.
        """
        if not isinstance(answer, str):
            raise DataError(f"answers are a text with blanks between them, not {type(answer).__name__}.")
        numbers = (UNASKED if word == NOTHING else _number(self._answers, word, "answer") for word in answer.split())
        return np.fromiter(numbers, dtype=np.int64)

    def decode(self, ids: Sequence[int]) -> str:
        """The answers' words."""
        return " ".join(NOTHING if k == UNASKED else self.answers[int(k)] for k in ids)

    def save(self, folder: Path) -> None:
        """Write `symbols.json`."""
        content = {"symbols": self.symbols, "answers": self.answers}
        (folder / _FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> SymbolWords:
        """Read what `save` wrote."""
        content = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        return cls(tuple(content["symbols"]), tuple(content["answers"]))

    @cached_property
    def _symbols(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.symbols)}

    @cached_property
    def _answers(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.answers)}


def _number(known: dict[str, int], word: str, what: str) -> int:
    if word not in known:
        some = " ".join(list(known)[:12])
        raise DataError(f"'{word}' is no {what} of this data; they are {some}{' ...' if len(known) > 12 else ''}.")
    return known[word]


class AskedSplit:
    """Drawn strings as a split, encoded as `SymbolWords` does it, without a loop over examples."""

    def __init__(self, strings: DrawnStrings) -> None:
        self._strings = strings
        self.input_lengths: np.ndarray = strings.symbols.lengths
        self.target_lengths: np.ndarray = strings.answers.lengths

    def __len__(self) -> int:
        return len(self._strings)

    def __getitem__(self, index: int) -> Example:
        one = self._strings
        return Example(
            one.id(index),
            1 + one.symbols[index].astype(np.int64),
            one.answers[index].astype(np.int64),
            (one.answer_text(index),),
            one.text(index),
            one.counts(index),
        )

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered:
        """Padded symbols and answers."""
        one = self._strings
        symbols, lengths = one.symbols.padded(positions, -1)
        inputs = np.where(symbols < 0, input_pad, 1 + symbols.astype(np.int64))
        targets, target_lengths = _padded(one.answers, positions, target_pad)
        return Gathered(tuple(one.id(i) for i in positions.tolist()), inputs, lengths, targets, target_lengths)


def _padded(arrays: Ragged, positions: np.ndarray, pad: int) -> tuple[np.ndarray, np.ndarray]:
    values, lengths = arrays.padded(positions, pad)
    return values.astype(np.int64), lengths
