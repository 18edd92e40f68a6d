"""The encoder with which task clauses train: a straight way and a recurrent one, both small.

The straight way carries the scale of the input through to the output, so that inputs of wild size show in the loss;
the recurrent way can learn what depends on order.

Axes: B batch, T input time, D embedding, H hidden_size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from harness.contract.model import Capabilities, Encoder, EncoderOutput, Model, State
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target
from harness.nn.masking import last_valid
from harness.nn.recurrent import RecurrentStack

HARNESS_CONTRACT = 2


@dataclass
class ReferenceModel(Model):
    """features_t = W [x_t, mean(x_1..x_t), h_t] with h from a GRU; the summary is the last of them.

    Fields:
        hidden_size: H.
    """

    name: ClassVar[str] = "reference"

    hidden_size: int = 32

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Reads the past only, so it fits every task."""
        return Capabilities(causal=True)

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        return ReferenceEncoder(input_spec.dim, self.hidden_size)

    def tiny(self) -> ReferenceModel:
        """16 units."""
        return ReferenceModel(hidden_size=16)


class ReferenceEncoder(Encoder):
    """As `ReferenceModel` says."""

    def __init__(self, dim: int, hidden_size: int) -> None:
        super().__init__()
        self.feature_dim = self.summary_dim = hidden_size
        self.stack = RecurrentStack("gru", dim, hidden_size)
        self.mix = nn.Linear(2 * dim + hidden_size, hidden_size)

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        steps = torch.arange(1, x.shape[1] + 1, device=x.device).unsqueeze(1)
        seen = torch.cat((x, x.cumsum(1) / steps, self.stack(x, lengths).features), dim=-1)  # (B, T, 2D + H)
        features = self.mix(seen)  # (B, T, H)
        return EncoderOutput(features, lengths, last_valid(features, lengths))
