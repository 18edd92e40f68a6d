"""Answers while the input still comes: a causal model is given a word at a time.

One that carries no state on this task reads the line's beginning again for each word, which changes no answer.
"""

from __future__ import annotations

import codecs
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from harness.errors import DataError, UserError
from harness.inference.sources import given_as

if TYPE_CHECKING:
    from harness.contract.model import State
    from harness.inference.trained_model import TrainedModel

_AT_ONCE = 1 << 16


@dataclass
class Streamed:
    """A line that is being answered.

    Args:
        model: that answers each step of a text, and whose network is causal.

    Attributes:
        seconds: from each word to its answer.

    Raises:
        UserError: the task or the model cannot answer before the input ends.
    """

    model: TrainedModel
    seconds: list[float] = field(default_factory=list)
    _state: State = None
    _words: list[str] = field(default_factory=list)
    _arrays: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        needs, task, model = self.model.target_spec.needs, self.model.config.task.name, self.model.config.model.name
        if needs.reads != "features" or needs.streams or needs.subsampling != "none" or given_as(self.model) != "text":
            raise UserError(
                f"Task '{task}' does not answer a text word by word, so nothing can be said before the input ends: "
                "leave out --stream, which is for tagging, state tracking, music and the like."
            )
        if not self.model.network.capabilities.causal:
            raise UserError(
                f"Model '{model}' reads the future, so it cannot answer before the input ends: leave out --stream."
            )

    def answer(self, word: str) -> str:
        """What the model says of the next word of the line.

        Raises:
            DataError: the word cannot be encoded.
        """
        import torch

        from harness.contract.target_context import Decoding

        began = time.perf_counter()
        array = self.model.encode_one(word)
        network, spec = self.model.network, self.model.target_spec
        carries = network.capabilities.carries_state
        seen = array if carries else np.concatenate([*self._arrays, array])
        inputs = torch.as_tensor(seen, device=self.model.device)[None]  # (1, T, ...)
        lengths = torch.tensor([len(seen)], device=self.model.device)
        with torch.no_grad():
            outputs, _, state = network(inputs, lengths, state=self._state)
            new = outputs[:, -len(array) :]  # (1, n, ...)
            lengths = torch.tensor([len(array)], device=self.model.device)
            decoding: Decoding = self.model.config.decoding
            (answer,) = spec.answers(new, lengths, decoding, head=network.head)
        self._state = state if carries else None
        decode = None if self.model.preprocessing is None else self.model.preprocessing.decode
        text = spec.text(answer.output, decode)
        self._words.append(word)
        self._arrays.append(array)
        self.seconds.append(time.perf_counter() - began)
        return text

    def end(self) -> None:
        """End the line.

        Raises:
            UserError: the task encodes the whole line otherwise than its words, so the answers were not the model's.
        """
        words, arrays = self._words, self._arrays
        self._state, self._words, self._arrays = None, [], []
        if words and not np.array_equal(np.concatenate(arrays), self.model.encode_one(" ".join(words))):
            raise UserError(
                f"Task '{self.model.config.task.name}' does not encode a text word by word, so --stream gives other "
                "answers than the whole text: leave it out."
            )


def words_as_they_come(stream: BinaryIO) -> Iterator[str | None]:
    """Words of UTF-8 text, each as soon as a blank follows it; None at the end of each line.

    Raises:
        DataError: it is no UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = getattr(stream, "read1", stream.read)
    rest = ""
    while True:
        block = read(_AT_ONCE)
        try:
            rest += decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise DataError(f"Standard input is not UTF-8 text ({error.reason}).") from error
        if not block:
            break
        while (end := next((i for i, character in enumerate(rest) if character.isspace()), None)) is not None:
            word, space, rest = rest[:end], rest[end], rest[end + 1 :]
            if word:
                yield word
            if space == "\n":
                yield None
    if rest:
        yield rest
        yield None
