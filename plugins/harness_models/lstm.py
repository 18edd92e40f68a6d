"""LSTM: one layer of gated memory cells, the reference that the other models are measured against.

Sources: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9, 1997; forget gate: F. Gers
et al. 2000; encoder and decoder: I. Sutskever et al., "Sequence to Sequence Learning with Neural Networks", 2014.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.nn.recurrent_model import RecurrentModel, RecurrentPlan

HARNESS_CONTRACT = 2


@dataclass
class LSTM(RecurrentModel):
    """A one-way LSTM. It decodes with the same cell, started from the last state."""

    name: ClassVar[str] = "lstm"

    def plan(self) -> RecurrentPlan:
        """See `RecurrentModel.plan`."""
        return RecurrentPlan("lstm", self.hidden_size, self.layers, self.dropout)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [LSTM]
