"""What data looks like: the typed specifications of a task's input (those of targets: `harness.targets`).

Axes: B batch, T input time, F features, C/Y/X channels, height, width, N nodes.

A task declares the *types* statically and the *sizes* once its data is set up, so that the question
"can this model do this task?" is answered before any data is touched (see `TaskSignature`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TokenInput:
    """Symbols, int64 (B, T).

    Attributes:
        vocab_size: how many symbols there are, special ones included; ids are below it.
        pad_id: the id that batches are padded with; no symbol of an example.
    """

    vocab_size: int
    pad_id: int = 0


@dataclass(frozen=True)
class FrameInput:
    """Feature vectors, float32 (B, T, F).

    Attributes:
        feature_dim: F.
    """

    feature_dim: int


@dataclass(frozen=True)
class VideoInput:
    """Frames of pictures, float32 (B, T, C, Y, X).

    Attributes:
        channels, height, width: C, Y and X.
    """

    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class GraphSeriesInput:
    """A series over the nodes of a fixed graph, float32 (B, T, N, F).

    Attributes:
        nodes, features: N and F.
        edges: (source, target) pairs of node numbers.
    """

    nodes: int
    features: int
    edges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class EmbeddedInput:
    """What a model reads that lists no raw type: the engine's embedding, float32 (B, T, D).

    Attributes:
        dim: D.
    """

    dim: int


InputSpec = TokenInput | FrameInput | VideoInput | GraphSeriesInput
"""What a task can feed in."""

ModelInput = InputSpec | EmbeddedInput
"""What a model's `build` receives: `EmbeddedInput`, or the raw spec where its capabilities list that type."""
