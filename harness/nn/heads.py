"""The engine's output layers, one for each target type, the same after every model."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from harness.nn.embedding import TokenEmbedding
from harness.specs import ClassTarget, CTCTarget, ForecastTarget, FrameTarget, TargetSpec


class LinearHead(nn.Module):
    """Dropout and one linear layer on (B, ..., H)."""

    def __init__(self, features: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(features, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, ..., outputs)."""
        return self.linear(self.dropout(x))


class ForecastHead(LinearHead):
    """Dropout and one linear layer from the summary (B, S) to (B, horizon, dim)."""

    def __init__(self, features: int, spec: ForecastTarget, dropout: float) -> None:
        super().__init__(features, spec.horizon * spec.dim, dropout)
        self.shape = (spec.horizon, spec.dim)

    def forward(self, x: Tensor) -> Tensor:
        """Forecasts (B, horizon, dim) on the train-normalised scale."""
        return super().forward(x).unflatten(-1, self.shape)


class TokenHead(nn.Module):
    """Dropout, a projection to the embedding's size, and the output layer over the vocabulary.

    With `tie`, the output layer's weights are the embedding's (Press and Wolf 2017, "Using the output
    embedding to improve language models").
    """

    def __init__(self, features: int, embedding: TokenEmbedding, dropout: float, *, tie: bool) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(features, embedding.embedding_dim)
        self.output = nn.Linear(embedding.embedding_dim, embedding.num_embeddings)
        nn.init.zeros_(self.output.bias)
        if tie:
            self.output.weight = embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, ..., V)."""
        return functional.linear(self.project(self.dropout(x)), self.output.weight, self.output.bias)


def output_head(spec: TargetSpec, feature_dim: int, summary_dim: int, dropout: float) -> nn.Module:
    """The head for a target that is no token sequence (those use `TokenHead`)."""
    match spec:
        case ClassTarget():
            return LinearHead(summary_dim, spec.num_classes, dropout)
        case FrameTarget():
            return LinearHead(feature_dim, spec.num_classes, dropout)
        case CTCTarget():
            return LinearHead(feature_dim, spec.num_labels + 1, dropout)
        case ForecastTarget():
            return ForecastHead(summary_dim, spec, dropout)
    raise TypeError(f"no linear head for a target of type {type(spec).__name__}")
