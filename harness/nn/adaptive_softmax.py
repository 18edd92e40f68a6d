"""Adaptive softmax: frequent symbols in a small matrix, rare ones in clusters of fewer dimensions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from harness.nn.chunked_loss import chunked_cross_entropy
from harness.nn.output_layers import OutputLayer

_NARROWER = 4  # factor by which the dimensions of each cluster shrink from the one before


class _Cluster(nn.Module):
    """A projection to fewer dimensions and the output layer over the cluster's symbols."""

    def __init__(self, features: int, narrow: int, symbols: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(features, narrow, bias=False)
        self.output = nn.Linear(narrow, symbols, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (..., symbols)."""
        return self.output(self.narrow(x))


class AdaptiveSoftmax(OutputLayer):
    """p(symbol) = p(head entry) for frequent symbols, p(cluster) p(symbol | cluster) for the others.

    The head is a linear layer over the symbols before the first cutoff and one entry per cluster; cluster i (from 1) is
    a projection D -> D / 4^i and a linear layer over its symbols. A position costs the head, plus one cluster if its
    symbol is in it. The clusters have fewer dimensions than an embedding, so no weights are tied.

    Its log-probabilities are those of `torch.nn.AdaptiveLogSoftmaxWithLoss(..., head_bias=True)`, whose symbols must
    be numbered by frequency; here `order` maps them.

    Source: Grave et al. 2017, "Efficient softmax approximation for GPUs".

    Args:
        features, symbols: D and V.
        cutoffs: ranks at which clusters start; None: a fifth and a half of V.
    """

    by_frequency = True
    order: Tensor
    cutoffs: Tensor

    def __init__(self, features: int, symbols: int, cutoffs: Sequence[int] | None = None) -> None:
        super().__init__()
        found = [symbols // 5, symbols // 2] if cutoffs is None else cutoffs
        bounds = [*sorted({c for c in found if 0 < c < symbols}), symbols]
        self.head = nn.Linear(features, bounds[0] + len(bounds) - 1)
        nn.init.zeros_(self.head.bias)
        self.clusters = nn.ModuleList()
        for i, (begin, end) in enumerate(itertools.pairwise(bounds), start=1):
            narrow = max(1, features // _NARROWER**i)
            self.clusters.append(_Cluster(features, narrow, end - begin))
        self.frequent = bounds[0]
        self.register_buffer("order", torch.arange(symbols))  # (V,): symbols by decreasing frequency
        self.register_buffer("cutoffs", torch.tensor(bounds[:-1], dtype=torch.int64), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Log-probabilities (..., V), exact."""
        precise = torch.promote_types(x.dtype, torch.float32)
        head = self.head(x).to(precise).log_softmax(-1)  # (..., frequent + clusters)
        parts = [head[..., : self.frequent]]
        for i, cluster in enumerate(self.clusters, start=self.frequent):
            parts.append(cluster(x).to(precise).log_softmax(-1) + head[..., i : i + 1])
        return torch.cat(parts, -1).index_select(-1, self._ranks())

    def loss(
        self, x: Tensor, targets: Tensor, kept: Tensor | None = None, scale: float = 1.0, label_smoothing: float = 0.0
    ) -> Tensor:
        """Cross-entropy; the rows of each cluster are determined on the host, which waits for an accelerator."""
        if label_smoothing:
            raise ValueError("an adaptive softmax cannot smooth labels: which needs the logits of all symbols")
        ranks = self._ranks()[targets]
        cluster_of = torch.bucketize(ranks, self.cutoffs, right=True)  # (N,): 0 for frequent symbols
        entries = torch.where(cluster_of == 0, ranks, self.frequent + cluster_of - 1)
        total = chunked_cross_entropy(x, self.head.weight, self.head.bias, entries, kept=kept, scale=scale)
        for i, cluster in enumerate(self.clusters):
            assert isinstance(cluster, _Cluster)
            inside = cluster_of == i + 1 if kept is None else (cluster_of == i + 1) & (kept > 0)
            rows = inside.nonzero().squeeze(1)
            if len(rows):
                features = cluster.narrow(x.index_select(0, rows))
                wanted = ranks[rows] - self.cutoffs[i]
                total = total + chunked_cross_entropy(features, cluster.output.weight, None, wanted, scale=scale)
        return total

    def _ranks(self) -> Tensor:
        """The rank (V,) of every symbol."""
        return torch.empty_like(self.order).scatter_(
            0, self.order, torch.arange(len(self.order), device=self.order.device)
        )
