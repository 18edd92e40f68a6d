"""The engine's input embedding: raw input to (B, T, D), with no convolution and no recurrence.

A convolution or a recurrence here would make every `lstm` a `cnn_lstm`: comparisons of encoders need an
embedding that is as simple as possible and the same for all.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.contract.specs import FrameInput, GraphSeriesInput, InputSpec, TokenInput, VideoInput

POOLED = 16  # video frames are average-pooled to POOLED x POOLED before the linear layer


class TokenEmbedding(nn.Embedding):
    """Lookup, int64 (B, T) -> (B, T, D), scaled by sqrt(D) (Vaswani et al. 2017, section 3.4).

    The weights have standard deviation 1/sqrt(D), so that the same table can serve as output layer.
    """

    def reset_parameters(self) -> None:
        """Normal with standard deviation D**-0.5; the padding row is zero."""
        nn.init.normal_(self.weight, std=self.embedding_dim**-0.5)
        if self.padding_idx is not None:
            with torch.no_grad():
                self.weight[self.padding_idx].zero_()

    def forward(self, tokens: Tensor) -> Tensor:
        """Embed tokens (B, T)."""
        return super().forward(tokens) * math.sqrt(self.embedding_dim)


class FrameEmbedding(nn.Linear):
    """One linear layer on every frame, float32 (B, T, F) -> (B, T, D)."""


class GraphSeriesEmbedding(nn.Module):
    """Nodes x features flattened, then one linear layer: (B, T, N, F) -> (B, T, D)."""

    def __init__(self, nodes: int, features: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(nodes * features, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Embed x (B, T, N, F)."""
        return self.linear(x.flatten(2))  # (B, T, N*F) -> (B, T, D)


class VideoEmbedding(nn.Module):
    """Average-pooling to 16 x 16, flattening, one linear layer: (B, T, C, Y, X) -> (B, T, D)."""

    def __init__(self, spec: VideoInput, dim: int) -> None:
        super().__init__()
        self.size = (min(POOLED, spec.height), min(POOLED, spec.width))
        self.linear = nn.Linear(spec.channels * self.size[0] * self.size[1], dim)

    def forward(self, x: Tensor) -> Tensor:
        """Embed x (B, T, C, Y, X)."""
        pooled = pool(x.flatten(0, 1), self.size)  # (B*T, C, 16, 16)
        return self.linear(pooled.flatten(1)).unflatten(0, x.shape[:2])  # (B, T, D)


def pool(frames: Tensor, size: tuple[int, int]) -> Tensor:
    """Average-pooling of frames (N, C, Y, X) to `size`, the height and width afterwards.

    Frames of that size are returned as they are. If all averages are over the same number of pixels, another torch
    kernel gives the same result in half the time.
    """
    height, width = frames.shape[-2:]
    if (height, width) == size:
        return frames
    if height % size[0] == 0 and width % size[1] == 0:
        return functional.avg_pool2d(frames, (height // size[0], width // size[1]))
    return functional.adaptive_avg_pool2d(frames, size)


def input_embedding(spec: InputSpec, dim: int) -> nn.Module:
    """The embedding for an input specification, with D = dim."""
    match spec:
        case TokenInput():
            return TokenEmbedding(spec.vocab_size, dim, padding_idx=spec.pad_id)
        case FrameInput():
            return FrameEmbedding(spec.feature_dim, dim)
        case VideoInput():
            return VideoEmbedding(spec, dim)
        case GraphSeriesInput():
            return GraphSeriesEmbedding(spec.nodes, spec.features, dim)
    raise TypeError(f"no embedding for an input of type {type(spec).__name__}")
