"""A tagging task, sound or with a metric that does not see its own example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from task_mutants import Faulty

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.contract.specs import InputSpec, TokenInput
from harness.contract.target import Target
from harness.targets import TaggingTarget

HARNESS_CONTRACT = 2


def right_tags(prediction: Prediction, example: Example) -> Statistics:
    """How many positions are right, by numbers and by names; an answer of another length is no answer."""
    both = list(zip(prediction.output, example.target.tolist(), strict=True))
    names = list(zip(prediction.text.split(), example.references[0].split(), strict=True))
    assert len(both) == len(names)
    return {"correct": sum(a == b for a, b in both) + sum(a == b for a, b in names), "all": 2 * len(both)}


def share(rows: list[Statistics]) -> float:
    """In percent."""
    return 100 * sum(row["correct"] for row in rows) / sum(row["all"] for row in rows)


@dataclass
class Capitals(Faulty):
    """Which letters of a word are large; words differ in length."""

    name: ClassVar[str] = "capitals"
    input_type: ClassVar[type] = TokenInput
    target_type: ClassVar[type] = TaggingTarget
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("accuracy", "%", True, right_tags, share),)

    def examples(self, name: str, draw: np.random.Generator) -> list[Example]:
        """Words of 4 to 8 letters."""
        made = []
        for i in range(self.size):
            symbols = draw.integers(2, 12, 4 + i % 5)
            tags = symbols // 7
            made.append(Example(f"{name}{i}", symbols, tags, (" ".join("ab"[tag] for tag in tags),)))
        return made

    def specs(self) -> tuple[InputSpec, Target]:
        """Ten letters, two tags."""
        return TokenInput(12), TaggingTarget(2, ("a", "b"))
