"""`RecurrentModel`: all of a recurrent plug-in but its cell.

A model derives from it, adds the options of its own and says in `plan` which layers it is made of; what it promises,
its encoder and its decoder follow.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Self

from harness.contract.model import Capabilities, Decoder, Encoder, Model
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target
from harness.nn.cells import Kind, cell_states
from harness.nn.decoder import RecurrentDecoder
from harness.nn.recurrent import RecurrentEncoder, RecurrentStack, check_sizes
from harness.nn.step_cell import CellMaker


@dataclass(frozen=True)
class RecurrentPlan:
    """The layers of a recurrent model: the arguments of its `RecurrentStack`, and of its decoder's.

    Attributes:
        kind: the cell, by name or by its maker.
        hidden_size: features of all directions together, and of the decoder.
        layers: how many.
        dropout: on the input of every layer.
        bidirectional: read both ways, `hidden_size` / 2 features each; the decoder has one layer then.
        residual: add a layer's input to its output, from the second layer on.
        cells: of "lstm_projection", as for `RecurrentStack`.
        variational: dropout with one mask a sequence.
    """

    kind: Kind | CellMaker
    hidden_size: int
    layers: int = 1
    dropout: float = 0.0
    bidirectional: bool = False
    residual: bool = False
    cells: int | None = None
    variational: bool = False

    @property
    def state_size(self) -> int:
        """Numbers in the state of one row."""
        inner = 2 * self.hidden_size if self.cells is None else self.cells
        return self.layers * sum(cell_states(self.kind, self.hidden_size, inner))

    def stack(self, input_dim: int, carry: bool) -> RecurrentStack:
        """The layers over an input of `input_dim` features."""
        return RecurrentStack(
            self.kind,
            input_dim,
            self.hidden_size // 2 if self.bidirectional else self.hidden_size,
            self.layers,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            residual=self.residual,
            carry=carry,
            cells=self.cells,
            variational=self.variational,
        )

    def decoder(self, encoder: Encoder, embedding_dim: int) -> RecurrentDecoder:
        """Layers of the same cell, started from the encoder's summary, without attention."""
        return RecurrentDecoder(
            self.kind,
            embedding_dim,
            self.hidden_size,
            1 if self.bidirectional else self.layers,
            memory_dim=encoder.feature_dim,
            summary_dim=encoder.summary_dim,
            dropout=self.dropout,
            residual=self.residual,
            cells=self.cells,
            variational=self.variational,
        )


@dataclass
class RecurrentModel(Model):
    """Recurrent layers over embedded input, and a decoder of the same cell.

    Causal, with carried state where text is read in pieces, unless the plan is bidirectional. A subclass with more
    options checks them in a `__post_init__` that calls this one's.

    Fields:
        hidden_size: units.
        layers: how many.
        dropout: on the input of every layer.

    Raises:
        ValueError: a size or a rate out of range; names the field and the value given.
    """

    hidden_size: int = 256
    layers: int = 1
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)
        if self.plan().bidirectional and self.hidden_size % 2:
            raise ValueError(f"hidden_size={self.hidden_size}: must be even, half of it for each direction")

    @abstractmethod
    def plan(self) -> RecurrentPlan:
        """Which layers the options ask for."""

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """What follows from the plan."""
        plan = self.plan()
        if plan.bidirectional:  # reads the future: neither causal nor able to carry its state
            return Capabilities(causal=False, size_step=2)
        carries = signature.target_type.needs.streams
        return Capabilities(causal=True, carries_state=carries, state_size=plan.state_size if carries else None)

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The layers as an encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        plan = self.plan()
        return RecurrentEncoder(plan.stack(input_spec.dim, carry=target_spec.needs.streams and not plan.bidirectional))

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """A decoder of the same cell, without attention."""
        return self.plan().decoder(encoder, embedding_dim)

    def tiny(self) -> Self:
        """The same network with 16 units, without dropout."""
        return replace(self, hidden_size=16, dropout=0.0)
