"""Output layers that targets are built with, the same for every model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.nn.adaptive_softmax import AdaptiveSoftmax
from harness.nn.dropout import Dropout
from harness.nn.embedding import TokenEmbedding
from harness.nn.output_layers import FullSoftmax, LinearOutput, OutputLayer, SampledSoftmax


class LinearHead(nn.Module):
    """Dropout and one linear layer on (B, ..., H)."""

    def __init__(self, features: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.linear = nn.Linear(features, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, ..., outputs)."""
        return self.linear(self.dropout(x))


class TableHead(LinearHead):
    """Dropout and one linear layer from (B, ..., H) to a table of numbers (B, ..., rows, columns)."""

    def __init__(self, features: int, rows: int, columns: int, dropout: float) -> None:
        super().__init__(features, rows * columns, dropout)
        self.shape = (rows, columns)

    def forward(self, x: Tensor) -> Tensor:
        """Numbers (B, ..., rows, columns)."""
        return super().forward(x).unflatten(-1, self.shape)


class ForecastHead(nn.Module):
    """Dropout and one linear layer from a summary to the steps ahead, for one quantile or several.

    Args:
        features: S.
        horizon: steps ahead.
        dim: variables. Where they are `separate`, each has a summary of its own, and all share the layer.
        quantiles: numbers for each value; 1: a point forecast.
        dropout: on the summary.
        separate: see above.
        level: whether behind the summary stands the level of each variable, which is added to its forecasts.
    """

    def __init__(
        self, features: int, horizon: int, dim: int, quantiles: int, dropout: float, *, separate: bool, level: bool
    ) -> None:
        super().__init__()
        self.features, self.separate, self.level = features, separate, level
        self.shape = (horizon, 1 if separate else dim, quantiles)
        self.dropout = Dropout(dropout)
        self.linear = nn.Linear(features, horizon * self.shape[1] * quantiles)

    def forward(self, x: Tensor) -> Tensor:
        """(B, horizon, dim, quantiles) from (B, S [+ dim]), or where variables are separate from (B, dim, S [+ 1])."""
        made = self.linear(self.dropout(x[..., : self.features])).unflatten(-1, self.shape)
        level = x[..., self.features :]  # (B, dim) or (B, dim, 1)
        if self.separate:
            made, level = made.squeeze(-2).transpose(1, 2), level.squeeze(-1)  # (B, horizon, dim, quantiles)
        return made + level[:, None, :, None] if self.level else made


class TokenHead(nn.Module):
    """Dropout, a projection to the embedding's size, and the output layer over the vocabulary.

    With `tie`, the output layer's weights are the embedding's (Press and Wolf 2017, "Using the output
    embedding to improve language models"); an adaptive softmax has other shapes and cannot be tied.

    Args:
        features: H.
        embedding: of the predicted symbols; determines D and V.
        dropout: on the features.
        tie: see above.
        softmax: "full", "adaptive" or "sampled".
    """

    def __init__(
        self, features: int, embedding: TokenEmbedding, dropout: float, *, tie: bool, softmax: str = "full"
    ) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.project = nn.Linear(features, embedding.embedding_dim)
        self.output: OutputLayer = SOFTMAX[softmax](embedding.embedding_dim, embedding.num_embeddings)
        if tie and isinstance(self.output, LinearOutput):
            self.output.weight = embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        """Logits or log-probabilities (B, ..., V)."""
        return self.output(self.project(self.dropout(x)))

    def loss(
        self, x: Tensor, targets: Tensor, lengths: Tensor, *, label_smoothing: float = 0.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Training loss of the valid positions, without a matrix of all logits.

        Args:
            x: features (B, U, H).
            targets: int64 (B, U).
            lengths: int64 (B,), valid positions of each row.
            label_smoothing: as torch's.

        Returns:
            mean: float32 scalar, with a gradient. sum: mean times count, without a gradient. count: int64 scalar.
        """
        x, targets = self.dropout(x).flatten(0, 1), targets.flatten()  # (N, H), (N,), N = B * U
        count = lengths.sum()
        valid = torch.arange(len(targets) // len(lengths), device=x.device) < lengths.unsqueeze(1)  # (B, U)
        if x.device.type == "cpu":
            found = int(count)
            if found < len(targets):  # drop padding before computing anything for it
                index = valid.flatten().nonzero().squeeze(1)
                x, targets = x.index_select(0, index), targets.index_select(0, index)
            mean = self.output.loss(self.project(x), targets, None, 1.0 / max(1, found), label_smoothing)
            return mean, mean.detach() * found, count
        # Elsewhere, dropping rows would wait for the device to report how many are left.
        total = self.output.loss(self.project(x), targets, valid.flatten(), 1.0, label_smoothing)
        return total / count, total.detach(), count


SOFTMAX: dict[str, type[FullSoftmax | AdaptiveSoftmax | SampledSoftmax]] = {
    "full": FullSoftmax,
    "adaptive": AdaptiveSoftmax,
    "sampled": SampledSoftmax,
}
"""Allowed values of `trainer.softmax`."""
