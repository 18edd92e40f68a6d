"""The selective scan of Mamba, h_t = a_t h_{t-1} + D_t B_t u_t,  y_t = sum_n C_t h_t,  a_t = exp(D_t A).

One node of autograd's graph. States are kept at the beginning of blocks only, and computed again in the backward pass,
so memory grows with the square root of T. Axes: T time, B batch, N state, D channels, K steps of a block.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.nn.kernels.recurrence import without_autocast


def selective_scan(
    u: Tensor, step: Tensor, rates: Tensor, b: Tensor, c: Tensor, start: Tensor, negative: bool = False
) -> tuple[Tensor, Tensor]:
    """Run the scan.

    Args:
        u: (T, B, D).
        step: D_t, (T, B, D); 0 leaves the state as it is.
        rates: A, below 0, (N, D).
        b, c: (T, B, N).
        start: h before the first step, (B, N, D).
        negative: a_t = 2 exp(D_t A) - 1, in [-1, 1] (Grazzi et al. 2024, arXiv 2411.12537).

    Returns:
        y (T, B, D), and h after the last step, (B, N, D).
    """
    y, end = _SelectiveScan.apply(u, step, rates, b, c, start, negative)
    return y, end


class _SelectiveScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[Tensor, Tensor]:
        u, step, rates, b, c, state, negative = inputs
        starts, size = [], max(1, math.ceil(math.sqrt(u.shape[0])))
        y = torch.empty_like(u)
        with without_autocast(u.device):
            for part in _parts(u.shape[0], size):
                starts.append(state)
                _, h = _block(u[part], step[part], rates, b[part], state, negative)
                torch.matmul(c[part].unsqueeze(2), h[1:], out=y[part].unsqueeze(2))
                state = h[-1].clone()
        ctx.negative, ctx.size = negative, size
        ctx.save_for_backward(u, step, rates, b, c, *starts)
        return y, state

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor, carried: Tensor) -> tuple[Tensor | None, ...]:
        u, step, rates, b, c, *starts = ctx.saved_tensors
        du, dstep, db, dc = (torch.empty_like(x) for x in (u, step, b, c))
        drates = torch.zeros_like(rates)
        with without_autocast(u.device):
            for part, start in reversed(list(zip(_parts(u.shape[0], ctx.size), starts, strict=True))):
                keep, h = _block(u[part], step[part], rates, b[part], start, ctx.negative)
                grad = c[part].unsqueeze(3) * dy[part].unsqueeze(2)  # (K, B, N, D)
                grads, keeps = grad.unbind(0), keep.unbind(0)
                grads[-1].add_(carried)
                for k in range(len(grads) - 1, 0, -1):
                    grads[k - 1].addcmul_(grads[k], keeps[k])
                carried = grads[0] * keeps[0]
                dc[part] = (h[1:] @ dy[part].unsqueeze(3)).squeeze(3)
                driven = step[part] * u[part]
                db[part] = (grad @ driven.unsqueeze(3)).squeeze(3)
                ddriven = (b[part].unsqueeze(2) @ grad).squeeze(2)  # (K, B, D)
                # Of D_t A, by which exp(D_t A) and 2 exp(D_t A) - 1 have the derivatives a_t and a_t + 1.
                grad.mul_(h[:-1]).mul_(keep.add_(1.0) if ctx.negative else keep)
                du[part] = ddriven * step[part]
                dstep[part] = ddriven.mul_(u[part]).add_((grad * rates).sum(2))
                drates += (grad * step[part].unsqueeze(2)).sum((0, 1))
        return du, dstep, drates, db, dc, carried, None


def _parts(steps: int, size: int) -> list[slice]:
    return [slice(begin, min(begin + size, steps)) for begin in range(0, steps, size)]


def _block(u: Tensor, step: Tensor, rates: Tensor, b: Tensor, start: Tensor, negative: bool) -> tuple[Tensor, Tensor]:
    """a (K, B, N, D) and h before and after every step (K + 1, B, N, D)."""
    keep = (step.unsqueeze(2) * rates).exp_()
    if negative:
        keep.mul_(2.0).sub_(1.0)
    h = start.new_empty(len(u) + 1, *start.shape)
    h[0] = start
    torch.mul(b.unsqueeze(3), (step * u).unsqueeze(2), out=h[1:])
    at = h.unbind(0)
    for k, a in enumerate(keep.unbind(0)):
        at[k + 1].addcmul_(a, at[k])
    return keep, h
