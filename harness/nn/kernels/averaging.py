"""Gated averages, h_t = (1 - z_t) h_{t-1} + z_t v_t with gates that do not read h: the loop of minGRU and minLSTM.

One node of autograd's graph. Each step is one operation forward and one backward; what does not depend on h is done for
as many steps at once as fit into a core's cache. Axes: B batch, T time, H hidden size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.nn.kernels.recurrence import ends, new_states, without_autocast

_sigmoid_back = torch.ops.aten.sigmoid_backward.grad_input

BLOCK = 2**15
"""Numbers of h in the steps that are processed at once: their gates stay in a cache of 1 MB."""

SATURATED = -80.0
"""A gate's sum is taken as at least this, so that not both of minLSTM's gates vanish in float32."""


def gated_average(sums: Tensor, start: Tensor, steps: int, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Run the recurrence.

    Args:
        sums: (T B, 2H): of z and of the candidate, z = sigmoid(k), v = g(c) (minGRU); or (T B, 3H): of f, i and the
            candidate, z = i / (f + i) after sigmoids (minLSTM); with g(c) = c + 0.5 for c >= 0, else sigmoid(c).
            Overwritten, so it must not be a view.
        start: h before the first step, (B, H), in the type of `sums`.
        steps: T.
        lengths: (B,); None: all T.

    Returns:
        h of every step (T, B, H), and h after each row's own last step (B, H), its start for a row of length 0.
    """
    _, h, end = _GatedAverage.apply(sums, start, steps, lengths)
    return h, end


class _GatedAverage(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, sums: Tensor, start: Tensor, steps: int, lengths: Tensor | None) -> tuple[Tensor, ...]:
        rows, size = start.shape
        with without_autocast(sums.device):
            states = new_states(steps, start)
            at = states.unbind(0)
            gates = sums.view(steps, rows, -1)
            for begin, end in blocks(steps, rows * size):
                part = gates[begin:end]
                _activate(part, size)
                for t, a, v in zip(range(begin, end), _keep(part, size), part[..., -size:], strict=True):
                    torch.lerp(v, at[t], a, out=at[t + 1])
        ctx.set_materialize_grads(False)
        ctx.mark_dirty(sums)
        ctx.save_for_backward(sums, states, lengths)
        return sums, states[1:], *ends([states], lengths)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _: None, features: Tensor | None, end_grad: Tensor | None) -> tuple[Tensor | None, ...]:
        sums, states, lengths = ctx.saved_tensors
        steps, rows, size = states.shape[0] - 1, states.shape[1], states.shape[2]
        with without_autocast(sums.device):
            arriving, carried, skipped = arrivals(states, features, end_grad, lengths)
            gates, grads = sums.view(steps, rows, -1), torch.empty_like(sums).view(steps, rows, -1)
            for begin, end in reversed(list(blocks(steps, rows * size))):
                keep = _keep(gates[begin:end], size)
                grad = arriving[begin:end].clone(memory_format=torch.contiguous_format)
                at, keep_at = grad.unbind(0), keep.unbind(0)
                at[-1].add_(carried)
                for t in range(end - begin - 1, 0, -1):
                    at[t - 1].addcmul_(at[t], keep_at[t])
                carried = at[0] * keep_at[0]
                _gate_grads(grads[begin:end], grad, states[begin:end], keep, gates[begin:end])
        return grads.view_as(sums), carried + skipped, None, None


def blocks(steps: int, numbers: int) -> Iterator[tuple[int, int]]:
    """Begin and end of the steps that are processed at once, of so many numbers each."""
    size = max(1, BLOCK // max(1, numbers))
    return ((begin, min(begin + size, steps)) for begin in range(0, steps, size))


def arrivals(
    states: Tensor, features: Tensor | None, end_grad: Tensor | None, lengths: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | float]:
    """Where gradients reach the states (T + 1, B, ...) of a recurrence.

    Returns:
        for h of every step (T, B, ...), those of the true ends included; for h after step T (B, ...); and for the start
        of rows of length 0.
    """
    none = torch.zeros_like(states[0])
    if features is None:
        features = torch.zeros_like(states[1:])
    if end_grad is None or lengths is None:
        return features, none if end_grad is None else end_grad, 0.0
    rows = torch.arange(lengths.shape[0], device=lengths.device)
    empty = (lengths == 0).view(-1, *[1] * (end_grad.ndim - 1))
    features = features.clone()
    features[(lengths - 1).clamp(min=0), rows] += end_grad.masked_fill(empty, 0.0)
    return features, none, end_grad.masked_fill(~empty, 0.0)


def _activate(sums: Tensor, size: int) -> None:
    """Turn sums (K, B, 2H or 3H) in place into 1 - z and v, or into f, i and v."""
    candidate = sums[..., -size:]
    if sums.shape[-1] == 2 * size:
        sums[..., :size].neg_().sigmoid_()
    else:
        sums[..., : 2 * size].clamp_(min=SATURATED).sigmoid_()
    torch.maximum(
        torch.sigmoid(candidate), candidate.add_(0.5), out=candidate
    )  # g, since sigmoid(c) < c + 0.5 if c > 0


def _keep(gates: Tensor, size: int) -> Tensor:
    """1 - z (K, B, H) of activated gates."""
    if gates.shape[-1] == 2 * size:
        return gates[..., :size]
    forget, enter, _ = gates.split(size, dim=-1)
    return forget / (forget + enter)


def _gate_grads(grads: Tensor, grad: Tensor, h: Tensor, keep: Tensor, gates: Tensor) -> None:
    """Write the gradients of the sums of a block (K, B, 2H or 3H), given those of h after each step.

    Args:
        grads: written.
        grad: of h after each step (K, B, H); overwritten.
        h: before each step (K, B, H).
        keep: 1 - z (K, B, H).
        gates: activated.
    """
    size = h.shape[-1]
    candidate = gates[..., -size:]
    work = (h - candidate).mul_(grad)
    _sigmoid_back(work, keep, grad_input=work)  # of the sum whose sigmoid is 1 - z
    if grads.shape[-1] == 2 * size:
        torch.neg(work, out=grads[..., :size])
    else:  # that sum is log f - log i
        forget, enter, _ = gates.split(size, dim=-1)
        torch.addcmul(work, work, forget, value=-1.0, out=grads[..., :size])
        torch.addcmul(work, work, enter, value=-1.0, out=grads[..., size : 2 * size]).neg_()
    grad.addcmul_(grad, keep, value=-1.0)
    torch.addcmul(candidate, candidate, candidate, value=-1.0, out=work)
    work.masked_fill_(candidate >= 0.5, 1.0)
    torch.mul(grad, work, out=grads[..., -size:])
