"""The mean of all positions up to each one: a model without order, as a floor for those that have one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from harness import Capabilities, Encoder, EncoderOutput, Model, hookimpl
from harness.contract.model import State
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target

HARNESS_CONTRACT = 2


@dataclass
class Mean(Model):
    """A linear layer on the running mean of the input.

    Fields:
        hidden_size: of the features.
    """

    name: ClassVar[str] = "mean"

    hidden_size: int = 64

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """The mean reaches back only."""
        return Capabilities(causal=True)

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        return MeanEncoder(input_spec.dim, self.hidden_size)

    def tiny(self) -> Mean:
        """16 features."""
        return Mean(hidden_size=16)


class MeanEncoder(Encoder):
    """tanh(W mean(x[..t]) + b)."""

    def __init__(self, dim: int, hidden_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(2 * dim, hidden_size)
        self.feature_dim = self.summary_dim = hidden_size

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        steps = torch.arange(1, x.shape[1] + 1, device=x.device)
        mean = x.cumsum(1) / steps.unsqueeze(1)  # (B, T, D)
        features = torch.tanh(self.linear(torch.cat([x, mean], -1)))  # (B, T, H)
        summary = features[torch.arange(len(x), device=x.device), lengths - 1]  # (B, H)
        return EncoderOutput(features, lengths, summary)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The model of this plug-in."""
    return [Mean]
