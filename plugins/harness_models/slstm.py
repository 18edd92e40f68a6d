"""sLSTM: an LSTM with exponential gates and a normaliser, the scalar memory of xLSTM.

Source: M. Beck et al., "xLSTM: Extended Long Short-Term Memory", 2024, arXiv 2405.04517, section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.contract.options import option
from harness.nn.mixers.headed_model import HeadedMixerModel
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.slstm import SLSTM

HARNESS_CONTRACT = 2


@dataclass
class SLSTMModel(HeadedMixerModel):
    """h_t = o c_t / n_t with c_t = f c_(t-1) + i z and n_t = f n_(t-1) + i, in residual blocks. An LSTM decodes."""

    name: ClassVar[str] = "slstm"

    heads: int = option(4, help="groups of units that are recurrent among themselves; they divide hidden_size")
    convolution: int = option(4, help="positions that a causal convolution before the gates i and f sees; 0: none")

    @property
    def mixer_state(self) -> int:
        """h, c, n, m, and what the convolution reads again."""
        return (4 + max(self.convolution - 1, 0)) * self.hidden_size

    def mixer(self) -> Mixer:
        """That of the first block."""
        return self.mixers()[0]

    def mixers(self) -> list[Mixer]:
        """See `harness.nn.mixers.slstm`; a block's initial forget biases depend on its place."""
        depths = [block / max(self.layers - 1, 1) for block in range(self.layers)]
        return [SLSTM(self.hidden_size, self.heads, self.convolution, depth) for depth in depths]


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [SLSTMModel]
