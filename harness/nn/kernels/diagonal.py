"""Diagonal recurrences with constant decay, h_t = a h_{t-1} + b_t, real or complex, as one node of autograd's graph."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from harness.nn.kernels.averaging import arrivals
from harness.nn.kernels.recurrence import ends, new_states, without_autocast


def diagonal_recurrence(
    decay: Tensor, inputs: Tensor, start: Tensor, lengths: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Run the recurrence.

    Args:
        decay: a, (N,).
        inputs: b, (T, B, N), T at least 1, of the type of `decay`.
        start: h before the first step, (B, N).
        lengths: (B,); None: all T.

    Returns:
        h of every step (T, B, N), and h after each row's own last step, its start for a row of length 0.
    """
    h, end = _Diagonal.apply(decay, inputs, start, lengths)
    return h, end


class _Diagonal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, decay: Tensor, inputs: Tensor, start: Tensor, lengths: Tensor | None) -> tuple[Tensor, ...]:
        with without_autocast(inputs.device):
            states = new_states(inputs.shape[0], start)
            at = states.unbind(0)
            for t, given in enumerate(inputs.unbind(0)):
                torch.addcmul(given, decay, at[t], out=at[t + 1])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(decay, states, lengths)
        return states[1:], *ends([states], lengths)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, features: Tensor | None, end_grad: Tensor | None) -> tuple[Tensor | None, ...]:
        decay, states, lengths = ctx.saved_tensors
        with without_autocast(states.device):
            arriving, carried, skipped = arrivals(states, features, end_grad, lengths)
            # In the end the gradient of h_t: what arrives from the features, and from h_{t+1} by a.
            grads = arriving.clone(memory_format=torch.contiguous_format)
            at, back = grads.unbind(0), decay.conj().resolve_conj()
            at[-1].add_(carried)
            for t in range(len(at) - 1, 0, -1):
                at[t - 1].addcmul_(back, at[t])
            of_decay = (grads * states[:-1].conj()).sum((0, 1))
        return of_decay, grads, back * at[0] + skipped, None
