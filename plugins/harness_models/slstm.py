"""sLSTM: an LSTM with exponential gates and a normaliser, the scalar memory of xLSTM.

Source: M. Beck et al., "xLSTM: Extended Long Short-Term Memory", 2024, arXiv 2405.04517, section 2.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Encoder, Model, hookimpl
from harness.contract.options import option
from harness.contract.specs import ModelInput
from harness.contract.target import Target
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

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """See `MixerModel.build`; a block's initial forget biases depend on its place."""
        encoder = super().build(input_spec, target_spec)
        mixers = [part for part in encoder.modules() if isinstance(part, SLSTM)]
        for index, mixer in enumerate(mixers):
            mixer.spread_forget_biases(index / max(len(mixers) - 1, 1))
        return encoder

    def mixer(self) -> Mixer:
        """See `harness.nn.mixers.slstm`."""
        return SLSTM(self.hidden_size, self.heads, self.convolution)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [SLSTMModel]
