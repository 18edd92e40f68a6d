"""A model on the data of a task: what `harness check NAME task=TASK --data` checks the clauses of models on.

The specifications are the data's own (its vocabulary, its pictures), and the rows are beginnings of training examples.

Axes: B batch, T input time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.contract.batch import Batch, Example
from harness.contract.model import Model
from harness.contract.target import Target
from harness.contract.task import Task, TaskData
from harness.errors import IncompatibleError
from harness.nn import promises
from harness.registry.compatibility import check
from harness.testing.cases import Case
from harness.testing.clause import Clause
from harness.testing.model_subject import ModelSubject
from harness.training.collate import collate
from harness.training.cut import cut
from harness.training.load_data import load_data

MADE_UP = ("overfitting",)
"""Clauses that ask something of the examples which real ones need not give."""


@dataclass(frozen=True, eq=False)
class RealSubject(ModelSubject):
    """A model on a task's data.

    Attributes:
        task: whose data it is.
        data: as loaded.
    """

    task: Task = field(kw_only=True)
    data: TaskData = field(kw_only=True)

    @property
    def case_name(self) -> str:
        """ "translation multi30k"."""
        return f"{self.task.name} {self.task.dataset_name}"

    def smaller(self, shortest: int) -> Iterator[ModelSubject]:
        """The same with ever larger batches, as of made-up data."""
        for smaller in super().smaller(shortest):
            yield replace(self, lengths=smaller.lengths)

    def batch(self, lengths: tuple[int, ...] = (12, 7, 9, 10), *, steady: bool = False) -> Batch:
        """The beginnings of training examples, of these lengths; shorter examples are repeated."""
        target, factor = self.case.target, self.capabilities.subsampling_factor
        rows = self._rows(self.lengths or lengths)
        examples = [_repeated(cut(self.data.train, row, steps, target, factor), steps, target) for row, steps in rows]
        return collate(examples, self.case.inputs, target)

    def even_batch(self, rows: int, length: int) -> Batch:
        """Rows of one length (that of the longest row, where a smaller batch is asked for)."""
        lengths = self.lengths or (length,) * rows
        return replace(self, lengths=(max(lengths),) * len(lengths)).batch()

    def noise(self, shape: tuple[int, ...]) -> Tensor:
        """Inputs (B, T, ...) as they never occur."""
        like = self.batch((1,)).inputs
        return promises.noise_like(like, self.case.inputs, (shape[0], shape[1]), torch.Generator().manual_seed(1))

    def example(self) -> str:
        """Which examples the batch that `lengths` asks for is made of; empty for the clause's own batch."""
        if self.lengths is None:
            return ""
        ids = [f"'{self.data.train[row].id}'" for row, _ in self._rows(self.lengths)]
        return f"training examples {', '.join(ids)} of {self.case_name}, cut to {list(self.lengths)} steps"

    def _rows(self, lengths: Sequence[int]) -> list[tuple[int, int]]:
        """(position, steps) of different examples that are long enough, where there are such."""
        known = self.data.train.input_lengths
        found: list[tuple[int, int]] = []
        for steps in lengths:
            used = {row for row, _ in found}
            long = [row for row in range(min(len(known), 1000)) if known[row] >= steps and row not in used]
            found.append((long[0] if long else int(known.argmax()), steps))
        return found


def _repeated(example: Example, steps: int, target: Target) -> Example:
    """The example itself, or one of `steps` steps in which it comes again and again."""
    assert example.input is not None
    have = len(example.input)
    if have >= steps:
        return example
    again = np.arange(steps) % have
    step_by_step = (
        target.layout.shape[:1] == (None,) and target.needs.reads == "features" and len(example.target) == have
    )
    return replace(
        example, input=example.input[again], target=example.target[again] if step_by_step else example.target
    )


def loaded(task: Task, model: Model) -> TaskData:
    """The task's data, for a model that can do the task.

    Raises:
        IncompatibleError: it cannot.
        DataError: the data is out of reach.
    """
    fit = check(task.signature, model.name, model.capabilities(task.signature))
    if not fit.compatible:
        raise IncompatibleError(fit.reason or f"model '{model.name}' cannot do task '{task.name}'")
    return load_data(task)


def subject(model: Model, task: Task, data: TaskData) -> RealSubject:
    """The model's tiny form on the data of a task."""
    return RealSubject(model.tiny(), Case(data.input_spec, data.target_spec), model, task=task, data=data)


def clauses(every: Sequence[Clause[Any]]) -> tuple[Clause[Any], ...]:
    """Those of models, some of which say nothing of real data."""
    return tuple(
        one.unless(lambda _: "it needs examples that are made for it") if one.name in MADE_UP else one for one in every
    )
