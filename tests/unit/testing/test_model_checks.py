"""Each clause of the model contract catches a model that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from harness.model import Capabilities, Encoder, EncoderOutput, Model
from harness.specs import ClassTarget, ModelInput, NextTokenTarget, TargetSpec, TaskSignature
from harness.testing import cases, model_checks
from harness.testing.cases import Case

CLASSES = next(c for c in cases.CASES if isinstance(c.target, ClassTarget) and "Frame" in c.name)
TEXT = next(c for c in cases.CASES if isinstance(c.target, NextTokenTarget))


class RunningSum(Encoder):
    """Features are sums over the past of a projection: simple, causal, with a state."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.feature_dim = self.summary_dim = 16
        self.linear = nn.Linear(dim, 16)
        self.fault = ""

    def forward(self, x: Tensor, lengths: Tensor, state: Any = None) -> EncoderOutput:
        projected = torch.tanh(self.linear(x))
        past = torch.zeros_like(projected[:, 0]) if state is None or self.fault == "forgets" else state[0]
        past = past.T if self.fault == "time first" and state is not None else past
        features = projected.cumsum(1) + past.unsqueeze(1)
        match self.fault:
            case "sees the future":
                features = features + projected.sum(1, keepdim=True)
            case "sees the neighbours":
                features = features + 0.01 * features.mean(0, keepdim=True)
        rows = torch.arange(len(x))
        summary = features[rows, lengths - 1]
        match self.fault:
            case "reads the padding":
                summary = features[:, -1]
            case "wrong lengths":
                lengths = torch.full_like(lengths, x.shape[1])
            case "wrong width":
                summary = summary[:, :8]
            case "cuts the gradient":
                features, summary = features.detach(), summary.detach()
            case "time first":
                return EncoderOutput(features, lengths, summary, (features[rows, lengths - 1].T,))
        return EncoderOutput(features, lengths, summary, (features[rows, lengths - 1],))


@dataclass
class Faulty(Model):
    """A running sum with one fault."""

    name: ClassVar[str] = "faulty"
    fault: str = ""
    causal: bool = True

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        # Carried state is declared where it works, for text.
        return Capabilities(causal=self.causal, carries_state=signature.target_type is NextTokenTarget)

    def build(self, input_spec: ModelInput, target_spec: TargetSpec) -> Encoder:
        encoder = RunningSum(16)
        encoder.fault = self.fault
        if self.fault == "unused parameter":
            encoder.extra = nn.Linear(2, 2)
        if self.fault == "own randomness":
            encoder.linear.bias.data = torch.rand(16, generator=torch.Generator().manual_seed(id(encoder) % 2**31))
        return encoder

    def tiny(self) -> Model:
        return self


@pytest.mark.parametrize("check", model_checks.CHECKS, ids=lambda c: c.__name__)
def test_a_sound_model_passes(check: Callable[[Model, Case], None]) -> None:
    for case in (CLASSES, TEXT):
        if check is not model_checks.overfitting:  # a sum has too little to learn with
            check(Faulty(), case)


@pytest.mark.parametrize(
    ("fault", "case", "check", "message"),
    [
        ("wrong lengths", CLASSES, model_checks.shapes, r"EncoderOutput\.lengths: expected"),
        ("wrong width", TEXT, model_checks.shapes, r"shape of summary: expected \(4, 16\), found \(4, 8\)"),
        ("reads the padding", CLASSES, model_checks.padding_invariance, "padding changes the summary"),
        ("reads the padding", CLASSES, model_checks.batch_invariance, "other rows of the batch change the summary"),
        ("sees the neighbours", TEXT, model_checks.batch_invariance, "other rows of the batch change the features"),
        ("sees the future", TEXT, model_checks.causality, "declared causal, but features change"),
        ("forgets", TEXT, model_checks.carried_state, "chunks of 1 with carried state differ"),
        ("time first", TEXT, model_checks.carried_state, "the batch comes first"),
        ("unused parameter", CLASSES, model_checks.gradients, "'encoder.extra.weight' gets no gradient"),
        ("cuts the gradient", CLASSES, model_checks.gradients, "gets no gradient"),
        ("own randomness", CLASSES, model_checks.seeding, "the same seed gives other weights: encoder.linear.bias"),
        ("cuts the gradient", TEXT, model_checks.overfitting, "steps on one batch bring the loss from"),
    ],
    ids=lambda v: v if isinstance(v, str) and v.islower() else getattr(v, "__name__", ""),
)
def test_a_fault_is_found(fault: str, case: Case, check: Callable[..., None], message: str) -> None:
    options = {"steps": 5} if check is model_checks.overfitting else {}
    with pytest.raises(AssertionError, match=message):
        check(Faulty(fault), case, **options)


def test_a_causal_model_that_does_not_say_so_is_told() -> None:
    with pytest.raises(AssertionError, match="declare it"):
        model_checks.causality(Faulty(causal=False), TEXT)
