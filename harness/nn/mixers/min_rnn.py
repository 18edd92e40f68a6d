"""minGRU and minLSTM: gates and candidates that read the input alone (Feng et al. 2024, arXiv 2410.01201).

minGRU (section 3.1.3, in the form of appendix B, whose candidates are positive):
    z_t = sigmoid(W_z x_t + b_z),   v_t = g(W_h x_t + b_h),   h_t = (1 - z_t) h_{t-1} + z_t v_t
minLSTM (section 3.2.4, likewise), f' = f / (f + i), i' = i / (f + i):
    f_t, i_t = sigmoid(W x_t + b),   v_t = g(W_h x_t + b_h),   h_t = f'_t h_{t-1} + i'_t v_t
with g(x) = x + 0.5 for x >= 0 and sigmoid(x) otherwise. The paper trains by a parallel scan over logarithms; here
it is a loop with its own backward pass, which gives the same numbers.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from harness.nn.backends import FUSED
from harness.nn.kernels.averaging import gated_average
from harness.nn.mixers.mixer import Mixer, MixerState, exact_type


class _MinRNN(Mixer):
    """Args: size: of input, h and output, H. Initialised as `nn.Linear` is, as in the paper."""

    gates: ClassVar[int]

    def __init__(self, size: int) -> None:
        super().__init__()
        self.sums = nn.Linear(size, (self.gates + 1) * size)  # gates in the order of the equations, then the candidate
        self.state_shapes = ((size,),)

    @property
    def backend(self) -> str:
        """The loop is one node of the graph."""
        return FUSED

    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """See `Mixer.forward`; the output is h."""
        (start,) = self.start(x) if state is None else state
        sums = self.sums(x.flatten(0, 1)).to(exact_type(x))  # (T B, 2H or 3H)
        h, end = gated_average(sums, start, x.shape[0], lengths)
        return h.to(x.dtype), (end,)


class MinGRU(_MinRNN):
    """State: h (H). Weights in the order z, candidate."""

    gates = 1


class MinLSTM(_MinRNN):
    """State: h (H). Weights in the order f, i, candidate."""

    gates = 2
