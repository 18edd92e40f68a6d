"""LRU: a linear recurrent unit with learnt complex decay, stable by its parametrisation.

Source: A. Orvieto et al., "Resurrecting Recurrent Neural Networks for Long Sequences", 2023, arXiv 2303.06349, section
3 and appendix A (parametrisation, initial values):

    a = exp(-exp(nu) + i exp(theta)),   h_t = a h_{t-1} + exp(gamma) B x_t,   y_t = Re(C h_t) + d x_t
with a drawn evenly over the area of the ring between `r_min` and `r_max`, and exp(gamma) = sqrt(1 - |a|^2) at the
start. B, C and d are normal: each part of B has variance 1 / (2 H), of C 1 / N, and d has 1 (as in
NicolasZucchet/minimal-LRU, `lru/model.py`).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.nn.backends import FUSED
from harness.nn.kernels.diagonal import diagonal_recurrence
from harness.nn.mixers.mixer import Mixer, MixerState, exact_type


class LRU(Mixer):
    """State: h (N, 2), real and imaginary parts.

    Args:
        size: H.
        state: N complex numbers.
        r_min, r_max: least and largest |a| at the start.
        max_phase: largest angle of a at the start.
    """

    def __init__(
        self, size: int, state: int, r_min: float = 0.0, r_max: float = 1.0, max_phase: float = 2 * math.pi
    ) -> None:
        super().__init__()
        squared = torch.rand(state) * (r_max**2 - r_min**2) + r_min**2
        self.nu = nn.Parameter(torch.log(-0.5 * torch.log(squared.clamp(1e-6, 1 - 1e-6))))
        self.theta = nn.Parameter(torch.log(max_phase * torch.rand(state).clamp(min=1e-6)))
        modulus = torch.exp(-torch.exp(self.nu.detach()))
        self.gamma = nn.Parameter(0.5 * torch.log1p(-modulus.square()))
        self.inputs = nn.Parameter(torch.randn(2, state, size) / math.sqrt(2 * size))  # B: real, imaginary
        self.outputs = nn.Parameter(torch.randn(2, size, state) / math.sqrt(state))  # C: real, imaginary
        self.skip = nn.Parameter(torch.randn(size))
        self.state_shapes = ((state, 2),)

    @property
    def backend(self) -> str:
        """The loop is one node of the graph."""
        return FUSED

    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """See `Mixer.forward`."""
        (start,) = self.start(x) if state is None else state
        exact = exact_type(x)
        decay = torch.polar(torch.exp(-torch.exp(self.nu)), torch.exp(self.theta))
        weight = self.inputs * torch.exp(self.gamma).unsqueeze(1)
        real, imaginary = (functional.linear(x, part).to(exact) for part in weight)  # (T, B, N)
        start = torch.view_as_complex(start.to(exact).contiguous())
        h, end = diagonal_recurrence(decay, torch.complex(real, imaginary), start, lengths)
        parts = torch.cat((h.real, h.imag), dim=-1).to(x.dtype)  # (T, B, 2N)
        y = functional.linear(parts, torch.cat((self.outputs[0], -self.outputs[1]), dim=1))
        return torch.addcmul(y, x.to(y.dtype), self.skip.to(y.dtype)), (torch.view_as_real(end),)
