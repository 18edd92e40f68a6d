"""Stacked LSTM: several layers with residual connections and dropout between them.

Sources: A. Graves et al., "Speech Recognition with Deep Recurrent Neural Networks", 2013 (depth); W. Zaremba et al.,
"Recurrent Neural Network Regularization", 2014 (dropout on non-recurrent connections only); Y. Wu et al., "Google's
Neural Machine Translation System", 2016, section 3.1 (residual connections from the second layer on).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Capabilities, Decoder, Encoder, Model, hookimpl
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target
from harness.nn.decoder import RecurrentDecoder
from harness.nn.recurrent import RecurrentEncoder, RecurrentStack, check_sizes

HARNESS_CONTRACT = 2


@dataclass
class StackedLSTM(Model):
    """A one-way LSTM of several layers. It decodes with a stack of the same depth.

    Fields:
        hidden_size: units of each layer.
        layers: how many.
        dropout: on the input of every layer.
        residual: add each layer's input to its output, from the second layer on.
    """

    name: ClassVar[str] = "stacked_lstm"

    hidden_size: int = 256
    layers: int = 2
    dropout: float = 0.2
    residual: bool = True

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Causal; the state is carried where text is read in pieces."""
        text = signature.target_type.needs.streams
        return Capabilities(
            causal=True, carries_state=text, state_size=2 * self.layers * self.hidden_size if text else None
        )

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        return RecurrentEncoder(
            RecurrentStack(
                "lstm",
                input_spec.dim,
                self.hidden_size,
                self.layers,
                dropout=self.dropout,
                residual=self.residual,
                carry=target_spec.needs.streams,
            )
        )

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """A decoder of the same cell, hidden_size and depth, without attention."""
        return RecurrentDecoder(
            "lstm",
            embedding_dim,
            self.hidden_size,
            self.layers,
            memory_dim=encoder.feature_dim,
            summary_dim=encoder.summary_dim,
            dropout=self.dropout,
            residual=self.residual,
        )

    def tiny(self) -> StackedLSTM:
        """The same network with 16 units a layer."""
        return StackedLSTM(hidden_size=16, layers=self.layers, dropout=0.0, residual=self.residual)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [StackedLSTM]
