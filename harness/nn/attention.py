"""Attention: over a memory (for decoders), pooled to one vector, over a causal window, and over a whole sequence.

Every layer masks by true length and returns zeros if there is nothing to attend to. Axes: B batch, T time (memory),
U target time, H hidden size.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from harness.nn.attention_heads import attention_weights, join_heads, split_heads
from harness.nn.initialisation import linear
from harness.nn.masking import length_mask, masked_softmax


class AdditiveAttention(nn.Module):
    """score(q, m) = v . tanh(W q + U m): Bahdanau et al. 2015, appendix A.1.2.

    Args:
        query_dim: size of the query.
        memory_dim: size of a memory position.
        dim: size of the attention space.
    """

    def __init__(self, query_dim: int, memory_dim: int, dim: int) -> None:
        super().__init__()
        self.query = linear(query_dim, dim, bias=False)
        self.key = linear(memory_dim, dim)
        self.score = linear(dim, 1, bias=False)

    def keys(self, memory: Tensor) -> Tensor:
        """U m of memory (B, T, M), (B, T, A): computed once for all queries."""
        return self.key(memory)

    def forward(self, query: Tensor, keys: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Context (B, M) and weights (B, T) for query (B, Q), keys (B, T, A), memory (B, T, M) and mask (B, T)."""
        scores = self.score(torch.tanh(self.query(query).unsqueeze(1) + keys)).squeeze(-1)  # (B, T)
        weights = masked_softmax(scores, mask)
        return torch.bmm(weights.to(memory.dtype).unsqueeze(1), memory).squeeze(1), weights


class MemoryAttention(nn.Module, ABC):
    """Attention of many queries over a memory, all at once.

    Attributes:
        context_dim: C of the contexts.
    """

    context_dim: int

    @abstractmethod
    def forward(self, queries: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Contexts (B, U, C) and weights (B, U, T) for queries (B, U, Q), memory (B, T, M) and mask (B, T)."""


class MultiplicativeAttention(MemoryAttention):
    """score(q, m) = q . W m, the "general" score of Luong et al. 2015, eq. 8; all queries in one product.

    Args:
        query_dim: size of a query.
        memory_dim: size of a memory position.
    """

    def __init__(self, query_dim: int, memory_dim: int) -> None:
        super().__init__()
        self.context_dim = memory_dim
        # Applied to the query, since there are fewer queries and the memory stays unchanged: q . W m = (q W) . m
        self.query = linear(query_dim, memory_dim, bias=False)

    def forward(self, queries: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Contexts (B, U, M) and weights (B, U, T) for queries (B, U, Q), memory (B, T, M) and mask (B, T)."""
        scores = torch.bmm(self.query(queries), memory.transpose(1, 2))  # (B, U, T)
        weights = masked_softmax(scores, mask.unsqueeze(1))
        return torch.bmm(weights.to(memory.dtype), memory), weights


class AttentivePooling(nn.Module):
    """Pools features into one vector: the sum over t of softmax(v . tanh(W x_t + b)) x_t.

    Source: Yang et al. 2016, "Hierarchical Attention Networks", eq. 5-7.

    Args:
        dim: H of the features.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.key = linear(dim, dim)
        self.score = linear(dim, 1, bias=False)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled (B, H) and weights (B, T) of features (B, T, H); zeros for a row of length 0."""
        scores = self.score(torch.tanh(self.key(features))).squeeze(-1)  # (B, T)
        weights = masked_softmax(scores, length_mask(lengths, features.shape[1]))
        return torch.bmm(weights.to(features.dtype).unsqueeze(1), features).squeeze(1), weights


class SelfAttention(nn.Module):
    """Every position attends to every real position: multi-head attention, Vaswani et al. 2017, eq. 1.

    Args:
        dim: H of the features.
        heads: how many; must divide dim.

    Raises:
        ValueError: heads does not divide dim.
    """

    def __init__(self, dim: int, heads: int = 4) -> None:
        super().__init__()
        if heads < 1 or dim % heads:
            raise ValueError(f"heads={heads}: must divide the {dim} features")
        self.heads = heads
        self.project = linear(dim, 3 * dim)
        self.output = linear(dim, dim)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Attended features (B, T, H) of features (B, T, H), without the residual."""
        query, key, value, mask = self._projected(features, lengths)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.output(join_heads(mixed))

    def weights(self, features: Tensor, lengths: Tensor) -> Tensor:
        """What every position attends to, (B, T, heads, T); each head sums to 1, with zeros at padding."""
        query, key, _, mask = self._projected(features, lengths)
        return attention_weights(query, key, mask)

    def _projected(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Queries, keys and values (B, heads, T, H / heads) each, and which positions are real (B, 1, 1, T)."""
        query, key, value = (split_heads(part, self.heads) for part in self.project(features).chunk(3, dim=-1))
        # A row of length 0 attends to its first position: the result is unused, and an empty softmax is NaN.
        return query, key, value, length_mask(lengths.clamp(min=1), features.shape[1])[:, None, None, :]


Window = tuple[Tensor, Tensor]
"""The state of `WindowedCausalAttention`: the latest features (B, context - 1, H), newest last, and which of them
exist, bool (B, context - 1); zeros in both are the initial state. Plain tuples, so that a checkpoint can store them."""


class WindowedCausalAttention(nn.Module):
    """Position t attends to positions t - context + 1 ... t, across calls: score(t, s) = x_t W x_s / sqrt(H).

    A sequence processed in chunks gives the same result as the whole. Time is processed in blocks, so cost and memory
    grow with T x 2 context rather than T x T. One head needs one matrix for the scores and one for the result: keys and
    values are the features themselves, so the carried state need not be projected again.

    Source: Daniluk et al. 2017, "Frustratingly Short Attention Spans in Neural Language Modeling", with the scores of
    Luong et al. 2015, eq. 8, scaled as in Vaswani et al. 2017.

    Args:
        dim: H of the features.
        context: number of positions attended to, including the current one.

    Raises:
        ValueError: context below 1.
    """

    def __init__(self, dim: int, context: int) -> None:
        super().__init__()
        if context < 1:
            raise ValueError(f"context={context}: must be at least 1")
        self.context = context
        self.query = linear(dim, dim, bias=False)
        self.output = linear(dim, dim)

    def forward(self, features: Tensor, lengths: Tensor, window: Window | None = None) -> tuple[Tensor, Window]:
        """Attended features (B, T, H), without the residual, and the window at each row's true end."""
        batch, past = features.shape[0], self.context - 1
        longer, valid = self._joined(features, lengths, window)
        mixed = self._blocks(self.query(features), longer, valid)
        latest = lengths.unsqueeze(1) + torch.arange(past, device=lengths.device)  # (B, past)
        rows = torch.arange(batch, device=lengths.device).unsqueeze(1)
        return self.output(mixed), (longer[rows, latest], valid[rows, latest])

    def weights(self, features: Tensor, lengths: Tensor, window: Window | None = None) -> Tensor:
        """What position t attends to: positions t - context + 1 ... t, (B, T, context), zero where there is none."""
        size, dim = features.shape[1:]
        longer, valid = self._joined(features, lengths, window)
        steps = torch.arange(size, device=features.device)
        seen = steps.unsqueeze(1) + torch.arange(self.context, device=features.device)  # (T, context), into `longer`
        scores = torch.einsum("bth,btch->btc", self.query(features), longer[:, seen]) / math.sqrt(dim)
        return masked_softmax(scores, valid[:, seen])

    def _joined(self, features: Tensor, lengths: Tensor, window: Window | None) -> Window:
        """The window followed by the features (B, past + T, H), and which of these positions exist (B, past + T)."""
        batch, size, dim = features.shape
        past = self.context - 1
        if window is None:
            window = (features.new_zeros(batch, past, dim), lengths.new_zeros(batch, past, dtype=torch.bool))
        longer = torch.cat((window[0].to(features.dtype), features), dim=1)
        return longer, torch.cat((window[1].to(torch.bool), length_mask(lengths, size)), dim=1)

    def _blocks(self, query: Tensor, memory: Tensor, valid: Tensor) -> Tensor:
        """Query (B, T, H) against memory (B, past + T, H): (B, T, H).

        Longer queries are processed in blocks of `context`, each with the preceding block as its memory.
        """
        size, width = query.shape[1], self.context
        if size <= width:
            return _attend_in_band(query, memory, valid, width)
        missing = -size % width
        query = nn.functional.pad(query, (0, 0, 0, missing))
        memory = nn.functional.pad(memory, (0, 0, 1, missing))  # one extra position makes the past a whole block
        valid = nn.functional.pad(valid, (1, missing))
        batch, _, dim = query.shape
        memory = memory.view(batch, -1, width, dim)
        memory = torch.cat((memory[:, :-1], memory[:, 1:]), dim=2).flatten(0, 1)  # (B N, 2 context, H)
        valid = valid.view(batch, -1, width)
        valid = torch.cat((valid[:, :-1], valid[:, 1:]), dim=2).flatten(0, 1)  # (B N, 2 context)
        mixed = _attend_in_band(query.reshape(-1, width, dim), memory, valid, width)  # (B N, context, H)
        return mixed.view(batch, -1, dim)[:, :size]  # (B, T, H)


def _attend_in_band(query: Tensor, memory: Tensor, valid: Tensor, width: int) -> Tensor:
    """Query (B, T, H) over memory (B, S, H) that ends with the queries: each sees its own position and width - 1
    before."""
    size, span, dim = query.shape[1], memory.shape[1], query.shape[2]
    here = torch.arange(span - size, span, device=query.device).unsqueeze(1)
    age = here - torch.arange(span, device=query.device)  # (T, S)
    mask = ((age >= 0) & (age < width)) & valid.unsqueeze(1)  # (B, T, S)
    weights = masked_softmax(torch.bmm(query, memory.to(query.dtype).transpose(1, 2)) / math.sqrt(dim), mask)
    return torch.bmm(weights.to(query.dtype), memory.to(query.dtype))  # (B, T, H)
