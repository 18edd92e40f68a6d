"""Elman network: a recurrent layer of tanh units, no gates (Elman 1990).

Source: J. L. Elman, "Finding Structure in Time", Cognitive Science 14, 1990. Orthogonal recurrent weights take the
place of his small random ones.
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
class RNN(Model):
    """h_t = tanh(W x_t + U h_(t-1) + b). It decodes with the same cell.

    Fields:
        hidden_size: units.
        layers: how many.
        dropout: on the input of every layer.
    """

    name: ClassVar[str] = "rnn"

    hidden_size: int = 256
    layers: int = 1
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Causal; the state is carried where text is read in pieces."""
        text = signature.target_type.needs.streams
        return Capabilities(
            causal=True, carries_state=text, state_size=self.layers * self.hidden_size if text else None
        )

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        carry = target_spec.needs.streams
        return RecurrentEncoder(
            RecurrentStack("rnn", input_spec.dim, self.hidden_size, self.layers, dropout=self.dropout, carry=carry)
        )

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """A decoder of the same cell, hidden_size and depth, without attention."""
        return RecurrentDecoder(
            "rnn",
            embedding_dim,
            self.hidden_size,
            self.layers,
            memory_dim=encoder.feature_dim,
            summary_dim=encoder.summary_dim,
            dropout=self.dropout,
        )

    def tiny(self) -> RNN:
        """The same network with 16 units."""
        return RNN(hidden_size=16, layers=self.layers, dropout=0.0)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [RNN]
