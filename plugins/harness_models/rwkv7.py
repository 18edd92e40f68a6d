"""RWKV-7 "Goose": a delta rule with a decay and a rate for every channel.

Source: B. Peng et al., "RWKV-7 'Goose' with Expressive Dynamic State Evolution", 2025, arXiv 2503.14456; negative
eigenvalues: R. Grazzi et al. 2024, arXiv 2411.12537.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.contract.options import option
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.model import MixerModel
from harness.nn.mixers.rwkv7 import RWKV7

HARNESS_CONTRACT = 2


@dataclass
class RWKV7Model(MixerModel):
    """S_t = (diag(w) - (a h) h^T) S_(t-1) + k v^T, y_t = S_t^T r_t, in residual blocks. An LSTM decodes."""

    name: ClassVar[str] = "rwkv7"

    heads: int = option(2, help="memories side by side; they divide hidden_size")
    negative_eigenvalues: bool = option(False, help="remove at a rate in [0, 2] instead of [0, 1]")

    def limits(self) -> Iterator[tuple[str, int, int]]:
        """See `MixerModel.limits`."""
        yield "heads", self.heads, 1

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
        """A square matrix for each head, and the last input."""
        return self.hidden_size * (self.hidden_size // self.heads + 1)

    def mixer(self) -> Mixer:
        """That of the first block."""
        return self.mixers()[0]

    def mixers(self) -> list[Mixer]:
        """See `harness.nn.mixers.rwkv7`."""
        blocks = range(self.layers)
        return [RWKV7(self.hidden_size, self.heads, i, self.layers, self.negative_eigenvalues) for i in blocks]


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [RWKV7Model]
