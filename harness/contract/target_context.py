"""What the engine gives a target: to build its head, and to decode.

Axes: H hidden size, S summary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from torch import nn


class HeadOptions(Protocol):
    """What `harness.config.run_options.TrainerSettings` says about heads."""

    @property
    def embedding_dim(self) -> int:
        """D of the engine's embedding."""
        ...

    @property
    def head_dropout(self) -> float:
        """Dropout on the features before the head."""
        ...

    @property
    def tie_embeddings(self) -> bool:
        """Whether the output layer over symbols shares their embedding."""
        ...

    @property
    def softmax(self) -> str:
        """ "full", "adaptive" or "sampled"."""
        ...


class HeadContext(NamedTuple):
    """What a head is built for.

    Attributes:
        feature_dim: H of the encoder's features, or of the decoder's where there is one.
        summary_dim: S.
        embedding: of the input symbols, or of the target symbols where there is a decoder.
        options: the engine's settings for heads.
    """

    feature_dim: int
    summary_dim: int
    embedding: nn.Module
    options: HeadOptions


class Decoding(Protocol):
    """How outputs are searched for, as `harness.config.run_options.DecodingSettings` documents it."""

    @property
    def method(self) -> str:
        """ "greedy" or "beam"."""
        ...

    @property
    def beam_size(self) -> int:
        """Hypotheses kept."""
        ...

    @property
    def sample_length(self) -> int:
        """Steps or symbols of a generated continuation."""
        ...

    @property
    def temperature(self) -> float:
        """By which logits are divided before sampling."""
        ...

    @property
    def length_penalty(self) -> float:
        """Exponent of the length penalty."""
        ...

    @property
    def max_length(self) -> int | None:
        """Longest output in symbols; None: the target's own."""
        ...
