"""One recurrent layer over padded input with the fastest backend of its device, exact at every length.

Nothing is packed: on CPU that would bypass the fused kernel, and on a GPU it needs lengths on the host. Padding comes
after the real positions, so features are exact without further care; the state at each row's own end is taken from the
features (h) or held through the padding (c). If much of a batch on CPU is padding, time is cut into pieces, each run
with the rows that have not ended. Axes: B batch, T time, D input features, H hidden size.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

from harness.nn.backends import FUSED, library_backend
from harness.nn.cells import fused, input_gates, state_dims
from harness.nn.kernels.recurrence import recur
from harness.nn.masking import last_valid, length_mask, zero_padding
from harness.nn.pieces import Piece, plan
from harness.nn.scanned import scan_layer
from harness.nn.step_cell import SequenceCell

Carry = tuple[Tensor, ...]
"""Recurrent state, batch first: (h, c) for an LSTM, (h,) otherwise, each (B, layers, H)."""

HOLD = 2.0**14
"""Saturates a gate: sigmoid(HOLD) is 1 and sigmoid(-HOLD) is 0 to the last digit, in every type."""
_ALIGNED = 8
"""Columns are padded to a multiple of this, since products of other sizes are slow in bfloat16 on a GPU."""


def backend_of(cell: nn.Module) -> str:
    """A layer's backend on its current device."""
    if isinstance(cell, SequenceCell):
        return cell.backend
    return library_backend(type(cell), next(cell.parameters())) or FUSED


def run_layer(
    cell: nn.Module, x: Tensor, start: Carry | None = None, lengths: Tensor | None = None, ends: bool = True
) -> tuple[Tensor, Carry]:
    """Run one layer of `harness.nn.cells` over x (B, T, D).

    Args:
        cell: the layer, or one of one's own (`harness.nn.step_cell`).
        x: finite at padding.
        start: the state before the first step, (B, H) each; None: zeros.
        lengths: (B,); None: all T.
        ends: whether the state at every row's own end is needed; if not, the second result is meaningless.

    Returns:
        Features (B, T, H), meaningless at padding, and the state after the last step; a row of length 0 keeps its
        start.
    """
    if x.shape[1] == 0:
        begin = _zeros(cell, x) if start is None else start
        return x.new_zeros(x.shape[0], 0, state_dims(cell)[0]), begin
    if torch.compiler.is_exporting():
        return scan_layer(cell, x, _zeros(cell, x) if start is None else start, lengths if ends else None)
    if isinstance(cell, SequenceCell):
        return _run_own(cell, x, start, lengths if ends else None)
    pieces = None
    if lengths is not None and lengths.device.type == "cpu":  # reading them from a GPU would make the host wait
        known = lengths.tolist()
        pieces = plan(known, x.shape[1], sum(parameter.numel() for parameter in cell.parameters()))
        if min(known, default=x.shape[1]) == x.shape[1]:
            lengths = None
    if pieces is None:
        y, state = _run_whole(cell, x, start, lengths if ends else None)
    else:
        assert lengths is not None
        y, state = _run_in_pieces(cell, x, _zeros(cell, x) if start is None else start, lengths, pieces, ends)
    # Dropout draws in memory order, which must not depend on how the state was computed.
    return (y.contiguous() if ends and lengths is not None else y), state


def _run_own(cell: SequenceCell, x: Tensor, start: Carry | None, lengths: Tensor | None) -> tuple[Tensor, Carry]:
    exact = next(cell.parameters()).dtype
    begin = _zeros(cell, x) if start is None else tuple(part.to(exact) for part in start)
    y, state = cell.run(x, begin, lengths)
    return y, state


def _run_whole(cell: nn.Module, x: Tensor, start: Carry | None, lengths: Tensor | None) -> tuple[Tensor, Carry]:
    if backend_of(cell) == FUSED:
        return _run_fused(cell, x, start, lengths)
    if lengths is None:
        return _run_library(cell, x, start)
    return _run_library_to_true_ends(cell, x, _zeros(cell, x) if start is None else start, lengths)


def _run_in_pieces(
    cell: nn.Module, x: Tensor, start: Carry, lengths: Tensor, pieces: list[Piece], ends: bool
) -> tuple[Tensor, Carry]:
    order = lengths.argsort(descending=True, stable=True)
    state = tuple(part[order] for part in start)  # longest first
    made: list[Tensor] = []
    for begin, end, rows in pieces:
        chosen = order[:rows]
        inside = (lengths[chosen] - begin).clamp(max=end - begin) if ends else None
        y, after = _run_whole(
            cell, x[:, begin:end].index_select(0, chosen), tuple(part[:rows] for part in state), inside
        )
        state = tuple(torch.cat((new.to(old.dtype), old[rows:])) for new, old in zip(after, state, strict=True))
        made.append(nn.functional.pad(y, (0, 0, 0, 0, 0, x.shape[0] - rows)))  # (B, end - begin, H)
    made.append(made[0].new_zeros(x.shape[0], x.shape[1] - pieces[-1].end, made[0].shape[2]))
    back = order.argsort()
    return torch.cat(made, dim=1).index_select(0, back), tuple(part[back] for part in state)


def _run_fused(cell: nn.Module, x: Tensor, start: Carry | None, lengths: Tensor | None) -> tuple[Tensor, Carry]:
    exact = next(cell.parameters()).dtype
    begin = tuple(part.to(exact) for part in (_zeros(cell, x) if start is None else start))
    plan = fused(cell)
    gates = input_gates(cell, x.transpose(0, 1).flatten(0, 1))  # (T B, G)
    y, ends = recur(plan.kernel, gates, x.shape[1], begin, plan.weights, lengths)
    return y.transpose(0, 1), ends


def _run_library(cell: nn.Module, x: Tensor, start: Carry | None) -> tuple[Tensor, Carry]:
    if start is not None and x.shape[1] == 1 and isinstance(cell, nn.LSTM) and x.device.type == "cpu":
        # The fused layer repacks its weights at every call, which doubles the cost of a single step.
        h, c = torch.lstm_cell(x[:, 0], start, *cell.parameters())
        return h.unsqueeze(1), (h, c)
    hidden: Tensor | Carry | None = None
    if start is not None:
        parts = _library_state(cell, start)
        hidden = parts if isinstance(cell, nn.LSTM) else parts[0]
    y, end = cell(x, hidden)
    return y, tuple(part[0] for part in end) if isinstance(end, tuple) else (end[0],)


def _run_library_to_true_ends(cell: nn.Module, x: Tensor, start: Carry, lengths: Tensor) -> tuple[Tensor, Carry]:
    """With one kernel call and no synchronisation between device and host.

    A library kernel returns the cell state only at T. An extra input that is 1 at padding opens the forget gate and
    closes the input gate there, so that c passes through the padding unchanged: c * 1 + g * 0. The gradients there are
    0 as well.
    """
    if not isinstance(cell, nn.LSTM):
        y, _ = _run_library(cell, x, start)
        return y, (_at_true_end(y, start[0], lengths),)
    from_input, *others = cell.parameters()
    size = cell.hidden_size
    hold = torch.zeros_like(from_input[:, :1])
    hold[:size], hold[size : 2 * size] = -HOLD, HOLD
    further = (0, _ALIGNED - 1)
    weights = (torch.cat((from_input, nn.functional.pad(hold, further)), dim=1), *others)
    padding = ~length_mask(lengths, x.shape[1]).unsqueeze(-1)  # (B, T, 1)
    inputs = torch.cat((zero_padding(x, lengths), nn.functional.pad(padding.to(x.dtype), further)), dim=-1)
    with warnings.catch_warnings():
        # cuDNN copies weights that are not contiguous, and warns about it.
        warnings.filterwarnings("ignore", message="RNN module weights are not part of single contiguous chunk")
        y, _, c = torch.lstm(
            inputs, _library_state(cell, start), weights, True, 1, 0.0, cell.training, False, True
        )  # biases, layers, dropout, training, bidirectional, batch first
    return y, (_at_true_end(y, start[0], lengths), c[0])


def _at_true_end(y: Tensor, start: Tensor, lengths: Tensor) -> Tensor:
    """Features (B, H) of y (B, T, H) at the last real position; the start (B, H) if there is none."""
    return torch.where((lengths == 0).unsqueeze(1), start, last_valid(y, lengths).to(start.dtype))


def _library_state(cell: nn.Module, start: Carry) -> Carry:
    exact = next(cell.parameters()).dtype
    return tuple(part.unsqueeze(0).to(exact).contiguous() for part in start)  # (1, B, H) each


def _zeros(cell: nn.Module, x: Tensor) -> Carry:
    exact = next(cell.parameters()).dtype
    return tuple(x.new_zeros(x.shape[0], size, dtype=exact) for size in state_dims(cell))
