"""Bidirectional LSTM: every position sees its past and its future, so it cannot predict the next token.

Sources: M. Schuster and K. Paliwal, "Bidirectional Recurrent Neural Networks", 1997; A. Graves and J. Schmidhuber,
"Framewise Phoneme Classification with Bidirectional LSTM", 2005.
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
class BiLSTM(Model):
    """An LSTM in both directions, concatenated. A one-layer one-way LSTM decodes, started from both last states.

    Fields:
        hidden_size: units of both directions together (and of the decoder), so features are as wide as `lstm`'s; even.
        layers: how many.
        dropout: on the input of every layer.
    """

    name: ClassVar[str] = "bilstm"

    hidden_size: int = 256
    layers: int = 1
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)
        if self.hidden_size % 2:
            raise ValueError(f"hidden_size={self.hidden_size}: must be even, half of it for each direction")

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Reads the future: neither causal nor able to carry its state."""
        return Capabilities(causal=False, size_step=2)

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        return RecurrentEncoder(
            RecurrentStack(
                "lstm", input_spec.dim, self.hidden_size // 2, self.layers, bidirectional=True, dropout=self.dropout
            )
        )

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """A one-layer LSTM without attention."""
        return RecurrentDecoder(
            "lstm",
            embedding_dim,
            self.hidden_size,
            1,
            memory_dim=encoder.feature_dim,
            summary_dim=encoder.summary_dim,
            dropout=self.dropout,
        )

    def tiny(self) -> BiLSTM:
        """The same network with 16 units."""
        return BiLSTM(hidden_size=16, layers=self.layers, dropout=0.0)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [BiLSTM]
