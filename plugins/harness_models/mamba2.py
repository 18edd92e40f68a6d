"""Mamba-2: a state-space model with one decay a head, computed as products of matrices.

Source: T. Dao and A. Gu, "Transformers are SSMs", 2024, arXiv 2405.21060.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.contract.options import option
from harness.nn.mixers.mamba2 import Mamba2
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.model import MixerModel

HARNESS_CONTRACT = 2


@dataclass
class Mamba2Model(MixerModel):
    """S_t = a_t S_(t-1) + D_t B_t x_t^T, y_t = S_t^T C_t, with convolution and gate, in blocks. An LSTM decodes."""

    name: ClassVar[str] = "mamba2"

    feed_forward: float = option(0.0, help="units of a block's feed-forward network, times H; 0: none, as in the paper")
    heads: int = option(4, help="decays side by side; they divide hidden_size")
    state: int = option(64, help="numbers of state for each inner channel")
    expand: int = option(2, help="inner channels, times hidden_size")
    convolution: int = option(4, help="positions that the causal convolution of x, B and C sees")

    def limits(self) -> Iterator[tuple[str, int, int]]:
        """See `MixerModel.limits`."""
        yield "heads", self.heads, 1
        yield "state", self.state, 1
        yield "expand", self.expand, 1
        yield "convolution", self.convolution, 1

    @property
    def size_step(self) -> int:
        """The heads."""
        return self.heads

    @property
    def size_rule(self) -> str:
        """The heads."""
        return f"heads={self.heads}"

    @property
    def mixer_state(self) -> int:
        """The state of every inner channel, and what the convolution reads again."""
        return self.expand * self.hidden_size * self.state + (self.convolution - 1) * (
            self.expand * self.hidden_size + 2 * self.state
        )

    def mixer(self) -> Mixer:
        """See `harness.nn.mixers.mamba2`."""
        return Mamba2(self.hidden_size, self.heads, self.state, self.expand, self.convolution)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [Mamba2Model]
