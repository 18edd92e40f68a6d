"""The layers of a transformer: rotary positions, multi-head attention, and the feed-forward block behind it.

A layer normalises before each block and adds the block's result to its input (Xiong et al. 2020, "On Layer
Normalization in the Transformer Architecture", figure 1b), so the last layer is followed by one more normalisation.
Axes: B batch, T time of queries, S time of keys, H hidden size, d = H / heads, W window.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.nn.attention_heads import attention_weights, join_heads, split_heads
from harness.nn.dropout import Dropout
from harness.nn.initialisation import linear
from harness.nn.masking import length_mask, masked_softmax

BASE = 10000.0
"""Of the rotary frequencies: Su et al. 2021, section 3.2.2."""
_SMALLEST_BLOCK = 64  # positions; smaller products are slow


class Rotation(NamedTuple):
    """Angles m theta_i for positions m, every frequency twice.

    Attributes:
        cos, sin: of the angles, (T, d) each.
    """

    cos: Tensor
    sin: Tensor

    def between(self, start: int, end: int | None = None) -> Rotation:
        """Of the positions `start` to `end`."""
        return Rotation(self.cos[start:end], self.sin[start:end])

    def __call__(self, x: Tensor) -> Tensor:
        """x (..., T, d), each pair of neighbouring components turned by its angle."""
        across = torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)
        return (x * self.cos + across * self.sin).to(x.dtype)


def rotation(positions: int, dim: int, like: Tensor, start: int = 0) -> Rotation:
    """Rotary positions `start`, `start` + 1, ...: Su et al. 2021, "RoFormer", eq. 34.

    theta_i = 10000^(-2 (i - 1) / d) for i = 1 ... d / 2. The product of a query at m and a key at n depends on m - n.

    Args:
        positions: how many.
        dim: d, even.
        like: gives device and type (float64 stays, anything else is computed in float32).
        start: the first position.
    """
    exact = torch.float64 if like.dtype == torch.float64 else torch.float32
    frequencies = BASE ** (-torch.arange(0, dim, 2, device=like.device, dtype=exact) / dim)  # (d / 2,)
    steps = torch.arange(start, start + positions, device=like.device, dtype=exact)
    angles = torch.outer(steps, frequencies).repeat_interleave(2, dim=1)  # (T, d)
    return Rotation(angles.cos(), angles.sin())


class Seen(NamedTuple):
    """Which positions a query may attend to, worked out once for all layers.

    Attributes:
        queries, keys: the rotations of both.
        mask: bool, broadcastable to (B, heads, T, S); None: all, or what `causal` says.
        causal: a query sees keys up to its own position.
        window: a query sees itself and so many positions before it, of which the first may lie in a cache.
        block: where there is a window, queries are taken in blocks of so many positions; 0: all at once.
    """

    queries: Rotation
    keys: Rotation
    mask: Tensor | None = None
    causal: bool = False
    window: int = 0
    block: int = 0


def see_whole(x: Tensor, lengths: Tensor, dim: int, *, causal: bool) -> Seen:
    """Every real position of x (B, T, H), or those up to a query's own.

    Padding comes after the real positions, so a query that reads the past only needs no mask for it. A row of length 0
    attends to its first position: its result is unused, and an empty softmax is NaN.
    """
    turns = rotation(x.shape[1], dim, x)
    if causal:
        return Seen(turns, turns, causal=True)
    return Seen(turns, turns, length_mask(lengths.clamp(min=1), x.shape[1])[:, None, None, :])


def see_window(x: Tensor, dim: int, window: int, heads: int, cached: Tensor) -> Seen:
    """The latest `window` positions before each of x (B, T, H), across calls: `cached` (B, 1) of them exist already.

    Time is taken in blocks of at least W positions, so cost and memory grow with T x 2 W rather than T x T. Positions
    are counted within a block, since only differences of positions matter.
    """
    size = x.shape[1]
    block = min(size, max(window, _SMALLEST_BLOCK))
    turns = rotation(window + block, dim, x)
    here = torch.arange(window, window + block, device=x.device).unsqueeze(1)
    there = torch.arange(window + block, device=x.device)
    age = here - there  # (block, W + block)
    band = (age >= 0) & (age <= window)
    blocks = -(-size // block)
    mask = band.expand(x.shape[0], blocks, -1, -1).clone()  # (B, N, block, W + block)
    mask[:, 0] &= (there >= window - cached)[:, None]  # later blocks are at least W long, so they see no cache
    mask = mask[:, None].expand(-1, heads, -1, -1, -1).flatten(1, 2)  # (B, heads N, block, W + block)
    return Seen(turns.between(window), turns, mask, window=window, block=block)


class RotaryAttention(nn.Module):
    """Multi-head self-attention: Vaswani et al. 2017, section 3.2, with rotary positions on queries and keys.

    Args:
        hidden_size: H.
        heads: how many; d = H / heads is even.

    Raises:
        ValueError: H is not a multiple of twice the heads.
    """

    def __init__(self, hidden_size: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or hidden_size % (2 * heads):
            raise ValueError(f"hidden_size={hidden_size}: must be a multiple of twice heads={heads}")
        self.heads = heads
        self.project = linear(hidden_size, 3 * hidden_size)
        with torch.no_grad():
            for part in self.project.weight.split(hidden_size):  # queries, keys and values are three matrices
                nn.init.xavier_uniform_(part)
        self.output = linear(hidden_size, hidden_size)

    def projected(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values (B, heads, T, d) of x (B, T, H), not rotated."""
        query, key, value = (split_heads(part, self.heads) for part in self.project(x).chunk(3, dim=-1))
        return query, key, value

    def forward(
        self, x: Tensor, seen: Seen, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Attended features (B, T, H) of x (B, T, H), and keys and values (B, heads, S, d) with the past before them.

        Args:
            x: the input.
            seen: what each position attends to.
            past: keys and values (B, heads, W, d) of the window before x.
        """
        query, key, value = self.projected(x)
        if past is not None:
            key = torch.cat((past[0].to(key.dtype), key), dim=2)
            value = torch.cat((past[1].to(value.dtype), value), dim=2)
        queries, keys, values = (query, key, value) if not seen.block else _blocks(query, key, value, seen)
        mixed = functional.scaled_dot_product_attention(
            seen.queries(queries), seen.keys(keys), values, attn_mask=seen.mask, is_causal=seen.causal
        )
        if seen.block:
            mixed = mixed.unflatten(1, (self.heads, -1)).flatten(2, 3)[:, :, : x.shape[1]]  # (B, heads, T, d)
        return self.output(join_heads(mixed)), key, value

    def weights(self, x: Tensor, seen: Seen) -> Tensor:
        """What each position attends to without a window, (B, T, heads, T); each head sums to 1."""
        query, key, _ = self.projected(x)
        mask = seen.mask
        if mask is None:
            mask = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        return attention_weights(seen.queries(query), seen.keys(key), mask)

    def window_weights(self, x: Tensor, past: Tensor, window: int, cached: Tensor) -> Tensor:
        """What each position attends to in a window, (B, T, heads, W + 1), newest last; zero where there is none.

        Args:
            x: (B, T, H).
            past: keys (B, heads, W, d).
            window: W.
            cached: how many of the past exist, (B, 1).
        """
        query, key, _ = self.projected(x)
        steps = torch.arange(x.shape[1], device=x.device).unsqueeze(1)
        places = steps + torch.arange(window + 1, device=x.device)  # (T, W + 1), into past and keys
        keys = torch.cat((past.to(key.dtype), key), dim=2)[:, :, places]  # (B, heads, T, W + 1, d)
        turns = rotation(window + 1, key.shape[-1], x)
        scores = torch.einsum("bhtd,bhtsd->bths", turns.between(window)(query), turns(keys)) / math.sqrt(key.shape[-1])
        exists = places >= window - cached[:, None]  # (B, T, W + 1)
        return masked_softmax(scores, exists.unsqueeze(2))


def _blocks(query: Tensor, key: Tensor, value: Tensor, seen: Seen) -> tuple[Tensor, Tensor, Tensor]:
    """Queries (B, heads, T, d) in N blocks, and of keys and values (B, heads, W + T, d) the block and W before it.

    Heads and blocks share an axis, (B, heads N, ...), since fused kernels take four axes only.
    """
    block, span = seen.block, seen.window + seen.block
    missing = -query.shape[2] % block
    padded = functional.pad(query, (0, 0, 0, missing))
    keys, values = (
        functional.pad(part, (0, 0, 0, missing)).unfold(2, span, block).transpose(-1, -2).flatten(1, 2)
        for part in (key, value)
    )
    return padded.unflatten(2, (-1, block)).flatten(1, 2), keys, values


class FeedForward(nn.Sequential):
    """W_2 gelu(W_1 x + b_1) + b_2: Vaswani et al. 2017, eq. 2, with the unit of Hendrycks and Gimpel 2016.

    Args:
        hidden_size: H.
        multiple: the inner layer is so many times as wide.
    """

    def __init__(self, hidden_size: int, multiple: int) -> None:
        super().__init__(
            linear(hidden_size, multiple * hidden_size), nn.GELU(), linear(multiple * hidden_size, hidden_size)
        )


class TransformerLayer(nn.Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x)); dropout on what is added (Vaswani et al., section 5.4).

    Args:
        hidden_size: H.
        heads: of the attention.
        ff: width of the feed-forward block, as a multiple of H.
        dropout: on the result of both blocks.
    """

    def __init__(self, hidden_size: int, heads: int, ff: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(hidden_size)
        self.attention = RotaryAttention(hidden_size, heads)
        self.ff_norm = nn.LayerNorm(hidden_size)
        self.ff = FeedForward(hidden_size, ff)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Tensor, seen: Seen, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, T, H) of x (B, T, H); keys and values as of `RotaryAttention.forward`."""
        attended, key, value = self.attention(self.attention_norm(x), seen, past)
        x = x + self.dropout(attended)
        return x + self.dropout(self.ff(self.ff_norm(x))), key, value
