"""The loop over time shared by all fused cells, forward and backward, as one node of autograd's graph.

Computations that do not depend on the state are done before and after the loop, in one call for all steps: the input's
contribution to the gates, and the gradients of the weights. The loop contains only the state's product and elementwise
operations, in preallocated buffers. Axes: B batch, T time, G gates, S size of a state; further axes (height, width) may
follow.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.nn.kernels.maps import StateMap, state_map

Weights = tuple[Tensor | None, ...]


class Steps:
    """A tensor over all steps, (T, B, G, ...), that is stored in one type and processed in another.

    Args:
        kept: the stored tensor.
        exact: the processing type; it differs from that of `kept` for bfloat16 under autocast.
    """

    def __init__(self, kept: Tensor, exact: torch.dtype) -> None:
        self.kept = kept
        self.at = kept.unbind(0)
        self._work = None if kept.dtype == exact else torch.empty_like(kept[0], dtype=exact)

    def section(self, begin: int, end: int) -> Sequence[Tensor]:
        """Gates begin ... end - 1 of every step (B, end - begin, ...): read after `load`, written before `store`."""
        if self._work is None:
            return self.kept.narrow(2, begin, end - begin).unbind(0)
        return [self._work.narrow(1, begin, end - begin)] * len(self.at)

    def load(self, t: int) -> None:
        """Load step t for processing."""
        if self._work is not None:
            self._work.copy_(self.at[t])

    def store(self, t: int) -> None:
        """Store the results of step t."""
        if self._work is not None:
            self.at[t].copy_(self._work)


class Kernel(ABC):
    """The steps of one recurrent layer, one direction at a time: `begin`, `step`; or `begin_backward`, `backward`.

    Args:
        gates: (T, B, G, ...): the input's contribution; `step` turns them into what `backward` needs.
        states: (T + 1, B, S, ...) each, h first; the first step of each is the start.
        weights: of the state, in the cell's order; the first one maps h to the gates.

    Attributes:
        extras: other tensors needed by `backward`.
        state_grads: gradients of each state (B, S, ...) after step t, which `backward` propagates to the step before.
        grads: gradients of the input's contribution to the gates.
    """

    keeps_gates: ClassVar[bool] = True

    def __init__(self, gates: Tensor, states: Sequence[Tensor], weights: Weights) -> None:
        exact = states[0].dtype
        self.steps, self.rows = gates.shape[0], gates.shape[1]
        self.type, self.exact = gates.dtype, exact
        self.gates = Steps(gates, exact)
        self.states, self.at = states, [state.unbind(0) for state in states]
        self.weights = weights
        self.extras: tuple[Tensor, ...] = ()

    @property
    def recurrent(self) -> Tensor:
        """The weight that maps h to the gates, in the products' type."""
        assert self.weights[0] is not None
        return self.weights[0].to(self.type)

    def begin(self) -> None:
        """Prepare the forward pass."""
        h = self.states[0]
        self.low = h if h.dtype == self.type else torch.empty_like(h, dtype=self.type)
        self.low_at = self.low.unbind(0)
        self._round(0)
        self.map: StateMap = state_map(self.recurrent, self.steps, self.rows)
        self._begin()

    def step(self, t: int) -> None:
        """Compute the states at t + 1 from the states and the input's contribution to the gates at t."""
        self._step(t)
        self._round(t + 1)

    def begin_backward(self, extras: tuple[Tensor, ...], state_grads: list[Tensor]) -> None:
        """Prepare the backward pass, given the gradients of the last states."""
        self.extras, self.state_grads = extras, state_grads
        self.low = self.states[0].to(self.type)
        self.grads = Steps(torch.empty_like(self.gates.kept), self.exact)
        self.map = state_map(self.recurrent, self.steps, self.rows)
        self._begin_backward_pass()

    @abstractmethod
    def backward(self, t: int) -> None:
        """Propagate the gradients from the states at t + 1 to those at t, and write the gates' gradients at t."""

    @abstractmethod
    def weight_gradients(self) -> Weights:
        """The gradients in the order of the weights, in any type."""

    @abstractmethod
    def _begin(self) -> None:
        """Allocate the buffers of the steps."""

    @abstractmethod
    def _step(self, t: int) -> None:
        """As `step`."""

    @abstractmethod
    def _begin_backward_pass(self) -> None:
        """Allocate the buffers of the backward pass."""

    def _round(self, t: int) -> None:
        if self.low is not self.states[0]:
            self.low_at[t].copy_(self.at[0][t])


def recur(
    kernel: type[Kernel],
    gates: Tensor,
    steps: int,
    start: tuple[Tensor, ...],
    weights: Weights,
    lengths: Tensor | None = None,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Run a cell over time.

    Args:
        kernel: the cell.
        gates: the input's contribution, (T B, G, ...). Overwritten, so it must not be a view; its type is that of the
            products.
        steps: T.
        start: the states before the first step, (B, S, ...) each, in the type of the elementwise operations.
        weights: the cell's own.
        lengths: (B,), on any device; None: all T.

    Returns:
        h of every step (T, B, S, ...), and every state after the true last step; a row of length 0 keeps its start.
    """
    found = _Recurrence.apply(kernel, lengths, len(start), steps, gates, *start, *weights)
    return found[1], tuple(found[2:])


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, kernel: type[Kernel], lengths: Tensor | None, count: int, steps: int, gates: Tensor, *others: Any
    ) -> tuple[Tensor, ...]:
        start, weights = others[:count], others[count:]
        rows = start[0].shape[0]
        with without_autocast(gates.device):
            states = [new_states(steps, part) for part in start]
            layer = kernel(gates.view(steps, rows, *gates.shape[1:]), states, weights)
            layer.begin()
            for t in range(layer.steps):
                layer.step(t)
        ctx.kernel, ctx.count, ctx.parts = kernel, count, len(layer.extras)
        ctx.set_materialize_grads(False)
        ctx.mark_dirty(gates)
        ctx.save_for_backward(lengths, gates if kernel.keeps_gates else None, *states, *layer.extras, *weights)
        ctx.gates = gates.shape, gates.dtype
        return gates, states[0][1:], *ends(states, lengths)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: None, features: Tensor | None, *ends: Tensor | None) -> tuple[Any, ...]:
        lengths, gates, *others = ctx.saved_tensors
        states, others = others[: ctx.count], others[ctx.count :]
        extras, weights = others[: ctx.parts], others[ctx.parts :]
        if gates is None:
            gates = states[0].new_empty(ctx.gates[0], dtype=ctx.gates[1])
        rows = states[0].shape[1]
        with without_autocast(states[0].device):
            layer = ctx.kernel(gates.view(states[0].shape[0] - 1, rows, *gates.shape[1:]), states, tuple(weights))
            arrivals = Arrivals(states, lengths, ends)
            layer.begin_backward(tuple(extras), arrivals.state_grads)
            for t in range(layer.steps - 1, -1, -1):
                arrivals.at(t)
                if features is not None:
                    layer.state_grads[0].add_(features[t])
                layer.backward(t)
            arrivals.before()
            found = layer.weight_gradients()
        grads = [None if w is None or g is None else g.to(w.dtype) for w, g in zip(weights, found, strict=True)]
        return None, None, None, None, layer.grads.kept.flatten(0, 1), *layer.state_grads, *grads


def new_states(steps: int, start: Tensor) -> Tensor:
    """A buffer (T + 1, B, S, ...) whose first step is the start."""
    states = start.new_empty(steps + 1, *start.shape)
    states[0] = start
    return states


def ends(states: Sequence[Tensor], lengths: Tensor | None) -> tuple[Tensor, ...]:
    """Each state (T + 1, B, S, ...) after the true last step, (B, S, ...)."""
    if lengths is None:
        return tuple(state[-1].clone() for state in states)
    rows = torch.arange(lengths.shape[0], device=lengths.device)
    return tuple(state[lengths, rows] for state in states)


class Arrivals:
    """Gradients of the states at the true ends, each added at the step where its row ends.

    Args:
        states: (T + 1, B, S, ...) each.
        lengths: (B,); None: all T.
        ends: gradients (B, S, ...) or None, one for each state.
    """

    def __init__(self, states: Sequence[Tensor], lengths: Tensor | None, ends: Sequence[Tensor | None]) -> None:
        self._ends, self._hits = ends, None
        if lengths is None:
            self.state_grads = [
                torch.zeros_like(state[0]) if end is None else end.clone(memory_format=torch.contiguous_format)
                for state, end in zip(states, ends, strict=True)
            ]
            return
        self.state_grads = [torch.zeros_like(state[0]) for state in states]
        times = torch.arange(states[0].shape[0], device=lengths.device).unsqueeze(1)
        hits = (times == lengths).to(states[0].dtype)  # (T + 1, B)
        self._hits = hits.view(*hits.shape, *[1] * (states[0].ndim - 2)).unbind(0)

    def at(self, t: int) -> None:
        """Add the gradients of rows whose last step is t."""
        self._let_in(t + 1)

    def before(self) -> None:
        """Add the gradients of rows of length 0."""
        self._let_in(0)

    def _let_in(self, time: int) -> None:
        if self._hits is None:
            return
        for grad_in, end in zip(self.state_grads, self._ends, strict=True):
            if end is not None:
                grad_in.addcmul_(end, self._hits[time])


def without_autocast(device: torch.device) -> AbstractContextManager[None]:
    """Disable autocast: the kernels choose their own types."""
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)
