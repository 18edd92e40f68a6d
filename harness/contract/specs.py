"""What data looks like: the typed specifications of a task's input (those of targets: `harness.targets`).

Axes: B batch, T input time, F features, C/Y/X channels, height, width, N nodes.

A task declares the *types* statically and the *sizes* once its data is set up, so that the question
"can this model do this task?" is answered before any data is touched (see `TaskSignature`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.contract.target import Target


@dataclass(frozen=True)
class TokenInput:
    """Symbols, int64 (B, T)."""

    vocab_size: int
    pad_id: int = 0


@dataclass(frozen=True)
class FrameInput:
    """Feature vectors, float32 (B, T, F)."""

    feature_dim: int


@dataclass(frozen=True)
class VideoInput:
    """Frames of pictures, float32 (B, T, C, Y, X)."""

    channels: int
    height: int
    width: int


@dataclass(frozen=True)
class GraphSeriesInput:
    """A series over the nodes of a fixed graph, float32 (B, T, N, F); `edges` are (source, target) pairs."""

    nodes: int
    features: int
    edges: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class EmbeddedInput:
    """What a model reads that lists no raw type: the engine's embedding, float32 (B, T, D)."""

    dim: int


InputSpec = TokenInput | FrameInput | VideoInput | GraphSeriesInput
"""What a task can feed in."""

ModelInput = InputSpec | EmbeddedInput
"""What a model's `build` receives: `EmbeddedInput`, or the raw spec where its capabilities list that type."""


@dataclass(frozen=True)
class TaskSignature:
    """All that is known of a task before its data: enough to say which models fit.

    Attributes:
        task: the task's name, for messages.
        input_type: one of the input specification types.
        target_type: the class of its target.
        max_subsampling: the largest factor by which time may be shortened, where the target's needs leave it to the
            task to declare one; 1 elsewhere.
    """

    task: str
    input_type: type[InputSpec]
    target_type: type[Target]
    max_subsampling: int = 1
