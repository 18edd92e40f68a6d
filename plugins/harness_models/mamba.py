"""Mamba: a state-space model that selects by its input what it keeps.

Source: A. Gu and T. Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023, arXiv 2312.00752;
negative eigenvalues: R. Grazzi et al. 2024, arXiv 2411.12537.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.contract.options import option
from harness.nn.mixers.mamba import Mamba
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.model import MixerModel

HARNESS_CONTRACT = 2


@dataclass
class MambaModel(MixerModel):
    """h_t = exp(-D_t A) h_(t-1) + D_t B_t x_t, y_t = C_t h_t, with convolution and gate, in blocks. An LSTM decodes."""

    name: ClassVar[str] = "mamba"

    feed_forward: float = option(0.0, help="units of a block's feed-forward network, times H; 0: none, as in the paper")
    state: int = option(16, help="numbers of state for each inner channel")
    expand: int = option(2, help="inner channels, times hidden_size")
    convolution: int = option(4, help="positions that the causal convolution of the inner channels sees")
    negative_eigenvalues: bool = option(False, help="decay in [-1, 1] instead of [0, 1]: 2 exp(-D_t A) - 1")

    def limits(self) -> Iterator[tuple[str, int, int]]:
        """See `MixerModel.limits`."""
        yield "state", self.state, 1
        yield "expand", self.expand, 1
        yield "convolution", self.convolution, 1

    @property
    def mixer_state(self) -> int:
        """The state of every inner channel, and what the convolution reads again."""
        return self.expand * self.hidden_size * (self.state + self.convolution - 1)

    def mixer(self) -> Mixer:
        """See `harness.nn.mixers.mamba`."""
        return Mamba(self.hidden_size, self.state, self.expand, self.convolution, self.negative_eigenvalues)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [MambaModel]
