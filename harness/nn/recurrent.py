"""The one place through which recurrent plug-ins run: exact at every length, and never packed.

Packing leaves the fused CPU kernel and its backward pass is quadratic in T. Padded input is exact for a forward
pass, since padding comes after the real positions; a backward pass runs forward over input reversed by length.
Axes: B batch, T time, D input features, H width.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from harness.errors import PluginError
from harness.model import Encoder, EncoderOutput
from harness.nn.initialisation import initialise_recurrent
from harness.nn.masking import last_valid, reverse_by_length

Kind = Literal["rnn", "lstm", "gru"]
Carry = tuple[Tensor, ...]
"""Recurrent state, batch first: (h, c) for an LSTM, (h,) otherwise, each (B, layers, H)."""

_CELLS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


def check_sizes(width: int, layers: int = 1, dropout: float = 0.0) -> None:
    """Validate what every recurrent model is configured with.

    Raises:
        ValueError: width or layers below 1, or dropout outside [0, 1); names the field and the value given.
    """
    for name, value in (("width", width), ("layers", layers)):
        if value < 1:
            raise ValueError(f"{name}={value}: must be at least 1")
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"dropout={dropout}: must be at least 0 and below 1")


class RecurrentOutput(NamedTuple):
    """What a `RecurrentStack` returns.

    Attributes:
        features: (B, T, H), or (B, T, 2H) where bidirectional; finite and meaningless at padded positions.
        summary: (B, H): the last layer's feature at the true last step; bidirectional (B, 2H): the last forward and
            the first backward feature. Zeros for a row of length 0.
        state: after the true last step of each row; None unless the state is carried.
    """

    features: Tensor
    summary: Tensor
    state: Carry | None


class RecurrentStack(nn.Module):
    """Recurrent layers of one kind over padded input.

    Sources: Elman 1990 (rnn, tanh); Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000 (lstm);
    Cho et al. 2014 (gru); Schuster and Paliwal 1997 (bidirectional); dropout on the non-recurrent connections,
    Zaremba et al. 2014, eq. 6-9; residual connections between layers, Wu et al. 2016, eq. 6.

    Args:
        kind: the cell.
        input_dim: D.
        width: H of each direction.
        layers: how many.
        bidirectional: concatenate a forward and a backward pass in every layer.
        dropout: on the input of every layer.
        residual: add a layer's input to its output, from the second layer on.
        carry: return the state, and accept it. A batch of unequal lengths then costs one kernel call for each
            distinct length instead of one in all, since the state must be the one at each row's own end.

    Raises:
        PluginError: a kind that does not exist, or a state carried by both directions.
        ValueError: sizes out of range.
    """

    def __init__(
        self,
        kind: Kind,
        input_dim: int,
        width: int,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        residual: bool = False,
        carry: bool = False,
    ) -> None:
        super().__init__()
        if kind not in _CELLS:
            raise PluginError(f"RecurrentStack has no kind '{kind}'; it has {', '.join(_CELLS)}")
        if carry and bidirectional:
            raise PluginError("A bidirectional RecurrentStack reads the future, so it can carry no state")
        check_sizes(width, layers, dropout)
        self.kind, self.width, self.layers = kind, width, layers
        self.residual, self.carries = residual, carry
        self.output_dim = width * (2 if bidirectional else 1)
        dims = [input_dim] + [self.output_dim] * (layers - 1)
        self.forward_layers = nn.ModuleList(_layer(kind, dim, width) for dim in dims)
        self.backward_layers = nn.ModuleList(_layer(kind, dim, width) for dim in dims if bidirectional)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, lengths: Tensor, state: Carry | None = None) -> RecurrentOutput:
        """Run x (B, T, D) of true lengths (B,), from `state` (None: zeros).

        Raises:
            PluginError: a state was given to a stack that carries none.
        """
        if state is not None and not self.carries:
            raise PluginError("This RecurrentStack was built without carry=True, so it takes no state")
        if state is None and self.carries:
            shape = (x.shape[0], self.layers, self.width)
            state = tuple(x.new_zeros(shape) for _ in range(2 if self.kind == "lstm" else 1))
        ends: list[Carry] = []
        for index, cell in enumerate(self.forward_layers):
            inputs = self.dropout(x)
            if state is not None:
                y, end = _run_to_true_ends(cell, inputs, lengths, tuple(part[:, index] for part in state))
                ends.append(end)
            else:
                y, _ = _run(cell, inputs, None)  # (B, T, H)
            if self.backward_layers:
                z, _ = _run(self.backward_layers[index], reverse_by_length(inputs, lengths), None)
                y = torch.cat((y, reverse_by_length(z, lengths)), dim=-1)  # (B, T, 2H)
            x = x + y if self.residual and index else y
        carried = tuple(torch.stack(parts, dim=1) for parts in zip(*ends, strict=True)) if ends else None
        return RecurrentOutput(x, self._summary(x, lengths), carried)

    def run(self, x: Tensor, state: Carry) -> tuple[Tensor, Carry]:
        """Run x (B, T, D), all of it real, on from `state`: features (B, T, H) and the state after the last step.

        For decoders, forward direction only.

        Raises:
            PluginError: the stack is bidirectional.
        """
        if self.backward_layers:
            raise PluginError("A bidirectional RecurrentStack cannot be run on from a state")
        ends: list[Carry] = []
        for index, cell in enumerate(self.forward_layers):
            y, end = _run(cell, self.dropout(x), tuple(part[:, index] for part in state))
            ends.append(end)
            x = x + y if self.residual and index else y
        return x, tuple(torch.stack(parts, dim=1) for parts in zip(*ends, strict=True))

    def _summary(self, features: Tensor, lengths: Tensor) -> Tensor:
        if not self.backward_layers:
            return last_valid(features, lengths)
        ahead, back = features.split(self.width, dim=-1)
        empty = (lengths == 0).unsqueeze(1)
        return torch.cat((last_valid(ahead, lengths), back[:, 0].masked_fill(empty, 0.0)), dim=-1)  # (B, 2H)


class RecurrentEncoder(Encoder):
    """A `RecurrentStack` as an encoder: features, summary and, where carried, state are the stack's own."""

    def __init__(self, stack: RecurrentStack) -> None:
        super().__init__()
        self.stack = stack
        self.feature_dim = self.summary_dim = stack.output_dim

    def forward(self, x: Tensor, lengths: Tensor, state: Carry | None = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        out = self.stack(x, lengths, state)
        return EncoderOutput(out.features, lengths, out.summary, out.state)


def _layer(kind: str, input_dim: int, width: int) -> nn.RNNBase:
    layer = _CELLS[kind](input_dim, width, batch_first=True)
    initialise_recurrent(layer)
    return layer


def _run(cell: nn.Module, x: Tensor, start: Carry | None) -> tuple[Tensor, Carry]:
    """One layer over x (B, T, D) from the state (B, H) each: features (B, T, H) and the state after the last step."""
    exact = next(cell.parameters()).dtype
    hidden: Tensor | Carry | None = None
    if start is not None and x.shape[1] == 1 and isinstance(cell, nn.LSTM) and x.device.type == "cpu":
        # The fused layer packs its weights anew at every call, which doubles the cost of a single step.
        h, c = torch.lstm_cell(x[:, 0], start, *cell.parameters())
        return h.unsqueeze(1), (h, c)
    if start is not None:
        parts = tuple(part.unsqueeze(0).to(exact).contiguous() for part in start)  # (1, B, H) each
        hidden = parts if isinstance(cell, nn.LSTM) else parts[0]
    if not isinstance(cell, nn.LSTM) and x.device.type == "cpu":
        # Only the LSTM has a fused bf16 kernel on CPU: the others get slower under autocast, so they stay in fp32.
        with torch.autocast("cpu", enabled=False):
            y, end = cell(x.to(exact), hidden)
    else:
        y, end = cell(x, hidden)
    return y, tuple(part[0] for part in end) if isinstance(end, tuple) else (end[0],)


def _run_to_true_ends(cell: nn.Module, x: Tensor, lengths: Tensor, start: Carry) -> tuple[Tensor, Carry]:
    """Like `_run`, with the state of every row taken at its own length; a row of length 0 keeps its state.

    Equal lengths are one kernel call. Otherwise time is cut at every distinct length, and each piece runs the rows
    that reach its end: linear in T, forward and backward, where packed sequences are quadratic on CPU.
    """
    batch, size, _ = x.shape
    cuts = [cut for cut in torch.unique(lengths).tolist() if cut > 0]
    if cuts == [size] and int(lengths.min()) == size:
        return _run(cell, x, start)
    order = lengths.argsort(descending=True, stable=True)
    x, state = x[order], tuple(part[order] for part in start)  # longest first
    pieces: list[Tensor] = []
    begin = 0
    for cut in cuts:
        rows = int((lengths >= cut).sum())
        y, end = _run(cell, x[:rows, begin:cut], tuple(part[:rows] for part in state))
        state = tuple(torch.cat((new.to(old.dtype), old[rows:])) for new, old in zip(end, state, strict=True))
        pieces.append(nn.functional.pad(y, (0, 0, 0, 0, 0, batch - rows)))  # (B, cut - begin, H)
        begin = cut
    pieces.append(x.new_zeros(batch, size - begin, state[0].shape[-1]))
    back = order.argsort()
    return torch.cat(pieces, dim=1)[back], tuple(part[back] for part in state)
