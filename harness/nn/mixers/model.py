"""What the plug-ins with a sequence mixer share: options, capabilities, encoder and decoder."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from harness.contract.model import Capabilities, Decoder, Encoder, Model
from harness.contract.options import option
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target
from harness.nn.mixers.encoder import MixerEncoder, ResidualBlock
from harness.nn.mixers.mixer import Mixer
from harness.nn.recurrent import check_sizes
from harness.nn.recurrent_model import RecurrentPlan


@dataclass
class MixerModel(Model):
    """A stack of residual blocks; a subclass says what mixes time in them.

    The blocks are those of `MixerEncoder`: equal options give equal surroundings whatever the mixer. Where the target
    is a sequence, a one-layer LSTM of the same hidden size decodes, started from the summary.
    """

    hidden_size: int = option(128, help="channels H of every block")
    layers: int = option(2, help="how many blocks")
    dropout: float = option(0.1, help="on what a block adds to its input")
    feed_forward: float = option(2.0, help="units of a block's feed-forward network, times H; 0: none")

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)
        if not 0.0 <= self.feed_forward < math.inf:
            raise ValueError(f"feed_forward={self.feed_forward}: must be 0 or more")
        for name, value, least in self.limits():
            if value < least:
                raise ValueError(f"{name}={value}: must be {f'{least} or more' if least < 1 else f'at least {least}'}")
        if self.hidden_size % self.size_step:
            raise ValueError(f"hidden_size={self.hidden_size}: must be a multiple of {self.size_rule}")

    def limits(self) -> Iterator[tuple[str, int, int]]:
        """Name, value and least value of the subclass's own whole numbers; checked before anything else of it."""
        return iter(())

    @property
    def size_step(self) -> int:
        """What `hidden_size` must be a multiple of."""
        return 1

    @property
    def size_rule(self) -> str:
        """`size_step` in words, for messages."""
        return f"{self.size_step}"

    @property
    def conv(self) -> int:
        """Positions that a convolution before the mixer sees; 0: no convolution."""
        return 0

    @abstractmethod
    def mixer(self) -> Mixer:
        """A new mixer of `hidden_size` channels."""

    def mixers(self) -> list[Mixer]:
        """A new mixer for each block, the first block's first."""
        return [self.mixer() for _ in range(self.layers)]

    @property
    @abstractmethod
    def mixer_state(self) -> int:
        """How many numbers the state of one mixer holds for each row."""

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Causal; the state is carried where text is read in pieces."""
        streams = signature.target_type.needs.streams
        each = self.mixer_state + max(self.conv - 1, 0) * self.hidden_size
        return Capabilities(
            causal=True,
            carries_state=streams,
            state_size=self.layers * each if streams else None,
            size_step=self.size_step,
        )

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        size = self.hidden_size
        units = round(self.feed_forward * size)
        blocks = [ResidualBlock(mixer, size, self.dropout, units, self.conv) for mixer in self.mixers()]
        return MixerEncoder(input_spec.dim, size, blocks, carry=target_spec.needs.streams)

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """A one-layer LSTM of the same hidden size, without attention."""
        return RecurrentPlan("lstm", self.hidden_size, 1, self.dropout).decoder(encoder, embedding_dim)

    def tiny(self) -> Self:
        """The same network with 16 channels and no dropout."""
        return replace(self, hidden_size=16, dropout=0.0)
