"""A target that breaks one promise is caught by the clause about it: each clause has something that it catches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.contract.metric import Metric
from harness.contract.specs import FrameInput, InputSpec
from harness.contract.target import Answer, Layout
from harness.contract.target_context import HeadContext
from harness.metrics.ratios import total
from harness.nn.heads import LinearHead
from harness.nn.losses import cross_entropy_rows
from harness.targets import TaggingTarget
from harness.testing import target_checks
from harness.testing.examination import examine
from harness.testing.target_subject import subjects

HARNESS_CONTRACT = 2
BACKWARDS = Metric(
    "backwards",
    "tags",
    higher_is_better=True,
    statistics=lambda p, e: {"wrong": sum(a != b for a, b in zip(p.output, e.target, strict=True))},
    aggregate=lambda rows: total(rows, "wrong"),
)
UNDEFINED = Metric(
    "undefined",
    "tags",
    higher_is_better=True,
    statistics=lambda p, e: {"right": int(p.output == e.target.tolist())},  # an answer as long as the target
    aggregate=lambda rows: 1.0 if all(row["right"] for row in rows) else float("nan"),
)


@dataclass(frozen=True)
class Faulty(TaggingTarget):
    """Tagging, but for one fault."""

    fault: ClassVar[str] = ""

    @property
    def layout(self) -> Layout:
        return Layout((None, 2) if self.fault == "other layout" else (None,))

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> Any:
        return TaggingTarget(size) if cls.fault == "makes another" else cls(size)

    def head(self, context: HeadContext) -> nn.Module:
        rate = 0.0 if self.fault == "no dropout" else context.options.head_dropout
        head = LinearHead(context.feature_dim, self.num_classes, rate)
        if self.fault == "idle parameter":
            head.idle = nn.Parameter(torch.zeros(3))
        return head

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, steps, self.num_classes + (self.fault == "other shape"))

    def loss_rows(
        self, outputs: Tensor, output_lengths: Tensor, targets: Tensor, target_lengths: Tensor, **_: Any
    ) -> Any:
        rows = cross_entropy_rows(outputs, targets, target_lengths)
        match self.fault:
            case "mean":
                return rows.mean()
            case "padding":
                return rows + outputs.square().flatten(1).sum(1)
            case "mixing":
                return rows + rows.mean()
            case "upside down":
                return -rows + 10 * rows.clamp(max=100)
        return rows

    def training_loss(
        self, head: Any, features: Tensor, output_lengths: Tensor, batch: Any, smoothing: float = 0
    ) -> Any:
        mean, total, count = super().training_loss(head, features, output_lengths, batch, smoothing)
        return (2 * mean if self.fault == "another loss" else mean), total, count

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Any, *, head: Any = None) -> list[Answer]:
        found = super().answers(outputs, lengths, decoding)
        match self.fault:
            case "tensors":
                return [Answer(torch.tensor(a.output)) for a in found]
            case "padded answers":
                return [Answer(row) for row in outputs.argmax(-1).tolist()]
            case "wrong answers":
                return [Answer([2 - tag for tag in a.output]) for a in found]
        return found

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        return None if self.fault == "accepts all" else super().problem(target, steps)

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        return {"metric upside down": (BACKWARDS,), "NaN for wrong answers": (UNDEFINED,)}.get(cls.fault, ())

    def charts(self, predictions: Any, examples: Any) -> dict[str, Any]:
        return {"confusion": np.zeros(3)} if self.fault == "arrays in charts" else {}

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, Any], ...]:
        return ((FrameInput(5), cls(3)),)


def broken(target: type[Faulty], *clauses: str) -> dict[str, str]:
    """Message by clause that fails; only these clauses are checked, or all."""
    (subject,) = subjects(target)
    found = [examine(one, subject) for one in target_checks.CLAUSES if not clauses or one.name in clauses]
    return {f.clause: f.message for f in found if f.held is False}


def test_without_a_fault_every_clause_holds() -> None:
    assert broken(Faulty) == {}


@pytest.mark.parametrize(
    ("fault", "clause", "message"),
    [
        ("makes another", "target_declarations", "made_up"),
        ("other layout", "targets", "the layout of one is"),
        ("accepts all", "targets", "does not refuse"),
        ("other shape", "outputs", "shape of the outputs"),
        ("mean", "loss_totals", "shape of loss_rows"),
        ("padding", "loss_padding", "padding changes the loss"),
        ("mixing", "loss_batching", "the other rows of the batch change"),
        ("another loss", "training", "not its total over its count"),
        ("idle parameter", "head_gradients", "idle: no gradient"),
        ("no dropout", "head_dropout", "changes nothing"),
        ("tensors", "answers", "is no JSON"),
        ("padded answers", "answers", "with more padding"),
        ("metric upside down", "metrics", "'backwards' gives perfect answers"),
        ("NaN for wrong answers", "metrics", "'undefined' of wrong answers is nan"),
        ("arrays in charts", "charts", "is no JSON"),
        ("wrong answers", "decoding", "expected"),
    ],
)
def test_a_fault_is_caught(fault: str, clause: str, message: str) -> None:
    found = broken(type("Faulty", (Faulty,), {"fault": fault}), clause)
    assert clause in found
    assert message in found[clause]


def test_every_clause_of_targets_catches_something() -> None:
    caught = {row[1] for mark in test_a_fault_is_caught.pytestmark for row in mark.args[1]}
    assert {one.name for one in target_checks.CLAUSES} - {"contract_version"} <= caught
