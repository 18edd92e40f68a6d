"""S4D: a diagonal state-space model for every channel, with fixed dynamics.

Source: A. Gu et al., "On the Parameterization and Initialization of Diagonal State Space Models", 2022, arXiv
2206.11893.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.contract.options import option
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.model import MixerModel
from harness.nn.mixers.s4d import S4D

HARNESS_CONTRACT = 2


@dataclass
class S4DModel(MixerModel):
    """h_t = exp(D A) h_(t-1) + x_t with complex A, y_t = Re(C h_t) + d x_t, in residual blocks. An LSTM decodes."""

    name: ClassVar[str] = "s4d"

    state: int = option(64, help="numbers of state for each channel, half of them conjugates; even")

    def limits(self) -> Iterator[tuple[str, int, int]]:
        """See `MixerModel.limits`."""
        yield "state", self.state, 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.state % 2:
            raise ValueError(f"state={self.state}: must be even")

    @property
    def mixer_state(self) -> int:
        """Real and imaginary parts of one number of each conjugate pair."""
        return self.hidden_size * self.state

    def mixer(self) -> Mixer:
        """See `harness.nn.mixers.s4d`."""
        return S4D(self.hidden_size, self.state)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [S4DModel]
