"""minGRU: a GRU whose gates do not read the state, so that time can be computed in parallel.

Source: L. Feng et al., "Were RNNs All We Needed?", 2024, arXiv 2410.01201, section 3.1 and appendix B.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.contract.options import option
from harness.nn.mixers.min_rnn import MinGRU
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.model import MixerModel

HARNESS_CONTRACT = 2


@dataclass
class MinGRUModel(MixerModel):
    """h_t = (1 - z_t) h_(t-1) + z_t g(W x_t) with z_t = sigmoid(V x_t), in residual blocks. An LSTM decodes."""

    name: ClassVar[str] = "min_gru"

    convolution: int = option(4, help="positions that a causal convolution before the recurrence sees; 0: none")

    def limits(self) -> Iterator[tuple[str, int, int]]:
        """See `MixerModel.limits`."""
        yield "convolution", self.convolution, 0

    @property
    def conv(self) -> int:
        """As in the paper's language model."""
        return self.convolution

    @property
    def mixer_state(self) -> int:
        """H."""
        return self.hidden_size

    def mixer(self) -> Mixer:
        """See `harness.nn.mixers.min_rnn`."""
        return MinGRU(self.hidden_size)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [MinGRUModel]
