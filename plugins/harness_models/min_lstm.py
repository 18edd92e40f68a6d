"""minLSTM: an LSTM whose gates do not read the state, and sum to one, so that time can be computed in parallel.

Source: L. Feng et al., "Were RNNs All We Needed?", 2024, arXiv 2410.01201, section 3.2 and appendix B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness.nn.mixers.min_rnn import MinLSTM
from harness.nn.mixers.mixer import Mixer
from harness_models.min_gru import MinGRUModel

HARNESS_CONTRACT = 2


@dataclass
class MinLSTMModel(MinGRUModel):
    """h_t = (f h_(t-1) + i g(W x_t)) / (f + i), gates f and i from x_t alone, in residual blocks. An LSTM decodes."""

    name: ClassVar[str] = "min_lstm"

    def mixer(self) -> Mixer:
        """See `harness.nn.mixers.min_rnn`."""
        return MinLSTM(self.hidden_size)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [MinLSTMModel]
