"""The cells a `RecurrentStack` is built from: their parameters, and the arguments of their fused kernels.

`nn.RNN`, `nn.LSTM` and `nn.GRU` keep their own parameters, so that checkpoints do not depend on the backend.
Axes: B batch, T time, D input features, H cells, R features.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor, nn

from harness.nn.initialisation import initialise_gates, initialise_recurrent
from harness.nn.kernels.elman import ElmanKernel
from harness.nn.kernels.gru import GRUKernel
from harness.nn.kernels.lstm import LSTMKernel
from harness.nn.kernels.lstm_layernorm import EPSILON, LayerNormLSTMKernel
from harness.nn.kernels.recurrence import Kernel, Weights
from harness.nn.step_cell import CellMaker, SequenceCell

Kind = Literal["rnn", "lstm", "gru", "lstm_layernorm", "lstm_projection", "lstm_peephole"]


class Fused(NamedTuple):
    """The arguments of a cell's fused kernel.

    Attributes:
        kernel: its class.
        weights: of the state, as the kernel orders them.
        inputs: W (G, D) and b (G,), if the input's contribution to the gates is W x + b; None if it is not of that
            form.
    """

    kernel: type[Kernel]
    weights: Weights
    inputs: tuple[Tensor, Tensor] | None


class RecurrentCell(nn.Module, ABC):
    """A recurrent layer that no library provides: parameters and a fused kernel.

    Attributes:
        state_dims: sizes of its states, h first.
    """

    state_dims: tuple[int, ...]

    @abstractmethod
    def gates(self, x: Tensor) -> Tensor:
        """The input's contribution to the gates (N, G), a new tensor, of x (N, D)."""

    @abstractmethod
    def fused(self) -> Fused:
        """The arguments of its kernel."""


class PeepholeLSTM(RecurrentCell):
    """An LSTM whose gates see the cell state: Gers and Schmidhuber 2000, "Recurrent Nets that Time and Count".

    The peepholes start at zero, so the cell starts as an LSTM without them.

    Args:
        input_dim: D.
        hidden_size: H.
    """

    def __init__(self, input_dim: int, hidden_size: int) -> None:
        super().__init__()
        self.state_dims = (hidden_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_dim))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(4 * hidden_size))
        self.peepholes = nn.Parameter(
            torch.zeros(3 * hidden_size)
        )  # of i, f and o; not a matrix, hence no weight decay
        initialise_gates(self.weight_ih, self.weight_hh, self.bias)

    def gates(self, x: Tensor) -> Tensor:
        """See `RecurrentCell.gates`."""
        return nn.functional.linear(x, self.weight_ih, self.bias)

    def fused(self) -> Fused:
        """See `RecurrentCell.fused`."""
        return Fused(LSTMKernel, (self.weight_hh, self.peepholes.view(3, -1), None), (self.weight_ih, self.bias))


class ProjectedLSTM(RecurrentCell):
    """An LSTM with fewer features than cells: Sak et al. 2014, "Long Short-Term Memory Recurrent Neural Network
    Architectures for Large Scale Acoustic Modeling", without the non-recurrent projection.

    Args:
        input_dim: D.
        hidden_size: R, features.
        cells: H.
    """

    def __init__(self, input_dim: int, hidden_size: int, cells: int) -> None:
        super().__init__()
        self.state_dims = (hidden_size, cells)
        self.weight_ih = nn.Parameter(torch.empty(4 * cells, input_dim))
        self.weight_hh = nn.Parameter(torch.empty(4 * cells, hidden_size))
        self.bias = nn.Parameter(torch.empty(4 * cells))
        self.projection = nn.Parameter(torch.empty(hidden_size, cells))
        initialise_gates(self.weight_ih, self.weight_hh, self.bias)
        nn.init.xavier_uniform_(self.projection)

    def gates(self, x: Tensor) -> Tensor:
        """See `RecurrentCell.gates`."""
        return nn.functional.linear(x, self.weight_ih, self.bias)

    def fused(self) -> Fused:
        """See `RecurrentCell.fused`."""
        return Fused(LSTMKernel, (self.weight_hh, None, self.projection), (self.weight_ih, self.bias))


class LayerNormLSTM(RecurrentCell):
    """An LSTM with normalised sums and cells: Ba et al. 2016, "Layer Normalization", eq. 20-22.

    Args:
        input_dim: D.
        hidden_size: H.
    """

    def __init__(self, input_dim: int, hidden_size: int) -> None:
        super().__init__()
        self.state_dims = (hidden_size, hidden_size)
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_dim))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(4 * hidden_size))
        self.scale_ih = nn.Parameter(torch.ones(4 * hidden_size))
        self.scale_hh = nn.Parameter(torch.ones(4 * hidden_size))
        self.scale_cell = nn.Parameter(torch.ones(hidden_size))
        self.bias_cell = nn.Parameter(torch.zeros(hidden_size))
        initialise_gates(self.weight_ih, self.weight_hh, self.bias)

    def gates(self, x: Tensor) -> Tensor:
        """See `RecurrentCell.gates`."""
        sums = nn.functional.linear(x, self.weight_ih)
        normal = nn.functional.layer_norm(sums, self.bias.shape, self.scale_ih, self.bias, EPSILON)
        return normal.to(sums.dtype)

    def fused(self) -> Fused:
        """See `RecurrentCell.fused`."""
        weights = (self.weight_hh, self.scale_hh, self.scale_cell, self.bias_cell)
        return Fused(LayerNormLSTMKernel, weights, None)


_LIBRARY: dict[str, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
_OWN: dict[str, Callable[[int, int], RecurrentCell]] = {"lstm_layernorm": LayerNormLSTM, "lstm_peephole": PeepholeLSTM}
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Names of all cells."""


def make_cell(kind: Kind | CellMaker, input_dim: int, hidden_size: int, cells: int) -> nn.Module:
    """A new layer of one of `KINDS` or of one's own, initialised; `cells` only matters to "lstm_projection"."""
    if isinstance(kind, CellMaker):
        return kind.make(input_dim, hidden_size)
    if kind in _LIBRARY:
        layer = _LIBRARY[kind](input_dim, hidden_size, batch_first=True)
        initialise_recurrent(layer)
        return layer
    if kind == "lstm_projection":
        return ProjectedLSTM(input_dim, hidden_size, cells)
    return _OWN[kind](input_dim, hidden_size)


def cell_states(kind: Kind | CellMaker, hidden_size: int, cells: int) -> tuple[int, ...]:
    """As `state_dims`, of a layer that is not built; `cells` as in `make_cell`."""
    if isinstance(kind, CellMaker):
        return (hidden_size,) * kind.states
    if kind == "lstm_projection":
        return hidden_size, cells
    return (hidden_size,) * (1 if kind in ("rnn", "gru") else 2)


def state_dims(cell: nn.Module) -> tuple[int, ...]:
    """Sizes of a cell's states, h first."""
    if isinstance(cell, RecurrentCell | SequenceCell):
        return cell.state_dims
    assert isinstance(cell, nn.RNNBase)
    return (cell.hidden_size,) * (2 if isinstance(cell, nn.LSTM) else 1)


def input_gates(cell: nn.Module, x: Tensor) -> Tensor:
    """The input's contribution to the gates (N, G), a new tensor and not a view, of x (N, D)."""
    if isinstance(cell, RecurrentCell):
        return cell.gates(x)
    inputs = fused(cell).inputs
    assert inputs is not None
    return nn.functional.linear(x, *inputs)


def fused(cell: nn.Module) -> Fused:
    """The arguments of a cell's fused kernel."""
    if isinstance(cell, RecurrentCell):
        return cell.fused()
    assert isinstance(cell, nn.RNNBase)
    from_input, recurrent, bias, further = cell.parameters()
    if isinstance(cell, nn.GRU):
        both = 2 * cell.hidden_size
        # The reset gate acts on the new gate's product and its bias, so only the other two can be computed before the
        # loop.
        inputs = (from_input, bias + torch.cat((further[:both], torch.zeros_like(further[both:]))))
        return Fused(GRUKernel, (recurrent, further[both:]), inputs)
    if isinstance(cell, nn.LSTM):
        return Fused(LSTMKernel, (recurrent, None, None), (from_input, bias + further))
    return Fused(ElmanKernel, (recurrent,), (from_input, bias + further))
