"""Mamba-2: a state-space model whose decay is one number a head, computed in chunks (state-space duality).

Source: T. Dao and A. Gu, "Transformers are SSMs", 2024, arXiv 2405.21060, section 6 and 7.1 (block); initial values as
in the authors' code (state-spaces/mamba, `mamba_ssm/modules/mamba2.py`). P = expand H / heads:

    z_t, (x_t, B_t, C_t), d_t = W u_t,   x, B, C = SiLU(conv(...)),   D_t = softplus(d_t + c),   a_t = exp(-D_t exp(A)),
    S_t = a_t S_{t-1} + D_t B_t x_t^T,   y_t = S_t^T C_t + d x_t,   out_t = W_o norm(y_t SiLU(z_t))
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.nn.backends import CHUNKED
from harness.nn.kernels.recurrence import without_autocast
from harness.nn.mixers.chunks import decayed_attention, heads_first, time_first
from harness.nn.mixers.head_norm import HeadNorm
from harness.nn.mixers.mixer import Mixer, MixerState, exact_type, padding
from harness.nn.mixers.rates import decay_rates, step_biases
from harness.nn.mixers.short_convolution import ShortConvolution


class Mamba2(Mixer):
    """State: S (heads, N, P), and the last inputs of the convolution.

    Args:
        size: H.
        heads: how many.
        state: N, the size of B and C, which all heads share.
        expand: inner channels, times H.
        conv: positions that the convolution sees.

    Raises:
        ValueError: the heads do not divide the inner channels.
    """

    def __init__(self, size: int, heads: int, state: int, expand: int, conv: int) -> None:
        super().__init__()
        inner = expand * size
        if inner % heads:
            raise ValueError(f"hidden_size={size}: {expand} times as many channels must be a multiple of heads={heads}")
        self.heads, self.inner, self.state_size = heads, inner, state
        self.inputs = nn.Linear(size, 2 * inner + 2 * state + heads, bias=False)
        self.conv = ShortConvolution(inner + 2 * state, conv)
        self.step_bias = nn.Parameter(step_biases(heads))
        self.rate = nn.Parameter(decay_rates(heads, 1.0, 16.0))
        self.skip = nn.Parameter(torch.ones(heads))
        self.norm = HeadNorm(inner, 1, rms=True)
        self.outputs = nn.Linear(inner, size, bias=False)
        self.state_shapes = ((heads, state, inner // heads), self.conv.state_shape)

    @property
    def backend(self) -> str:
        """Products of chunks."""
        return CHUNKED

    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """See `Mixer.forward`."""
        memory, last = self.start(x) if state is None else state
        exact, sizes = exact_type(x), (self.inner, self.state_size, self.state_size)
        z, seen, step = self.inputs(x).split((self.inner, sum(sizes), self.heads), dim=-1)
        seen, last = self.conv(seen, last, lengths)
        u, b, c = functional.silu(seen.to(exact)).split(sizes, dim=-1)
        step = functional.softplus(step.to(exact) + self.step_bias)  # (T, B, heads)
        if lengths is not None:  # the state stands still after the end of a row
            step = step.masked_fill(padding(lengths, x.shape[0]).unsqueeze(-1), 0.0)
        step = step.permute(1, 2, 0)  # (B, heads, T)
        u = heads_first(u, self.heads)  # (B, heads, T, P)
        with without_autocast(x.device):
            y, end = decayed_attention(
                *(heads_first(c, 1), heads_first(b, 1), u * step.unsqueeze(-1)),
                *(-step * self.rate.exp().unsqueeze(-1), memory.to(exact)),
            )
        y = time_first(y + u * self.skip[:, None, None])  # (T, B, inner)
        out = self.norm(y * functional.silu(z.to(exact))).to(x.dtype)
        return self.outputs(out), (end, last)
