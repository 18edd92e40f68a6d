"""mLSTM: an LSTM whose memory is a matrix, without recurrent weights: the matrix memory of xLSTM.

Source: M. Beck et al., "xLSTM: Extended Long Short-Term Memory", 2024, arXiv 2405.04517, section 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.contract.options import option
from harness.nn.mixers.headed_model import HeadedMixerModel
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.mlstm import MLSTM

HARNESS_CONTRACT = 2


@dataclass
class MLSTMModel(HeadedMixerModel):
    """C_t = f C_(t-1) + i v k^T, n_t = f n_(t-1) + i k, h_t = o C_t q / max(|n_t q|, 1), in blocks. An LSTM decodes."""

    name: ClassVar[str] = "mlstm"

    heads: int = option(4, help="memories side by side; they divide hidden_size")
    convolution: int = option(4, help="positions that a causal convolution before q and k sees; 0: none")

    @property
    def mixer_state(self) -> int:
        """C and n of each head, their stabiliser, and what the convolution reads again."""
        return self.hidden_size * (self.hidden_size // self.heads + 1 + max(self.convolution - 1, 0)) + self.heads

    def mixer(self) -> Mixer:
        """See `harness.nn.mixers.mlstm`."""
        return MLSTM(self.hidden_size, self.heads, self.convolution)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [MLSTMModel]
