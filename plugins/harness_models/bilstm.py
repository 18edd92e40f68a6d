"""Bidirectional LSTM: every position sees its past and its future, so it cannot predict the next token.

Sources: M. Schuster and K. Paliwal, "Bidirectional Recurrent Neural Networks", 1997; A. Graves and J. Schmidhuber,
"Framewise Phoneme Classification with Bidirectional LSTM", 2005.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.nn.recurrent_model import RecurrentModel, RecurrentPlan

HARNESS_CONTRACT = 2


@dataclass
class BiLSTM(RecurrentModel):
    """An LSTM in both directions, concatenated. A one-layer one-way LSTM decodes, started from both last states.

    Fields:
        hidden_size: units of both directions together (and of the decoder), so features are as wide as `lstm`'s; even.
    """

    name: ClassVar[str] = "bilstm"

    def plan(self) -> RecurrentPlan:
        """See `RecurrentModel.plan`."""
        return RecurrentPlan("lstm", self.hidden_size, self.layers, self.dropout, bidirectional=True)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [BiLSTM]
