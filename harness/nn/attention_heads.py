"""Heads of an attention: apart, together, and what they attend to.

Axes: B batch, T time of queries, S time of keys, H features of all heads, d = H / heads.
"""

from __future__ import annotations

import math

from torch import Tensor

from harness.nn.masking import masked_softmax


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(B, T, H) to (B, heads, T, d)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(B, heads, T, d) to (B, T, H)."""
    return x.transpose(1, 2).flatten(2)


def attention_weights(query: Tensor, key: Tensor, mask: Tensor) -> Tensor:
    """Softmax of the scaled products of query (B, heads, T, d) and key (B, heads, S, d), as (B, T, heads, S).

    The mask is bool, broadcastable to (B, heads, T, S); where it is false the weight is 0.
    """
    scores = query @ key.transpose(-1, -2) / math.sqrt(key.shape[-1])
    return masked_softmax(scores, mask).transpose(1, 2)
