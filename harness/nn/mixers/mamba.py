"""Mamba: a state-space model whose step and input depend on the input (S6), with a convolution and a gate.

Source: A. Gu and T. Dao, "Mamba: Linear-Time Sequence Modeling with Selective State Spaces", 2023, arXiv 2312.00752,
algorithm 2 and section 3.4, with the simplified discretisation of B and the initial values of the authors' code
(state-spaces/mamba, `mamba_ssm/modules/mamba_simple.py`). E = expand H channels, N numbers of state for each:

    x_t, z_t = W u_t,   x = SiLU(conv(x)),   d_t, B_t, C_t = V x_t,   D_t = softplus(U d_t + c),
    h_t = exp(-D_t exp(A)) h_{t-1} + D_t B_t x_t,   y_t = C_t h_t + d x_t,   out_t = W_o (y_t SiLU(z_t))
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.nn.backends import FUSED
from harness.nn.kernels.selective_scan import selective_scan
from harness.nn.mixers.mixer import Mixer, MixerState, exact_type, padding
from harness.nn.mixers.rates import step_biases
from harness.nn.mixers.short_convolution import ShortConvolution


class Mamba(Mixer):
    """State: h (N, E), and the last inputs of the convolution.

    Args:
        size: H.
        state: N.
        expand: E / H.
        conv: positions that the convolution sees.
        negative_eigenvalues: decay 2 exp(...) - 1, in [-1, 1] (Grazzi et al. 2024, arXiv 2411.12537).
    """

    def __init__(self, size: int, state: int, expand: int, conv: int, negative_eigenvalues: bool) -> None:
        super().__init__()
        inner, rank = expand * size, math.ceil(size / 16)
        self.sizes, self.inner, self.negative = (rank, state, state), inner, negative_eigenvalues
        self.inputs = nn.Linear(size, 2 * inner, bias=False)  # x, z
        self.conv = ShortConvolution(inner, conv)
        self.select = nn.Linear(inner, sum(self.sizes), bias=False)  # d, B, C
        self.step = nn.Linear(rank, inner)
        self.rate = nn.Parameter(torch.arange(1.0, state + 1).log().unsqueeze(1).repeat(1, inner))  # A: S4D-Real
        self.skip = nn.Parameter(torch.ones(inner))
        self.outputs = nn.Linear(inner, size, bias=False)
        self.state_shapes = ((state, inner), self.conv.state_shape)
        with torch.no_grad():
            nn.init.uniform_(self.step.weight, -(rank**-0.5), rank**-0.5)
            self.step.bias.copy_(step_biases(inner))

    @property
    def backend(self) -> str:
        """The loop is one node of the graph."""
        return FUSED

    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """See `Mixer.forward`."""
        h, last = self.start(x) if state is None else state
        exact = exact_type(x)
        u, z = self.inputs(x).chunk(2, dim=-1)
        u, last = self.conv(u, last, lengths)
        u = functional.silu(u)  # (T, B, E)
        d, b, c = self.select(u).split(self.sizes, dim=-1)
        step = functional.softplus(self.step(d).to(exact))
        if lengths is not None:  # the state stands still after the end of a row
            step = step.masked_fill(padding(lengths, x.shape[0]).unsqueeze(-1), 0.0)
        u = u.to(exact)
        y, end = selective_scan(u, step, -self.rate.exp(), b.to(exact), c.to(exact), h.to(exact), self.negative)
        out = torch.addcmul(y, u, self.skip).to(x.dtype) * functional.silu(z)
        return self.outputs(out), (end, last)
