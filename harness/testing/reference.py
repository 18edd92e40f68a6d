"""The encoder with which task clauses train: a straight way and a recurrent one, both small.

The straight way carries the scale of the input through to the output, so that inputs of wild size show in the loss;
the recurrent way can learn what depends on order.

Axes: B batch, T input time, D embedding, H width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from harness.contract.model import Capabilities, Encoder, EncoderOutput, Model, State
from harness.contract.specs import EmbeddedInput, ModelInput, TargetSpec, TaskSignature
from harness.nn.masking import last_valid
from harness.nn.recurrent import RecurrentStack

HARNESS_CONTRACT = 2


@dataclass
class Reference(Model):
    """features_t = W [x_t, mean(x_1..x_t), h_t] with h from a GRU; the summary is the last of them.

    Fields:
        width: H.
    """

    name: ClassVar[str] = "reference"

    width: int = 32

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Reads the past only, so it fits every task."""
        return Capabilities(causal=True)

    def build(self, input_spec: ModelInput, target_spec: TargetSpec) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        return ReferenceEncoder(input_spec.dim, self.width)

    def tiny(self) -> Reference:
        """16 units."""
        return Reference(width=16)


class ReferenceEncoder(Encoder):
    """As `Reference` says."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.feature_dim = self.summary_dim = width
        self.stack = RecurrentStack("gru", dim, width)
        self.mix = nn.Linear(2 * dim + width, width)

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        steps = torch.arange(1, x.shape[1] + 1, device=x.device).unsqueeze(1)
        seen = torch.cat((x, x.cumsum(1) / steps, self.stack(x, lengths).features), dim=-1)  # (B, T, 2D + H)
        features = self.mix(seen)  # (B, T, H)
        return EncoderOutput(features, lengths, last_valid(features, lengths))
