"""LRU: a linear recurrent unit with learnt complex decay.

Source: A. Orvieto et al., "Resurrecting Recurrent Neural Networks for Long Sequences", 2023, arXiv 2303.06349.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.contract.options import option
from harness.nn.mixers.lru import LRU
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.model import MixerModel

HARNESS_CONTRACT = 2


@dataclass
class LRUModel(MixerModel):
    """h_t = a h_(t-1) + B x_t with complex a, y_t = Re(C h_t) + d x_t, in residual blocks. An LSTM decodes."""

    name: ClassVar[str] = "lru"

    state: int = option(128, help="complex numbers of state")
    r_min: float = option(0.0, help="least modulus of a at the start")
    r_max: float = option(1.0, help="largest modulus of a at the start; near 1 for long memory")

    def limits(self) -> Iterator[tuple[str, int, int]]:
        """See `MixerModel.limits`."""
        yield "state", self.state, 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.r_min < self.r_max <= 1.0:
            raise ValueError(f"r_min={self.r_min}, r_max={self.r_max}: must rise within 0 and 1")

    @property
    def mixer_state(self) -> int:
        """Real and imaginary parts."""
        return 2 * self.state

    def mixer(self) -> Mixer:
        """See `harness.nn.mixers.lru`."""
        return LRU(self.hidden_size, self.state, self.r_min, self.r_max)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [LRUModel]
