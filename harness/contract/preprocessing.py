"""Preprocessing: how what a user has (a text, an audio file, a clip) becomes a network's input, and ids become text.

It is part of a trained model. A finished run keeps it as plain files beside its weights, and its task rebuilds it from
them without data, cache or network. Training encodes with the same object, so the two cannot differ.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from harness.contract.batch import Example
from harness.contract.raw import RawExample
from harness.errors import UserError


class Preprocessing(ABC):
    """What a task fitted to its training data, and how it is applied.

    A subclass makes the task's examples with `example`, writes itself with `save`, and is rebuilt by the task's
    `load_preprocessing`.

    Class variables:
        given_as: how a source is given to `harness predict`: as the "text" itself, or as the path of a "file" that
            `encode` takes as a `Path`. Empty: as text where inputs are symbols, else as a file.
    """

    given_as: ClassVar[Literal["text", "file", ""]] = ""

    @property
    def takes(self) -> str:
        """What a source is, for model cards: "a sentence"; a class variable will do. Empty: not said."""
        return ""

    @abstractmethod
    def encode(self, source: Any) -> np.ndarray:
        """The input of a source as a user has it, as `Example.input` of the task's examples holds it.

        Where examples are streams, the symbols of a text, as `Example.target` holds them.

        Args:
            source: what the task's documentation names: a text, the path of a file, an array. `RawExample.input` of
                every example is one (`RawExample.target`, where examples are streams).

        Raises:
            DataError: the source is of another kind, or cannot be read; says what would be right.
        """

    def remarks(self, source: Any, encoded: np.ndarray) -> Sequence[str]:
        """What was done to a source that whoever predicts it should know, a few words each; optional.

        "3 of 12 symbols were never seen in training", "cut to 64 symbols", "resampled from 44,100 to 8,000 Hz".

        Args:
            source: as `encode` was given it.
            encoded: what `encode` made of it.
        """
        return ()

    def encode_target(self, answer: Any) -> Any:
        """`Example.target` of an answer as a person would write it; optional.

        A task that leaves it out has models that predict, but whose predictions of new sources cannot be scored.

        Raises:
            UserError: it is left out, or the answer is none.
        """
        raise UserError(
            f"Predictions of new sources cannot be scored for this task: its preprocessing ({type(self).__name__}) has "
            "no 'encode_target'. See harness/contract/preprocessing.py."
        )

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `Prediction.output`, where it is a list of ids: the symbols of a sequence, or tags.

        Tags become one word a position, separated by spaces ("O B-PER I-PER"), as `Example.references` has them; a
        target that names its classes itself (`class_names`) does not ask.
        """
        return " ".join(map(str, ids))

    def files(self, output: Any) -> Mapping[str, bytes]:
        """A generated output (`Continuation.output`) as files that other programs open, by ending ("mid"); optional."""
        return {}

    def example(self, raw: RawExample) -> Example:
        """A raw example, encoded. Its reference is the answer, where that is a text, a number or a list of words.

        Raises:
            UserError: as for `encode` and `encode_target`.
        """
        shown = raw.source or (raw.input if isinstance(raw.input, str) else raw.id)
        answer = self.encode_target(raw.target)
        return Example(raw.id, self.encode(raw.input), answer, _written(raw.target), shown, raw.units)

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write everything that `Task.load_preprocessing` needs into an existing folder, as plain files.

        JSON, text or `.npy` without objects; no pickle. Names say what they hold: `tokenizer.json`,
        `vocabulary.json`, `normalisation.json`, `features.json`.
        """


def _written(answer: Any) -> tuple[str, ...]:
    """The references that an answer is; none for figures and the like, of which the target makes a text."""
    if isinstance(answer, str | int):
        return (str(answer),)
    if isinstance(answer, list | tuple) and all(isinstance(word, str) for word in answer):
        return (" ".join(answer),)
    return ()
