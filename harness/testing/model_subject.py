"""A model on one kind of task, at one size of batch: what a clause of the model contract is checked on.

Axes: B batch, T input time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property

from torch import Tensor

from harness.contract.batch import Batch
from harness.contract.model import Capabilities, Model
from harness.nn.auxiliary import auxiliary_loss
from harness.nn.network import Network
from harness.testing import cases
from harness.testing.cases import Case

SIZES: tuple[tuple[int, ...], ...] = (
    *((1,), (2,), (1, 1), (1, 2), (3,), (2, 3), (4,), (3, 4), (5,), (6,), (5, 6), (8,), (7, 8), (10,)),
    *((12,), (7, 12), (12, 12), (12, 7, 9)),
)
"""Lengths of the rows of ever larger batches, in which the smallest example that fails is looked for."""


@dataclass(frozen=True, eq=False)
class ModelSubject:
    """A model on one kind of task.

    Attributes:
        model: as `tiny()` returned it.
        case: the kind of task, with sizes.
        original: what `tiny()` was called on.
        lengths: T of each row, where a smaller batch than the clause's own is asked for.
    """

    model: Model
    case: Case
    original: Model
    lengths: tuple[int, ...] | None = None

    @property
    def way_in(self) -> str:
        """How the input reaches the encoder: embedded by the engine, or as a raw type that the model lists."""
        kind = type(self.case.inputs)
        return kind.__name__ if kind in self.capabilities.reads else "embedded"

    def surroundings(self) -> AbstractContextManager[None]:
        """What a check runs in: nothing in particular."""
        return nullcontext()

    def smaller(self, shortest: int) -> Iterator[ModelSubject]:
        """The same with ever larger batches, the longest row of at least `shortest` steps after subsampling."""
        least = shortest * self.capabilities.subsampling_factor
        return (replace(self, lengths=size) for size in SIZES if shortest and max(size) >= least)

    @property
    def case_name(self) -> str:
        """For messages and test ids."""
        return self.case.name

    @property
    def configurations(self) -> tuple[Model, Model]:
        """Both configurations: the one given and its tiny form."""
        return self.original, self.model

    @cached_property
    def capabilities(self) -> Capabilities:
        """What the model declares for this kind of task."""
        return self.model.capabilities(self.case.signature)

    @cached_property
    def shared(self) -> Network:
        """The network of seed 0, for checks that only run it; built once."""
        return self.network()

    def network(self, seed: int = 0, model: Model | None = None) -> Network:
        """The network around the model (or around another of its class), in eval mode, drawn from the seed."""
        return cases.network(model or self.model, self.case, seed)

    def batch(self, lengths: tuple[int, ...] = (12, 7, 9, 10), *, steady: bool = False) -> Batch:
        """A batch of rows of unequal length."""
        return cases.batch(self.case, self.lengths or lengths, steady=steady)

    def even_batch(self, rows: int, length: int) -> Batch:
        """A batch of rows of one length (that of the longest row, where a smaller batch is asked for)."""
        lengths = self.lengths or (length,) * rows
        return cases.batch(self.case, (max(lengths),) * len(lengths))

    def noise(self, shape: tuple[int, ...]) -> Tensor:
        """Inputs (B, T, ...) as they never occur."""
        return cases.noise(self.case, shape)

    def loss(self, net: Network, data: Batch) -> Tensor:
        """Mean loss of a batch over its target units."""
        outputs, lengths, _ = net(data.inputs, data.input_lengths, data.targets)
        total, count = self.case.target.loss_sum(outputs, lengths, data.targets, data.target_lengths, head=net.head)
        return total / count

    def training_loss(self, net: Network, data: Batch) -> Tensor:
        """`loss` with the model's auxiliary losses, as it is trained."""
        encoded = net.encode(data.inputs, data.input_lengths)
        read, lengths, _ = net.read(encoded, data.targets)
        total, count = self.case.target.loss_sum(
            net.head(read), lengths, data.targets, data.target_lengths, head=net.head
        )
        return total / count + auxiliary_loss(encoded, net.capabilities.auxiliary)

    def example(self) -> str:
        """How to make the batch that `lengths` asks for, and what it shows; empty for the clause's own batch."""
        lengths = self.lengths
        if lengths is None:
            return ""
        made = f'cases.batch(cases.named("{self.case.name}"), {lengths})'
        data = self.batch()
        if data.inputs.is_floating_point():
            return f"{made}: inputs float32 {tuple(data.inputs.shape)}, lengths {list(lengths)}"
        rows = [row[:size].tolist() for row, size in zip(data.inputs, lengths, strict=True)]
        return f"{made}: inputs {rows}"


def subjects(model: Model) -> list[ModelSubject]:
    """The model's tiny form on every kind of task that it fits.

    Raises:
        AssertionError: it fits none, so no clause would check anything.
    """
    tiny = model.tiny()
    found = [ModelSubject(tiny, case, model) for case in cases.fitting(tiny)]
    assert found, f"the capabilities of model '{model.name}' fit no kind of task at all"
    return found
