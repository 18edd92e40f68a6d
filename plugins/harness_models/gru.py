"""GRU: a recurrent layer with two gates and no memory cell of its own (Cho et al. 2014).

Source: K. Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
Translation", 2014, eq. 5-8, in the form of torch and cuDNN: the reset gate multiplies U h_(t-1) + b, not h_(t-1), and
the update gate weighs the state before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.nn.recurrent_model import RecurrentModel, RecurrentPlan

HARNESS_CONTRACT = 2


@dataclass
class GRU(RecurrentModel):
    """A one-way GRU. It decodes with the same cell, started from the last state."""

    name: ClassVar[str] = "gru"

    def plan(self) -> RecurrentPlan:
        """See `RecurrentModel.plan`."""
        return RecurrentPlan("gru", self.hidden_size, self.layers, self.dropout)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [GRU]
