"""What data looks like: the typed specifications of a task's input and target.

Axes: B batch, T input time, U target time, F features, K classes, V vocabulary, C/Y/X channels, height, width.

A task declares the *types* statically and the *sizes* once its data is set up, so that the question
"can this model do this task?" is answered before any data is touched (see `TaskSignature`).
"""

from __future__ import annotations

from dataclasses import dataclass


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
class ClassTarget:
    """One of K classes for a whole input: target int64 (B,), output (B, K), cross-entropy."""

    num_classes: int
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class FrameTarget:
    """One of K classes for every frame: target int64 (B, T), output (B, T, K), masked cross-entropy."""

    num_classes: int


@dataclass(frozen=True)
class CTCTarget:
    """A label sequence without alignment: labels 1..num_labels, `blank` = 0; output (B, T', num_labels + 1).

    `max_subsampling` is the largest factor by which a model may shorten time with every example still feasible.
    Source: Graves et al. 2006, "Connectionist Temporal Classification".
    """

    num_labels: int
    blank: int = 0
    max_subsampling: int = 1


@dataclass(frozen=True)
class NextTokenTarget:
    """The next symbol at every position: target int64 (B, T), output (B, T, V); perplexity."""

    vocab_size: int
    pad_id: int = 0
    bos_id: int = 1


@dataclass(frozen=True)
class TokenSequenceTarget:
    """A symbol sequence of its own length, ending in `eos_id`: target int64 (B, U), output (B, U, V)."""

    vocab_size: int
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    max_length: int = 100


@dataclass(frozen=True)
class ForecastTarget:
    """`horizon` future values of `dim` variables on the train-normalised scale: float32 (B, horizon, dim)."""

    horizon: int
    dim: int


TargetSpec = ClassTarget | FrameTarget | CTCTarget | NextTokenTarget | TokenSequenceTarget | ForecastTarget
"""What a task can ask for."""


@dataclass(frozen=True)
class TaskSignature:
    """All that is known of a task before its data: enough to say which models fit.

    Attributes:
        task: the task's name, for messages.
        input_type: one of the input specification types.
        target_type: one of the target specification types.
        max_subsampling: for `CTCTarget`, the largest feasible subsampling; 1 elsewhere.
    """

    task: str
    input_type: type[InputSpec]
    target_type: type[TargetSpec]
    max_subsampling: int = 1
