"""Output layers over a vocabulary: full and sampled softmax (adaptive softmax has its own file).

Each computes logits or log-probabilities over all symbols (`forward`), for evaluation, search and sampling, and the
training loss of given rows without them (`loss`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.nn.chunked_loss import chunked_cross_entropy


class OutputLayer(nn.Module, ABC):
    """A map from features to a distribution over V symbols.

    Attributes:
        by_frequency: whether symbol frequencies matter; such layers have a buffer `order` (V,).
    """

    by_frequency: ClassVar[bool] = False

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Logits or log-probabilities (..., V) for features (..., D)."""

    def order_by_frequency(self, counts: np.ndarray) -> None:
        """Adapt to symbol frequencies; to be called before training.

        Args:
            counts: (V,), how often each symbol occurs in the training data. Ties are ordered by id.
        """
        self.get_buffer("order").copy_(torch.from_numpy(np.argsort(-counts, kind="stable")))

    @abstractmethod
    def loss(
        self, x: Tensor, targets: Tensor, kept: Tensor | None = None, scale: float = 1.0, label_smoothing: float = 0.0
    ) -> Tensor:
        """`scale` times the summed training loss, a float32 scalar.

        Args:
            x: (N, D).
            targets: int64 (N,).
            kept: (N,), 1 for rows that count, 0 for the others; None: all count.
            scale: as for `chunked_cross_entropy`.
            label_smoothing: as torch's.

        Raises:
            ValueError: this output layer cannot smooth labels.
        """


class LinearOutput(OutputLayer):
    """One linear layer D -> V, whose weights may be shared with an embedding."""

    def __init__(self, features: int, symbols: int) -> None:
        super().__init__()
        linear = nn.Linear(features, symbols)
        self.weight, self.bias = linear.weight, linear.bias
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (..., V)."""
        return functional.linear(x, self.weight, self.bias)


class FullSoftmax(LinearOutput):
    """Trained on the cross-entropy over all symbols: exact, and the default."""

    def loss(
        self, x: Tensor, targets: Tensor, kept: Tensor | None = None, scale: float = 1.0, label_smoothing: float = 0.0
    ) -> Tensor:
        """Cross-entropy over all symbols, chunk by chunk."""
        return chunked_cross_entropy(
            x, self.weight, self.bias, targets, kept=kept, scale=scale, label_smoothing=label_smoothing
        )


class SampledSoftmax(LinearOutput):
    """Trained against a sample of symbols drawn at every step; a full softmax everywhere else.

    The sum over all symbols Z = sum_j exp(z_j) in the loss log(Z) - z_target is replaced by exp(z_target) plus
    exp(z_j) / p_j summed over the sampled j other than the target, where p_j is the probability that j is in the
    sample. Its expectation is Z exactly, and with every symbol sampled it is Z. Frequent symbols are in every sample;
    the proposal is log-uniform over ranks (Zipf's law).

    Sources: Bengio and Senécal 2008, "Adaptive importance sampling to accelerate training of a neural probabilistic
    language model"; Jean et al. 2015, "On using very large target vocabulary for neural machine translation", section
    3; the correction of negatives only as in Blanc and Rendle 2018, "Adaptive sampled softmax with kernel based
    sampling", equation 2; sampling without replacement by Madow 1949, "On the theory of systematic sampling, II".

    Args:
        features, symbols: D and V.
        samples: symbols of a sample; None: a tenth of the vocabulary, at least 256.
    """

    by_frequency = True
    order: Tensor
    inclusion: Tensor
    reached: Tensor

    def __init__(self, features: int, symbols: int, samples: int | None = None) -> None:
        super().__init__(features, symbols)
        self.samples = min(symbols, max(256, symbols // 10) if samples is None else samples)
        p = inclusion_probabilities(symbols, self.samples)
        reached = p.cumsum()
        self.register_buffer("order", torch.arange(symbols))  # (V,): symbols by decreasing frequency
        self.register_buffer("inclusion", torch.from_numpy(p), persistent=False)  # (V,), by rank
        self.register_buffer("reached", torch.from_numpy(reached), persistent=False)  # (V,), by rank

    def sample(self) -> tuple[Tensor, Tensor]:
        """Symbols (S,), all distinct, and log p_j (S,) of each; one number is drawn from torch's generator."""
        points = torch.rand((), device=self.reached.device, dtype=torch.float64)
        points = points + torch.arange(self.samples, device=self.reached.device)  # (S,), one in each unit
        ranks = torch.searchsorted(self.reached, points, right=True).clamp_(max=len(self.reached) - 1)
        return self.order[ranks], self.inclusion[ranks].log().to(self.weight.dtype)

    def loss(
        self, x: Tensor, targets: Tensor, kept: Tensor | None = None, scale: float = 1.0, label_smoothing: float = 0.0
    ) -> Tensor:
        """The target against a sample."""
        if label_smoothing:
            raise ValueError("a sampled softmax cannot smooth labels: which needs the logits of all symbols")
        symbols, log_inclusion = self.sample()
        rows = torch.cat(
            [symbols, targets]
        )  # (S + N,): one look-up, since each one's gradient is as large as the table
        weight, bias = self.weight.index_select(0, rows), self.bias.index_select(0, rows)
        count = len(symbols)
        precise = torch.promote_types(x.dtype, torch.float32)
        others = functional.linear(x, weight[:count]).to(precise) + (bias[:count] - log_inclusion)  # (N, S)
        others = others.masked_fill(symbols == targets.unsqueeze(1), -torch.inf)
        own = (x.to(precise) * weight[count:]).sum(1) + bias[count:]  # (N,)
        losses = torch.cat([own.unsqueeze(1), others], 1).logsumexp(1) - own
        return (losses if kept is None else losses * kept).sum() * scale


def inclusion_probabilities(symbols: int, samples: int) -> np.ndarray:
    """float64 (V,): the probability that each rank is in a sample; min(1, c log((k + 2) / (k + 1))), summing to S."""
    zipf = np.log1p(1.0 / np.arange(1, symbols + 1))
    p = np.ones(symbols)
    certain = 0  # ranks that are in every sample, the first ones since zipf falls
    while certain < samples < symbols:
        p[certain:] = (samples - certain) * zipf[certain:] / zipf[certain:].sum()
        more = int((p[certain:] >= 1.0).sum())
        if more == 0:
            break
        p[certain : certain + more] = 1.0
        certain += more
    return p
