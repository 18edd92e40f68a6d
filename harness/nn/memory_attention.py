"""Attention of a decoder's outputs over the encoder's features, all outputs at once, with other scores than "general".

Each layer takes queries (B, U, Q), memory (B, T, M) and mask (B, T), true at real positions, and returns contexts
(B, U, `context_dim`) and weights (B, U, T), which sum to 1 and are zero at padding. `MultiplicativeAttention` in
`harness.nn.attention` is the "general" score. Axes: B batch, T memory time, U target time, Q query, M memory features.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from harness.errors import PluginError
from harness.nn.attention import MemoryAttention, MultiplicativeAttention
from harness.nn.attention_heads import attention_weights, join_heads, split_heads
from harness.nn.initialisation import linear
from harness.nn.masking import masked_softmax

Score = Literal["general", "dot", "concat", "multi_head", "local"]
SCORES: tuple[Score, ...] = get_args(Score)
"""Names of all scores."""


class DotAttention(MemoryAttention):
    """score(q, m) = q . m: Luong et al. 2015, "Effective Approaches to Attention-based NMT", eq. 8, without weights.

    Args:
        query_dim: Q.
        memory_dim: M, equal to it.

    Raises:
        ValueError: they differ.
    """

    def __init__(self, query_dim: int, memory_dim: int) -> None:
        super().__init__()
        if query_dim != memory_dim:
            raise ValueError(f"score=dot: queries of {query_dim} and a memory of {memory_dim} features must be equal")
        self.context_dim = memory_dim

    def forward(self, queries: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """See `MemoryAttention.forward`."""
        return _mix(torch.bmm(queries, memory.to(queries.dtype).transpose(1, 2)), memory, mask)


class ConcatAttention(MemoryAttention):
    """score(q, m) = v . tanh(W [q; m]): Luong et al. 2015, eq. 8. W has Q rows, and is applied to q and m apart.

    Holds B x U x T x Q numbers.

    Args:
        query_dim: Q.
        memory_dim: M.
    """

    def __init__(self, query_dim: int, memory_dim: int) -> None:
        super().__init__()
        self.context_dim = memory_dim
        self.query = linear(query_dim, query_dim, bias=False)
        self.key = linear(memory_dim, query_dim, bias=False)
        self.score = linear(query_dim, 1, bias=False)

    def forward(self, queries: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """See `MemoryAttention.forward`."""
        joined = self.query(queries).unsqueeze(2) + self.key(memory).unsqueeze(1)  # (B, U, T, Q)
        return _mix(self.score(torch.tanh(joined)).squeeze(-1), memory, mask)


class MultiHeadAttention(MemoryAttention):
    """Attention of several heads: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.2, with d_model = Q.

    The weights it returns are the mean over heads.

    Args:
        query_dim: Q.
        memory_dim: M.
        heads: how many; must divide Q.

    Raises:
        ValueError: heads does not divide Q.
    """

    def __init__(self, query_dim: int, memory_dim: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or query_dim % heads:
            raise ValueError(f"heads={heads}: must divide the queries' {query_dim} features")
        self.heads, self.context_dim = heads, query_dim
        self.query = linear(query_dim, query_dim)
        self.key = linear(memory_dim, query_dim)
        self.value = linear(memory_dim, query_dim)
        self.output = linear(query_dim, query_dim)

    def forward(self, queries: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """See `MemoryAttention.forward`."""
        projected = (self.query(queries), self.key(memory), self.value(memory))
        query, key, value = (split_heads(part, self.heads) for part in projected)
        weights = attention_weights(query, key, mask[:, None, None, :])  # (B, U, heads, T)
        mixed = weights.transpose(1, 2).to(value.dtype) @ value  # (B, heads, U, Q / heads)
        return self.output(join_heads(mixed)), weights.mean(2)


class LocalAttention(MemoryAttention):
    """Attention to a window around a predicted position, "local-p" of Luong et al. 2015, eq. 9 and 10.

    p = S sigmoid(v . tanh(W q)) for a memory of S real positions, counted from 0; the general score's softmax runs over
    positions in [p - D, p + D], and is multiplied by exp(-(s - p)^2 / (2 (D / 2)^2)). As in the paper the products
    weigh the memory as they are; the weights returned are divided by their sum.

    Args:
        query_dim: Q.
        memory_dim: M.
        window: D, at least 1.

    Raises:
        ValueError: a window below 1.
    """

    def __init__(self, query_dim: int, memory_dim: int, window: int) -> None:
        super().__init__()
        if window < 1:
            raise ValueError(f"window={window}: must be at least 1")
        self.window, self.context_dim = window, memory_dim
        self.query = linear(query_dim, memory_dim, bias=False)
        self.place = linear(query_dim, query_dim, bias=False)
        self.predict = linear(query_dim, 1, bias=False)

    def forward(self, queries: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """See `MemoryAttention.forward`."""
        scores = torch.bmm(self.query(queries), memory.transpose(1, 2))  # (B, U, T)
        exact = torch.float64 if scores.dtype == torch.float64 else torch.float32  # bfloat16 cannot count to 300
        size = mask.sum(1).to(exact)[:, None, None]  # S
        centre = size * torch.sigmoid(self.predict(torch.tanh(self.place(queries))).to(exact))  # (B, U, 1)
        away = torch.arange(memory.shape[1], device=memory.device) - centre  # (B, U, T)
        inside = mask.unsqueeze(1) & (away.abs() <= self.window)
        nearness = torch.exp(-away.square() / (2 * (self.window / 2) ** 2))
        weights = masked_softmax(scores, inside) * nearness
        context = torch.bmm(weights.to(memory.dtype), memory)
        return context, weights / weights.sum(-1, keepdim=True).clamp(min=torch.finfo(weights.dtype).tiny)


def memory_attention(score: Score, query_dim: int, memory_dim: int, heads: int, window: int) -> MemoryAttention:
    """A layer for one of `SCORES`; `heads` only matters to "multi_head", `window` to "local".

    Raises:
        PluginError: another score.
        ValueError: sizes that do not fit the score.
    """
    if score == "general":
        return MultiplicativeAttention(query_dim, memory_dim)
    if score == "dot":
        return DotAttention(query_dim, memory_dim)
    if score == "concat":
        return ConcatAttention(query_dim, memory_dim)
    if score == "multi_head":
        return MultiHeadAttention(query_dim, memory_dim, heads)
    if score == "local":
        return LocalAttention(query_dim, memory_dim, window)
    raise PluginError(f"There is no attention score '{score}'; there are {', '.join(SCORES)}")


def _mix(scores: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Contexts (B, U, M) and weights (B, U, T) from scores (B, U, T)."""
    weights = masked_softmax(scores, mask.unsqueeze(1))
    return torch.bmm(weights.to(memory.dtype), memory), weights
