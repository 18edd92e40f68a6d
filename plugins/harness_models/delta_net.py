"""DeltaNet: linear attention that overwrites what it stored under a key.

Source: S. Yang et al., "Parallelizing Linear Transformers with the Delta Rule over Sequence Length", 2024,
arXiv 2406.06484; negative eigenvalues: R. Grazzi et al. 2024, arXiv 2411.12537.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.contract.options import option
from harness.nn.mixers.delta_net import DeltaNet
from harness.nn.mixers.headed_model import HeadedMixerModel
from harness.nn.mixers.mixer import Mixer

HARNESS_CONTRACT = 2


@dataclass
class DeltaNetModel(HeadedMixerModel):
    """S_t = (I - b k k^T) S_(t-1) + b k v^T, y_t = S_t^T q_t, in residual blocks. An LSTM decodes."""

    name: ClassVar[str] = "delta_net"

    heads: int = option(2, help="memories side by side; they divide hidden_size")
    convolution: int = option(4, help="positions that causal convolutions of q, k and v see; 0: none")
    gated: ClassVar[bool] = False
    negative_eigenvalues: bool = option(False, help="b in [0, 2] instead of [0, 1], so that a memory can change sign")

    @property
    def mixer_state(self) -> int:
        """A square matrix for each head, and what the convolutions read again."""
        return self.hidden_size * (self.hidden_size // self.heads + 3 * max(self.convolution - 1, 0))

    def mixer(self) -> Mixer:
        """See `harness.nn.mixers.delta_net`."""
        return DeltaNet(self.hidden_size, self.heads, self.convolution, self.gated, self.negative_eigenvalues)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [DeltaNetModel]
