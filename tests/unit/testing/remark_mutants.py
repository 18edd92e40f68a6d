"""Tasks with a preprocessing and one deliberate fault each, chosen by `fault`; without one they are sound."""

from __future__ import annotations

import json
import pickle
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from task_mutants import Faulty

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.contract.specs import InputSpec, TokenInput
from harness.contract.target import Target
from harness.contract.task import TaskData
from harness.targets import ClassTarget

HARNESS_CONTRACT = 2


@dataclass
class Words(Preprocessing):
    """Words as symbols."""

    words: tuple[str, ...]
    fault: str = ""

    def encode(self, source: Any) -> np.ndarray:
        """Two special symbols come first."""
        first = 3 if self.fault == "encodes otherwise" else 2
        return np.array([first + self.words.index(word) for word in source.split()])

    def encode_target(self, answer: Any) -> int:
        """A class."""
        return 1 - int(answer) if self.fault == "encodes answers otherwise" else int(answer)

    def save(self, folder: Path) -> None:
        """The words, or all there is."""
        if self.fault == "pickles":
            (folder / "words.bin").write_bytes(pickle.dumps(self.words))
        elif self.fault != "saves nothing":
            words = self.words[::-1] if self.fault == "saves another order" else self.words
            (folder / "vocabulary.json").write_text(json.dumps(words))
        if self.fault == "saves the moment":
            (folder / "made.txt").write_text(uuid.uuid4().hex)


@dataclass
class Remarks(Faulty):
    """Whether a remark is a question, by words of which each is a symbol."""

    name: ClassVar[str] = "remarks"
    input_type: ClassVar[type] = TokenInput
    target_type: ClassVar[type] = ClassTarget

    WORDS: ClassVar[tuple[str, ...]] = ("who", "it", "rains", "snows", "here", "there", "now", "then")

    def examples(self, name: str, draw: np.random.Generator) -> list[Example]:
        """Four words each; no two splits begin alike."""
        first = {"train": 0, "val": 40, "test": 80}[name]
        made = []
        for i in range(first, first + self.size):
            target = i % 2
            words = [self.WORDS[1 - target], *(self.WORDS[2 + (i // 6**place) % 6] for place in range(3))]
            symbols = [2 + self.WORDS.index(word) for word in words]
            source = " ".join(words)
            if self.fault == "spelled otherwise" and name == "train" and i == 1:
                made.append(replace(made[0], id="train1", source=self._spelled(80)))
                continue
            made.append(Example(f"{name}{i}", np.array(symbols), target, (str(target),), source))
        return made

    def setup(self) -> TaskData:
        """With the words."""
        return replace(super().setup(), preprocessing=Words(self.WORDS, self.fault))

    def load_preprocessing(self, folder: Path) -> Words | None:
        """The words."""
        if self.fault == "loads nothing":
            return None
        return Words(tuple(json.loads((folder / "vocabulary.json").read_text())))

    def raw_examples(self, split: str) -> list[RawExample] | None:
        """The remarks as text."""
        if self.fault == "knows no raw examples":
            return None
        made = self.examples(split, np.random.default_rng())
        counts = {"words": 2.0} if self.fault == "counts otherwise" else {}
        kept = made[self.fault == "forgets a raw example" :]
        return [RawExample(e.id, e.source, e.references[0], counts=counts) for e in kept]

    def _spelled(self, number: int) -> str:
        (other,) = [
            e for e in replace(self, fault="").examples("test", np.random.default_rng()) if e.id == f"test{number}"
        ]
        return f"{other.source.upper()}!"

    def specs(self) -> tuple[InputSpec, Target]:
        """Eight words and two special symbols."""
        return TokenInput(2 + len(self.WORDS)), ClassTarget(2)
