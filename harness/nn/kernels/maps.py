"""Linear maps from a state to the gates: one weight used at every step, forward, backward and for its gradient.

Axes: B batch, T time, S state, G gates, C channels, Y and X height and width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import torch
from torch import Tensor, nn

PREPACK_STEPS = 8
"""With fewer steps, repacking the weights does not pay off."""


def _mkl_is_quickest() -> bool:
    """Whether torch uses MKL and runs on an Intel CPU; MKL was only measured to be fastest there."""
    if not torch.backends.mkl.is_available():
        return False
    try:
        return "GenuineIntel" in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


MKL_IS_QUICKEST = _mkl_is_quickest()  # evaluated once; inside a step torch.compile would trace it


class Product:
    """x M for a matrix M (K, N) that is multiplied with many x (B, K).

    On CPU the matrix is packed once in the layout fastest for the products; otherwise every product would repack it.

    - float32 with MKL on an Intel CPU: row-major. For (20, 650) x (650, 2600) on two threads that was 4
      times as fast as the transposed view of a weight (115 against 25 GFLOP/s; oneDNN's layout 96), for (16, 128) x
      (128, 512) 5 times (13 against 67 us; oneDNN's layout 59, most of it call overhead).
    - otherwise, and in bfloat16: oneDNN's layout, if torch exposes it. Measured for (20, 650) x (650,
      2600), one thread of a CPU with AVX-512: 1.6 times as fast as the transposed view in float32, 1.3 times in
      bfloat16; for (64, 256) x (256, 1024) 1.1 times in both.

    Args:
        matrix: M.
        steps: the number of x.
        rows: B of each.
    """

    def __init__(self, matrix: Tensor, steps: int, rows: int) -> None:
        self._matrix = matrix
        self._packed: Tensor | None = None
        if steps >= PREPACK_STEPS:
            if matrix.device.type == "cpu" and matrix.dtype == torch.float32 and MKL_IS_QUICKEST:
                self._matrix = matrix.contiguous()
            else:
                self._packed = _prepacked(matrix, rows)
        self._scratch: Tensor | None = None

    def add_to(self, out: Tensor, x: Tensor) -> None:
        """Add x M to out (B, N), whatever its type."""
        if self._packed is not None:
            out.add_(self._multiply(x))
        elif out.dtype == x.dtype:
            out.addmm_(x, self._matrix)
        else:
            out.add_(self._multiply(x))

    def into(self, out: Tensor, x: Tensor) -> None:
        """Write x M to out (B, N), whatever its type."""
        if self._packed is None and out.dtype == x.dtype:
            torch.mm(x, self._matrix, out=out)
        else:
            out.copy_(self._multiply(x))

    def _multiply(self, x: Tensor) -> Tensor:
        if self._packed is not None:
            return torch.ops.mkldnn._linear_pointwise(x, self._packed, None, "none", [], "")
        if self._scratch is None:
            self._scratch = x.new_empty(x.shape[0], self._matrix.shape[1])
        return torch.mm(x, self._matrix, out=self._scratch)


class StateMap(ABC):
    """A linear map of the state, used at every step."""

    @abstractmethod
    def add_to(self, gates: Tensor, state: Tensor) -> None:
        """Add the map of the state to the gates (B, G, ...)."""

    @abstractmethod
    def backward(self, out: Tensor, gate_grads: Tensor, add: bool = False) -> None:
        """Propagate the gradients of the gates to the state: written to `out`, or added to it."""

    @abstractmethod
    def gradient(self, gate_grads: Tensor, states: Tensor) -> Tensor:
        """The weight's gradient over all steps: gate_grads (T, B, G, ...) and states (T, B, S, ...)."""


class MatrixMap(StateMap):
    """h W^T.

    Args:
        weight: W (G, S).
        steps: T.
        rows: B.
    """

    def __init__(self, weight: Tensor, steps: int, rows: int) -> None:
        self._weight, self._steps, self._rows = weight, steps, rows
        self._ahead: Product | None = None
        self._behind: Product | None = None

    def add_to(self, gates: Tensor, state: Tensor) -> None:
        """One product."""
        if self._ahead is None:
            self._ahead = Product(self._weight.t(), self._steps, self._rows)
        self._ahead.add_to(gates, state)

    def into(self, out: Tensor, state: Tensor) -> None:
        """As `add_to`, overwriting `out`."""
        if self._ahead is None:
            self._ahead = Product(self._weight.t(), self._steps, self._rows)
        self._ahead.into(out, state)

    def backward(self, out: Tensor, gate_grads: Tensor, add: bool = False) -> None:
        """One product."""
        if self._behind is None:
            self._behind = Product(self._weight, self._steps, self._rows)
        if add:
            self._behind.add_to(out, gate_grads)
        else:
            self._behind.into(out, gate_grads)

    def gradient(self, gate_grads: Tensor, states: Tensor) -> Tensor:
        """One product over time and batch."""
        # In this order MKL was 1.5 times as fast for 650 units as in the opposite order, and never slower.
        return (states.flatten(0, 1).t() @ gate_grads.flatten(0, 1)).t()  # (G, S)


class HeadsMap(StateMap):
    """h W^T within heads: states and gates are K heads side by side, and no weight connects two of them.

    Args:
        weight: W (K, G / K, S / K).
    """

    def __init__(self, weight: Tensor) -> None:
        self._weight = weight
        self._ahead = weight.transpose(1, 2).contiguous()

    def _apart(self, x: Tensor) -> Tensor:
        return x.unflatten(1, (self._weight.shape[0], -1)).transpose(0, 1)  # (K, B, ...)

    def add_to(self, gates: Tensor, state: Tensor) -> None:
        """One batched product."""
        out = self._apart(gates)
        if gates.dtype == state.dtype:
            out.baddbmm_(self._apart(state), self._ahead)
        else:
            out.add_(torch.bmm(self._apart(state), self._ahead))

    def backward(self, out: Tensor, gate_grads: Tensor, add: bool = False) -> None:
        """One batched product."""
        found = torch.bmm(self._apart(gate_grads), self._weight)
        if add:
            self._apart(out).add_(found)
        else:
            self._apart(out).copy_(found)

    def gradient(self, gate_grads: Tensor, states: Tensor) -> Tensor:
        """One batched product over time and batch."""
        return torch.bmm(
            self._apart(gate_grads.flatten(0, 1)).transpose(1, 2), self._apart(states.flatten(0, 1))
        )  # (K, G / K, S / K)


class ConvolutionMap(StateMap):
    """h * W, padded so that height and width are preserved.

    Args:
        weight: W (G, S, k, k), k odd.
    """

    def __init__(self, weight: Tensor) -> None:
        self._weight = weight
        self._padding = [size // 2 for size in weight.shape[2:]]

    def add_to(self, gates: Tensor, state: Tensor) -> None:
        """One convolution."""
        gates.add_(nn.functional.conv2d(state, self._weight, padding=self._padding))

    def backward(self, out: Tensor, gate_grads: Tensor, add: bool = False) -> None:
        """One transposed convolution."""
        found = nn.functional.conv_transpose2d(gate_grads, self._weight, padding=self._padding)
        if add:
            out.add_(found)
        else:
            out.copy_(found)

    def gradient(self, gate_grads: Tensor, states: Tensor) -> Tensor:
        """One convolution over time and batch."""
        return torch.ops.aten.convolution_backward(
            gate_grads.flatten(0, 1),
            states.flatten(0, 1),
            self._weight,
            None,
            [1, 1],
            self._padding,
            [1, 1],
            False,
            [0, 0],
            1,
            [False, True, False],
        )[1]


def state_map(weight: Tensor, steps: int, rows: int) -> StateMap:
    """The map of a weight: a matrix, one matrix a head, or the kernel of a 2-D convolution."""
    if weight.ndim == 3:
        return HeadsMap(weight)
    return ConvolutionMap(weight) if weight.ndim == 4 else MatrixMap(weight, steps, rows)


def _prepacked(matrix: Tensor, rows: int) -> Tensor | None:
    """M (K, N) in oneDNN's layout, or None if torch does not expose it or there is no kernel for the type."""
    if matrix.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return None
    native = matrix.dtype == torch.float32 or (matrix.dtype == torch.bfloat16 and bf16_products())
    if not native or not hasattr(torch.ops.mkldnn, "_reorder_linear_weight"):
        return None
    return torch.ops.mkldnn._reorder_linear_weight(matrix.t().contiguous(), rows)


def bf16_products() -> bool:
    """Whether oneDNN supports bfloat16 products on this CPU."""
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()
