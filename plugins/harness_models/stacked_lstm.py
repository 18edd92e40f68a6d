"""Stacked LSTM: several layers with residual connections and dropout between them.

Sources: A. Graves et al., "Speech Recognition with Deep Recurrent Neural Networks", 2013 (depth); W. Zaremba et al.,
"Recurrent Neural Network Regularization", 2014 (dropout on non-recurrent connections only); Y. Wu et al., "Google's
Neural Machine Translation System", 2016, section 3.1 (residual connections from the second layer on).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.nn.recurrent_model import RecurrentModel, RecurrentPlan

HARNESS_CONTRACT = 2


@dataclass
class StackedLSTM(RecurrentModel):
    """A one-way LSTM of several layers. It decodes with a stack of the same depth.

    Fields:
        hidden_size: units of each layer.
        residual: add each layer's input to its output, from the second layer on.
    """

    name: ClassVar[str] = "stacked_lstm"

    layers: int = 2
    dropout: float = 0.2
    residual: bool = True

    def plan(self) -> RecurrentPlan:
        """See `RecurrentModel.plan`."""
        return RecurrentPlan("lstm", self.hidden_size, self.layers, self.dropout, residual=self.residual)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [StackedLSTM]
