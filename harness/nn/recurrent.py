"""The recurrent layers for plug-ins: exact at every length, and never packed.

Packing bypasses the fused CPU kernel, and its backward pass is quadratic in T. Padded input is exact for the forward
direction, since padding comes after the real positions; the backward direction runs forward over input reversed by
length. The backend depends on device and cell (`harness.nn.layers`), and a run records it.
Axes: B batch, T time, D input features, H hidden size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from harness.contract.model import Encoder, EncoderOutput
from harness.errors import PluginError
from harness.nn.backends import Backed
from harness.nn.cells import KINDS, Kind, make_cell, state_dims
from harness.nn.dropout import Dropout, SequenceDropout
from harness.nn.gates import inner_of
from harness.nn.layers import Carry, backend_of, run_layer
from harness.nn.masking import last_valid, reverse_by_length
from harness.nn.step_cell import CellMaker


def check_sizes(hidden_size: int, layers: int = 1, dropout: float = 0.0) -> None:
    """Validate the options common to all recurrent models.

    Raises:
        ValueError: hidden_size or layers below 1, or dropout outside [0, 1); names the field and the value given.
    """
    for name, value in (("hidden_size", hidden_size), ("layers", layers)):
        if value < 1:
            raise ValueError(f"{name}={value}: must be at least 1")
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"dropout={dropout}: must be at least 0 and below 1")


class RecurrentOutput(NamedTuple):
    """What a `RecurrentStack` returns.

    Attributes:
        features: (B, T, H), or (B, T, 2H) if bidirectional; finite but meaningless at padded positions.
        summary: (B, H): the last layer's feature at the true last step; bidirectional (B, 2H): the last forward and
            the first backward feature. Zeros for a row of length 0.
        state: after the true last step of each row; None unless the state is carried.
    """

    features: Tensor
    summary: Tensor
    state: Carry | None


class RecurrentStack(nn.Module, Backed):
    """Recurrent layers of one kind over padded input.

    Sources: Elman 1990 (rnn, tanh); Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000 (lstm);
    Cho et al. 2014 (gru); Ba et al. 2016 (lstm_layernorm); Sak et al. 2014 (lstm_projection); Gers and Schmidhuber 2000
    (lstm_peephole); Schuster and Paliwal 1997 (bidirectional); dropout on the non-recurrent connections,
    Zaremba et al. 2014, eq. 6-9; residual connections between layers, Wu et al. 2016, eq. 6.

    Args:
        kind: the cell: a name, or the maker of one's own (`harness.nn.step_cell`).
        input_dim: D.
        hidden_size: H of each direction.
        layers: how many.
        bidirectional: concatenate a forward and a backward direction in every layer.
        dropout: on the input of every layer.
        residual: add a layer's input to its output, from the second layer on.
        carry: accept and return the state, taken at each row's own end.
        cells: for "lstm_projection" only: memory cells of a layer, projected to `hidden_size` features; None: twice
            `hidden_size`.
        variational: dropout with one mask for all steps of a sequence.

    Attributes:
        output_dim: of the features.
        state_dims: size of each part of the state: (H, H) for an LSTM.

    Raises:
        PluginError: an unknown kind, carried state with both directions, or cells without a projection.
        ValueError: sizes out of range.
    """

    def __init__(
        self,
        kind: Kind | CellMaker,
        input_dim: int,
        hidden_size: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        residual: bool = False,
        carry: bool = False,
        cells: int | None = None,
        variational: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(kind, CellMaker) and kind not in KINDS:
            raise PluginError(f"RecurrentStack has no kind '{kind}'; it has {', '.join(KINDS)}")
        if cells is not None and kind != "lstm_projection":
            raise PluginError(f"cells={cells} is for 'lstm_projection'; the cells of '{kind}' are its hidden size")
        if carry and bidirectional:
            raise PluginError("A bidirectional RecurrentStack reads the future, so it cannot carry state")
        check_sizes(hidden_size, layers, dropout)
        if cells is not None and cells < 1:
            raise ValueError(f"cells={cells}: must be at least 1")
        self.kind, self.hidden_size, self.layers = kind, hidden_size, layers
        self.residual, self.carries = residual, carry
        self.output_dim = hidden_size * (2 if bidirectional else 1)
        dims = [input_dim] + [self.output_dim] * (layers - 1)
        inner = 2 * hidden_size if cells is None else cells
        self.forward_layers = nn.ModuleList(make_cell(kind, dim, hidden_size, inner) for dim in dims)
        self.backward_layers = nn.ModuleList(make_cell(kind, dim, hidden_size, inner) for dim in dims if bidirectional)
        self.state_dims = state_dims(self.forward_layers[0])
        self.dropout = SequenceDropout(dropout) if variational else Dropout(dropout)

    @property
    def backend(self) -> str:
        """The layers' backend on their current device: "cuDNN", "oneDNN", "fused Python", or that of one's own cell."""
        return backend_of(self.forward_layers[0])

    def forward(
        self, x: Tensor, lengths: Tensor, state: Carry | None = None, gates: dict[str, Tensor] | None = None
    ) -> RecurrentOutput:
        """Run x (B, T, D) of true lengths (B,), from `state` (None: zeros).

        Args:
            x, lengths, state: as above.
            gates: filled, if given, with gates and cell states of every LSTM or GRU layer, (B, T, H) each, by names
                such as "layer_1.forget_gate", "layer_1.cell_state" and, of the other direction,
                "layer_1.backward.forget_gate". Cell states are found step by step, so this is slow.

        Raises:
            PluginError: a state was given to a stack that does not carry one.
        """
        if state is not None and not self.carries:
            raise PluginError("This RecurrentStack was built without carry=True, so it takes no state")
        if state is None and self.carries:
            state = tuple(x.new_zeros(x.shape[0], self.layers, size) for size in self.state_dims)
        ends: list[Carry] = []
        for index, cell in enumerate(self.forward_layers):
            inputs = self.dropout(x)
            if state is not None:
                y, end = run_layer(cell, inputs, tuple(part[:, index] for part in state), lengths)
                ends.append(end)
            else:
                y, _ = run_layer(cell, inputs, lengths=lengths, ends=False)  # (B, T, H)
            if gates is not None:
                begin = None if state is None else tuple(part[:, index] for part in state)
                found = inner_of(cell, inputs, y, begin)
                gates |= {f"layer_{index + 1}.{name}": gate for name, gate in found.items()}
            if self.backward_layers:
                behind = reverse_by_length(inputs, lengths)
                z, _ = run_layer(self.backward_layers[index], behind, lengths=lengths, ends=False)
                if gates is not None:
                    found = inner_of(self.backward_layers[index], behind, z, None)
                    gates |= {
                        f"layer_{index + 1}.backward.{name}": reverse_by_length(gate, lengths)
                        for name, gate in found.items()
                    }
                y = torch.cat((y, reverse_by_length(z, lengths)), dim=-1)  # (B, T, 2H)
            x = x + y if self.residual and index else y
        carried = tuple(torch.stack(parts, dim=1) for parts in zip(*ends, strict=True)) if ends else None
        return RecurrentOutput(x, self._summary(x, lengths), carried)

    def run(self, x: Tensor, state: Carry) -> tuple[Tensor, Carry]:
        """Run x (B, T, D), without padding, from `state`: features (B, T, H) and the state after the last step.

        For decoders, forward direction only.

        Raises:
            PluginError: the stack is bidirectional.
        """
        if self.backward_layers:
            raise PluginError("A bidirectional RecurrentStack cannot continue from a state")
        ends: list[Carry] = []
        for index, cell in enumerate(self.forward_layers):
            y, end = run_layer(cell, self.dropout(x), tuple(part[:, index] for part in state))
            ends.append(end)
            x = x + y if self.residual and index else y
        return x, tuple(torch.stack(parts, dim=1) for parts in zip(*ends, strict=True))

    def _summary(self, features: Tensor, lengths: Tensor) -> Tensor:
        if not self.backward_layers:
            return last_valid(features, lengths)
        ahead, back = features.split(self.hidden_size, dim=-1)
        empty = (lengths == 0).unsqueeze(1)
        return torch.cat((last_valid(ahead, lengths), back[:, 0].masked_fill(empty, 0.0)), dim=-1)  # (B, 2H)


class RecurrentEncoder(Encoder):
    """A `RecurrentStack` as an encoder: features, summary and, if carried, state are those of the stack."""

    def __init__(self, stack: RecurrentStack) -> None:
        super().__init__()
        self.stack = stack
        self.feature_dim = self.summary_dim = stack.output_dim

    def forward(self, x: Tensor, lengths: Tensor, state: Carry | None = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        out = self.stack(x, lengths, state)
        return EncoderOutput(out.features, lengths, out.summary, out.state)

    def explain(self, x: Tensor, lengths: Tensor, state: Carry | None = None) -> EncoderOutput:
        """As `forward`, with the gates and cell states of LSTM and GRU layers, (B, T, H) each."""
        gates: dict[str, Tensor] = {}
        out = self.stack(x, lengths, state, gates)
        return EncoderOutput(out.features, lengths, out.summary, out.state, explain=gates)


__all__ = ["Carry", "Kind", "RecurrentEncoder", "RecurrentOutput", "RecurrentStack", "check_sizes"]
