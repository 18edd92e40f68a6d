"""Recurrences with a matrix as state, computed chunk by chunk as products: linear attention with decay, delta rule.

Within a chunk everything is a product of matrices; only the state passes from chunk to chunk. Both equal their
recurrences, to rounding. Axes: B batch, N heads, T time, K keys' size, V values' size, C chunk.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

CHUNK = 64
"""Positions in a chunk."""


def decayed_attention(q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor, start: Tensor) -> tuple[Tensor, Tensor]:
    """S_t = a_t S_{t-1} + k_t v_t^T,   y_t = S_t^T q_t   (Dao and Gu 2024, arXiv 2405.21060, section 6).

    Args:
        q, k: (B, N, T, K).
        v: (B, N, T, V).
        log_decay: log a_t, at most about 0, (B, N, T).
        start: S before the first position, (B, N, K, V).

    Returns:
        y (B, N, T, V) and the last S.
    """
    steps = v.shape[2]
    q, k, v = (_chunks(x) for x in (q, k, v))  # (B, N, chunks, C, K or V)
    decay = _chunks(log_decay.unsqueeze(-1)).squeeze(-1).cumsum(-1)  # (B, N, chunks, C)
    inside = (q @ k.transpose(-1, -2) * _between(decay)) @ v
    added = (k * (decay[..., -1:] - decay).exp().unsqueeze(-1)).transpose(-1, -2) @ v  # (B, N, chunks, K, V)
    whole = decay[..., -1].exp()[..., None, None]
    states = [start]
    for add, keep in zip(added.unbind(2), whole.unbind(2), strict=True):
        states.append(states[-1] * keep + add)
    before = torch.stack(states[:-1], dim=2)
    y = inside + (q * decay.exp().unsqueeze(-1)) @ before
    return y.flatten(2, 3)[:, :, :steps], states[-1]


def delta_rule(
    q: Tensor, k: Tensor, v: Tensor, beta: Tensor, log_decay: Tensor | None, start: Tensor
) -> tuple[Tensor, Tensor]:
    """S_t = a_t (I - b_t k_t k_t^T) S_{t-1} + b_t k_t v_t^T,   y_t = S_t^T q_t.

    Yang et al. 2024, arXiv 2406.06484, eq. 6-11 (a_t = 1); gated, arXiv 2412.06464, eq. 10. With pseudo-values u_t,
    S_t is linear attention: S_t = sum_s (a_{s+1} ... a_t) k_s u_s^T, and the u_t of a chunk solve a triangular system
    (the WY representation).

    Args:
        q, k: (B, N, T, K).
        v: (B, N, T, V).
        beta: b_t, (B, N, T).
        log_decay: log a_t, (B, N, T); None: 0.
        start: S before the first position, (B, N, K, V).

    Returns:
        y (B, N, T, V) and the last S.
    """
    steps, size = v.shape[2], v.shape[3]
    q, k, v, beta = (_chunks(x) for x in (q, k, v, beta.unsqueeze(-1)))  # (B, N, chunks, C, ...)
    if log_decay is None:
        decay = torch.zeros_like(beta[..., 0])
    else:
        decay = _chunks(log_decay.unsqueeze(-1)).squeeze(-1).cumsum(-1)  # (B, N, chunks, C)
    between = _between(decay)
    since_begin = decay.exp().unsqueeze(-1)
    weighted = beta * k
    system = (weighted @ k.transpose(-1, -2) * between).tril(-1)
    right = torch.cat((beta * v, weighted * since_begin), dim=-1)  # (B, N, chunks, C, V + K)
    # u_t + sum_{s<t} b_t (a_{s+1} ... a_t) (k_t . k_s) u_s = b_t v_t - b_t (a_1 ... a_t) S_0^T k_t
    solved = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True)
    free, by_start = solved[..., :size], solved[..., size:]
    keys = (k * (decay[..., -1:] - decay).exp().unsqueeze(-1)).transpose(-1, -2)
    whole = decay[..., -1].exp()[..., None, None]
    state, states, values = start, [], []
    for u, w, key, keep in zip(*(x.unbind(2) for x in (free, by_start, keys, whole)), strict=True):
        states.append(state)
        values.append(u - w @ state)
        state = state * keep + key @ values[-1]
    before, u = torch.stack(states, dim=2), torch.stack(values, dim=2)
    y = (q @ k.transpose(-1, -2) * between) @ u + (q * since_begin) @ before
    return y.flatten(2, 3)[:, :, :steps], state


def generalised_delta_rule(
    r: Tensor, log_decay: Tensor, k: Tensor, v: Tensor, removed: Tensor, rate: Tensor, start: Tensor
) -> tuple[Tensor, Tensor]:
    """S_t = (diag(w_t) - (c_t * h_t) h_t^T) S_{t-1} + k_t v_t^T,   y_t = S_t^T r_t,   with a decay for every channel.

    Peng et al. 2025, arXiv 2503.14456, transposed. With u_t = S_{t-1}^T h_t, what is read at the removed key, S_t is
    linear attention with the values v_t at keys k_t and -u_t at keys c_t * h_t, and the u_t of a chunk solve a
    triangular system. Decay from s to t is a product of two factors, counted from the middle of the chunk, so that
    neither is much larger than exp(C / 2).

    Args:
        r, k: (B, N, T, K).
        log_decay: log w_t, in [-1, 0], (B, N, T, K).
        v: (B, N, T, V).
        removed: h_t, (B, N, T, K).
        rate: c_t, (B, N, T, K).
        start: S before the first position, (B, N, K, V).

    Returns:
        y (B, N, T, V) and the last S.
    """
    steps, size = v.shape[2], v.shape[3]
    r, log_decay, k, v, h, b = (_chunks(x) for x in (r, log_decay, k, v, removed, rate * removed))
    until = log_decay.cumsum(-2)  # log (w_1 ... w_t) of the chunk, (B, N, chunks, C, K)
    before, whole = until - log_decay, until[..., -1:, :]
    middle = until[..., until.shape[-2] // 2, None, :]
    k_out, b_out = (x * (middle - until).exp() for x in (k, b))
    h_in, r_in = h * (before - middle).exp(), r * (until - middle).exp()
    system = (h_in @ b_out.transpose(-1, -2)).tril(-1)
    right = torch.cat(((h_in @ k_out.transpose(-1, -2)).tril(-1) @ v, h * before.exp()), dim=-1)  # (..., C, V + K)
    # u_t + sum_{s<t} (h_t . w_{s+1} ... w_{t-1} b_s) u_s = sum_{s<t} (h_t . w_{s+1} ... w_{t-1} k_s) v_s + S_0^T ...
    solved = torch.linalg.solve_triangular(system, right, upper=False, unitriangular=True)
    free, by_start = solved[..., :size], solved[..., size:]
    k_end, b_end = ((x * (whole - until).exp()).transpose(-1, -2) for x in (k, b))  # (..., K, C)
    added, keep = k_end @ v, whole.exp().transpose(-1, -2)  # (..., K, V), (..., K, 1)
    state, states, reads = start, [], []
    for u, w, gain, loss, decay in zip(*(x.unbind(2) for x in (free, by_start, added, b_end, keep)), strict=True):
        states.append(state)
        reads.append(u + w @ state)
        state = state * decay + gain - loss @ reads[-1]
    y = (r_in @ k_out.transpose(-1, -2)).tril() @ v + (r * until.exp()) @ torch.stack(states, dim=2)
    y = y - (r_in @ b_out.transpose(-1, -2)).tril() @ torch.stack(reads, dim=2)
    return y.flatten(2, 3)[:, :, :steps], state


def heads_first(x: Tensor, heads: int) -> Tensor:
    """x (T, B, N D) as (B, N, T, D)."""
    return x.unflatten(-1, (heads, -1)).permute(1, 2, 0, 3)


def time_first(x: Tensor) -> Tensor:
    """x (B, N, T, D) as (T, B, N D)."""
    return x.permute(2, 0, 1, 3).flatten(2)


def _chunks(x: Tensor) -> Tensor:
    """x (B, N, T, D) as (B, N, chunks, C, D); positions that are missing in the last one are zeros."""
    size = min(CHUNK, x.shape[2])
    return functional.pad(x, (0, 0, 0, -x.shape[2] % size)).unflatten(2, (-1, size))


def _between(decay: Tensor) -> Tensor:
    """a_{s+1} ... a_t at (t, s) for s <= t, else 0, of cumulated logarithms (..., C): (..., C, C)."""
    size = decay.shape[-1]
    later = torch.ones(size, size, dtype=torch.bool, device=decay.device).triu(1)
    return (decay.unsqueeze(-1) - decay.unsqueeze(-2)).masked_fill(later, -torch.inf).exp()
