"""A target on one of its cases, behind a small reference network: what a clause of the target contract is checked on.

Axes: B batch, T' output time, U target time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from harness.config.settings import DecodingSettings
from harness.contract.batch import Batch, Example
from harness.contract.metric import Prediction
from harness.contract.target import Answer, Target
from harness.nn.network import Network
from harness.testing import cases
from harness.testing.cases import Case
from harness.testing.reference import ReferenceModel

DECODING = DecodingSettings()


@dataclass(frozen=True, eq=False)
class TargetSubject:
    """A target with the sizes of one of its cases."""

    case: Case

    @property
    def target(self) -> Target:
        """The target."""
        return self.case.target

    @property
    def case_name(self) -> str:
        """For messages and test ids."""
        return self.case.name

    @property
    def way_in(self) -> str:
        """Clauses about the target as a whole are checked on its first case alone."""
        return ""

    @property
    def configurations(self) -> tuple[Target]:
        """The target; it has no tiny form."""
        return (self.target,)

    def surroundings(self) -> AbstractContextManager[None]:
        """What a check runs in: nothing in particular."""
        return nullcontext()

    def smaller(self, shortest: int) -> Iterator[TargetSubject]:
        """None: the cases are small."""
        return iter(())

    def example(self) -> str:
        """How to make the case."""
        return f"{self.target} behind a {type(self.case.inputs).__name__}"

    # -- batches and networks ------------------------------------------------------------------------

    def batch(self, *, steady: bool = False) -> Batch:
        """Four examples of unequal length."""
        return cases.batch(self.case, steady=steady)

    def examples(self, *, steady: bool = False) -> list[Example]:
        """The examples of that batch, with the right answer as text."""
        found = cases.examples(self.case, steady=steady)
        texts = [self.target.text(self.target.perfect(np.asarray(e.target)).output, None) for e in found]
        return [
            Example(e.id, e.input, e.target, references=(text,), units={"characters": 1.0 + len(text)})
            for e, text in zip(found, texts, strict=True)
        ]

    def network(self) -> Network:
        """The reference model with the target's head, in eval mode, its weights always the same."""
        return cases.network(ReferenceModel(), self.case)

    @cached_property
    def computed(self) -> Computed:
        """Outputs of the untrained network for the batch."""
        net, data = self.network(), self.batch()
        with torch.no_grad():
            outputs, lengths, _ = net(data.inputs, data.input_lengths, data.targets)
        return Computed(net, outputs, lengths, data)

    def answers(self, net: Network, data: Batch) -> list[Answer]:
        """What the network answers, by search where there is one."""
        with torch.no_grad():
            outputs, lengths, _ = net(data.inputs, data.input_lengths, data.targets)
            found = self.target.answers(outputs, lengths, DECODING, head=net.head)
            if self.target.search_width(DECODING) is not None:
                sought = self.target.search(net, data, found, DECODING)
                found = [Answer(output, a.scores) for output, a in zip(sought, found, strict=True)]
        return found

    def predictions(self, answers: list[Answer], examples: list[Example], nats: float) -> list[Prediction]:
        """Predictions for the examples of the batch, each symbol or value at the same cost."""
        made = []
        for answer, example in zip(answers, examples, strict=True):
            size = np.asarray(example.target).size
            text = self.target.text(answer.output, None)
            made.append(Prediction(example.id, answer.output, text, answer.scores, nats * size, size))
        return made


@dataclass(frozen=True)
class Computed:
    """Outputs (B, ...) of a network for a batch, and their lengths (B,)."""

    net: Network
    outputs: Tensor
    lengths: Tensor
    data: Batch

    def rows(self) -> Tensor:
        """The loss of each example."""
        data = self.data
        return self.net.target.loss_rows(
            self.outputs, self.lengths, data.targets, data.target_lengths, head=self.net.head
        )

    def one(self, row: int) -> Computed:
        """One example alone, without the padding that others need."""
        target, data, some = self.net.target, self.data, slice(row, row + 1)
        decoded = target.needs.reads == "decoder"
        size = int(data.target_lengths[row]) if decoded else int(self.lengths[row])
        outputs = self.outputs[some] if target.needs.reads == "summary" else self.outputs[some, :size]
        targets = data.targets[some]
        if target.layout.shape[:1] == (None,):
            targets = targets[:, : int(data.target_lengths[row])]
        alone = Batch(data.ids[some], data.inputs[some], data.input_lengths[some], targets, data.target_lengths[some])
        return Computed(self.net, outputs, self.lengths[some], alone)

    def padded(self, steps: int = 4) -> Computed:
        """The same with more padding, where outputs or targets have time, full of what means nothing."""
        target, data, outputs, targets = self.net.target, self.data, self.outputs, self.data.targets
        if target.needs.reads != "summary":
            noise = torch.randn(len(outputs), steps, *outputs.shape[2:], generator=torch.Generator().manual_seed(0))
            outputs = torch.cat((outputs, 50.0 * noise), 1)
        if target.layout.shape[:1] == (None,):
            targets = torch.cat((targets, targets[:, :1].expand(-1, steps, *targets.shape[2:])), 1)
        longer = Batch(data.ids, data.inputs, data.input_lengths, targets, data.target_lengths)
        return Computed(self.net, outputs, self.lengths, longer)


def subjects(target: type[Target]) -> list[TargetSubject]:
    """The target on each of its cases.

    Raises:
        AssertionError: it has none, so no clause would check anything.
    """
    found = [TargetSubject(case) for case in cases.of_target(target)]
    assert found, f"cases() of target '{target.name}' returns no case at all"
    return found
