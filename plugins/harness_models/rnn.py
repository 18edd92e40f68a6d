"""Elman network: a recurrent layer of tanh units, no gates (Elman 1990).

Source: J. L. Elman, "Finding Structure in Time", Cognitive Science 14, 1990. Orthogonal recurrent weights take the
place of his small random ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.nn.recurrent_model import RecurrentModel, RecurrentPlan

HARNESS_CONTRACT = 2


@dataclass
class RNN(RecurrentModel):
    """h_t = tanh(W x_t + U h_(t-1) + b). It decodes with the same cell."""

    name: ClassVar[str] = "rnn"

    def plan(self) -> RecurrentPlan:
        """See `RecurrentModel.plan`."""
        return RecurrentPlan("rnn", self.hidden_size, self.layers, self.dropout)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [RNN]
