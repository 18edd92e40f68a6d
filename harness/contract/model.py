"""The model contract: what a model can read, what it guarantees, and the encoder and decoder it builds.

A model is a dataclass whose fields are its Hydra configuration. It never sees data: the engine embeds the
input before it, and puts the head, the loss and the search after it. Importing this module imports torch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from torch import Tensor, nn

from harness.contract.signature import TaskSignature
from harness.contract.specs import InputSpec, ModelInput
from harness.contract.target import Target
from harness.contract.training import AuxiliaryLoss, ParameterGroup

if TYPE_CHECKING:
    from harness.contract.source import Source

State = Any
"""A pytree of tensors, batch first (B, ...); the engine detaches, reorders and checkpoints it, and passes
None where documents begin."""


@dataclass(frozen=True)
class Capabilities:
    """What a model instance guarantees for a task of a given signature.

    Attributes:
        causal: the features at time t depend on inputs up to t only.
        carries_state: `Encoder.forward` accepts the `state` it returned and goes on exactly where it stopped.
        context: how many past positions the features can depend on; None: all of them.
        reads: raw input types that the encoder wants instead of the engine's embedding.
        subsampling_factor: T' = ceil(T / factor).
        autocast: whether training in bf16 autocast is supported.
        auxiliary: losses that the encoder adds in training.
        size_field: the configuration field that sets the size, for parameter matching.
        size_step: that field's granularity, where not every whole number is allowed: a multiple of the heads, say.
        state_size: how many numbers the state holds for each row, whatever their type, in a model that carries it; the
            engine counts them before a run. None: it carries none, or the number depends on the data's sizes.
    """

    causal: bool = False
    carries_state: bool = False
    context: int | None = None
    reads: tuple[type[InputSpec], ...] = ()
    subsampling_factor: int = 1
    autocast: bool = True
    auxiliary: tuple[AuxiliaryLoss, ...] = ()
    size_field: str = "hidden_size"
    size_step: int = 1
    state_size: int | None = None


class EncoderOutput(NamedTuple):
    """What an encoder returns.

    Attributes:
        features: (B, T', H); zeros or anything finite at padded positions: nobody may read them.
        lengths: int64 (B,), T' of each row: ceil(input_lengths / subsampling_factor).
        summary: (B, S), the whole input in one vector, taken at the true length, never at the padding.
        state: pytree batch first, at the true end of each row; None for a model that carries none.
        auxiliary: in training mode, (sum, count) of every loss in `Capabilities.auxiliary` by its name: a sum over the
            batch and over how many terms it runs, tensors without dimensions. None in eval mode: it is never part of
            a validation or test loss.
        explain: what `Encoder.explain` fills in; None from `forward`.
    """

    features: Tensor
    lengths: Tensor
    summary: Tensor
    state: State = None
    auxiliary: Mapping[str, tuple[Tensor, Tensor]] | None = None
    explain: Mapping[str, Tensor] | None = None


class Encoder(nn.Module, ABC):
    """Turns an input into features; results never depend on padding or on the other rows of the batch.

    Attributes:
        feature_dim: H of `EncoderOutput.features`.
        summary_dim: S of `EncoderOutput.summary`.
    """

    feature_dim: int
    summary_dim: int

    @abstractmethod
    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, ...) of true lengths (B,); state as an earlier call returned it, or None for a start."""

    def explain(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """As `forward`, with `EncoderOutput.explain` filled in: attention, gates and the like, by name.

        Every tensor is (B, T', ...), one entry for each position of the features, finite, and anything at padded
        positions. Attention over positions is (B, T', S) or (B, T', heads, S); where it forms the summary, (B, T').
        Called on request only and in eval mode, never in training or scoring, so `forward` need neither compute nor
        keep anything for it. The default explains nothing.
        """
        return self(x, lengths, state)._replace(explain={})

    def after_step(self) -> None:
        """Called after every optimizer step, without gradients, where a subclass defines it.

        For constraints on weights, such as clamping or normalising them: change them in place (`clamp_`, `copy_`).
        Best weights and checkpoints are saved after it.
        """


class Decoder(nn.Module, ABC):
    """Turns embedded target symbols into features, one step at a time or all at once.

    Attributes:
        feature_dim: H of the features it returns.
        name: what the run records ("lstm, luong attention").
    """

    feature_dim: int
    name: str

    @abstractmethod
    def start(self, encoded: EncoderOutput) -> State:
        """The state before the first symbol (B, ...)."""

    @abstractmethod
    def step(
        self, embedded: Tensor, state: State, memory: Tensor, memory_lengths: Tensor
    ) -> tuple[Tensor, State, Tensor | None]:
        """One symbol, embedded (B, D): features (B, H), the next state, attention (B, T') or None."""

    @abstractmethod
    def forward(self, embedded: Tensor, state: State, memory: Tensor, memory_lengths: Tensor) -> Tensor:
        """All symbols at once, embedded (B, U, D): features (B, U, H), equal to repeated steps."""

    def explain(
        self, embedded: Tensor, state: State, memory: Tensor, memory_lengths: Tensor
    ) -> tuple[Tensor, State, Mapping[str, Tensor]]:
        """As `step`, with what explains it by name: (B, ...) each. The default has the attention, (B, T'), if any."""
        features, state, attention = self.step(embedded, state, memory, memory_lengths)
        return features, state, {} if attention is None else {"attention": attention}

    def after_step(self) -> None:
        """As `Encoder.after_step`."""


@dataclass
class Model(ABC):
    """Base of every model plug-in.

    Class variables:
        name: equal to the entry point's name without "model.".
        version: of the architecture; part of a run's identity.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "1"

    @abstractmethod
    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """What this configuration guarantees for a task of that signature. Touches no data, builds nothing."""

    def sources(self) -> tuple[Source, ...]:
        """Files that `build` reads, such as pretrained weights; what they contain is part of a run's key.

        The engine calls `fetch` of each before it builds. `harness.data.sources` has sources ready to use: `FileSource`
        for a file that the user names in an option, `UrlSource` for a published one.
        """
        return ()

    @abstractmethod
    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder. `input_spec` is `EmbeddedInput`, or the raw spec where `reads` lists its type."""

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder | None:
        """A decoder of the model's own, where the target's head reads one; None: a one-layer LSTM without attention."""
        return None

    def parameter_groups(self, encoder: Encoder, decoder: Decoder | None) -> Sequence[ParameterGroup]:
        """Groups of parameters with a learning rate or weight decay of their own; none: all are trained alike.

        If there are groups, every trained parameter of encoder and decoder must be in exactly one of them. Embedding
        and head belong to the engine and always have the run's own settings. Called once, before training.

        Args:
            encoder: as `build` returned it.
            decoder: as `build_decoder` returned it, or the engine's own; None for targets that need none.
        """
        return ()

    @abstractmethod
    def tiny(self) -> Model:
        """The same architecture, small enough for tests."""
