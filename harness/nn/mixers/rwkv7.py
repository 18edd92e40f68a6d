"""RWKV-7: a delta rule with a decay and a rate for every channel, which removes and writes at different keys.

Source: B. Peng et al., "RWKV-7 'Goose' with Expressive Dynamic State Evolution", 2025, arXiv 2503.14456 (time mixing);
initial values as in the published implementation (BlinkDL/RWKV-LM, RWKV-v7/train_temp). Eigenvalues near -1: R. Grazzi
et al. 2024, arXiv 2411.12537: what is stored is removed at twice the rate. Head by head, with d, A and B of its own in
every line and mu for every x':

    x' = x_t + mu (x_{t-1} - x_t),   r_t = W_r x',   k_t = W_k x',   v_t = W_v x',   g_t = sigmoid(x' A) B,
    w_t = exp(-exp(-1/2) sigmoid(d + tanh(x' A) B)),   a_t = sigmoid(d + x' A B),
    v_t := v_t + (v_t of the first block - v_t) sigmoid(d + x' A B),   in later blocks
    h_t = xi k_t / |xi k_t|,   k_t := k_t (1 + (a_t - 1) alpha),
    S_t = diag(w_t) S_{t-1} - (a_t h_t) (h_t^T S_{t-1}) + k_t v_t^T,
    o_t = norm(S_t^T r_t) + (r_t . rho k_t) v_t,   y_t = W_o (g_t o_t)

S is the transpose of the paper's. The paper's channel mixing is not here: as for every other mixer, the block's own
feed-forward network stands in its place (`harness.nn.mixers.encoder`), with GELU instead of a squared ReLU and without
a token shift; and there is one input normalisation. In the published training d of w_t learns twice as fast; here not.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from harness.nn.backends import CHUNKED
from harness.nn.kernels.recurrence import without_autocast
from harness.nn.mixers.chunks import generalised_delta_rule, heads_first, time_first
from harness.nn.mixers.head_norm import HeadNorm
from harness.nn.mixers.mixer import Mixer, MixerState, exact_type, padding
from harness.nn.mixers.short_convolution import previous

SHIFTS = {"r": 0.2, "w": 0.9, "k": 0.7, "v": 0.7, "a": 0.9, "g": 0.2}
"""Which inputs are mixed with the one before, and how fast mu starts to grow over the channels."""


class RWKV7(Mixer):
    """State: S (heads, D, D) with D = H / heads, keys first, and the last input (H).

    Args:
        size: H, at least 2.
        heads: how many.
        block: which of the `blocks` it is in, from 0; the first one's values are shared with the others.
        blocks: how many there are.
        negative_eigenvalues: remove at the rate 2 a_t instead of a_t.

    Raises:
        ValueError: the heads do not divide H.
    """

    def __init__(self, size: int, heads: int, block: int, blocks: int, negative_eigenvalues: bool) -> None:
        super().__init__()
        if size % heads:
            raise ValueError(f"hidden_size={size}: must be a multiple of heads={heads}")
        each = size // heads
        self.heads, self.factor = heads, 2.0 if negative_eigenvalues else 1.0
        self.state_shapes = ((heads, each, each), (size,))
        channel, later = torch.arange(size) / size, 1.0 - block / blocks
        self.shift = nn.ParameterDict({name: 1.0 - channel ** (power * later) for name, power in SHIFTS.items()})
        line = torch.linspace(-0.5, 0.5, size)
        place = torch.linspace(-1.0, 1.0, each).repeat(heads) if each > 1 else torch.zeros(size)
        zigzag = place * place.abs()  # from -1 to 1 in every head
        depth = block / max(blocks - 1, 1)
        slow = 6.0 * (line + 0.5) ** (1.0 + depth**0.3) - 5.5
        self.receptance, self.key, self.value, self.outputs = (nn.Linear(size, size, bias=False) for _ in range(4))
        self.decay = LowRank(size, 2.5, "tanh", slow + 2.5 * zigzag)
        self.rate = LowRank(size, 2.5, None, 0.3 * zigzag + 0.4 * line - 0.19)
        self.gate = LowRank(size, 5.0, "sigmoid", None)
        self.residual = LowRank(size, 1.7, None, 0.73 - 0.4 * line) if block else None
        self.removed = nn.Parameter(0.71 - 0.1 * line)  # xi
        self.written = nn.Parameter(torch.full((size,), 1.02))  # alpha
        self.bonus = nn.Parameter(torch.full((size,), -0.04))  # rho
        self.norm = HeadNorm(size, heads, eps=64e-5, bias=True)
        with torch.no_grad():
            self.norm.weight.fill_(((1 + block) / blocks) ** 0.7)
            for layer, gain in ((self.receptance, 1.0), (self.key, 0.1), (self.value, 1.0)):
                nn.init.orthogonal_(layer.weight, gain=gain)
            self.outputs.weight.zero_()

    @property
    def backend(self) -> str:
        """Products of chunks."""
        return CHUNKED

    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """See `Mixer.forward`; outside a stack the values are the mixer's own."""
        y, end, _ = self.in_stack(x, self.start(x) if state is None else state, lengths, None)
        return y, end

    def in_stack(
        self, x: Tensor, state: MixerState, lengths: Tensor | None, shared: Tensor | None
    ) -> tuple[Tensor, MixerState, Tensor | None]:
        """See `Mixer.in_stack`; what is shared are the values of the first block, (T, B, H)."""
        memory, last = state
        before, last = previous(x, last, lengths)
        mixed = {name: torch.lerp(x, before, mu.to(x.dtype)) for name, mu in self.shift.items()}
        exact = exact_type(x)
        r, k = self.receptance(mixed["r"]).to(exact), self.key(mixed["k"]).to(exact)
        v = self.value(mixed["v"])
        if self.residual is not None and shared is not None:
            v = torch.lerp(v, shared.to(v.dtype), torch.sigmoid(self.residual(mixed["v"])).to(v.dtype))
        shared, v = v if shared is None else shared, v.to(exact)
        log_decay = -math.exp(-0.5) * torch.sigmoid(self.decay(mixed["w"]).to(exact))  # (T, B, H)
        rate = torch.sigmoid(self.rate(mixed["a"]).to(exact))
        removed = nn.functional.normalize((k * self.removed).unflatten(-1, (self.heads, -1)), dim=-1).flatten(-2)
        k = k * (1.0 + (rate - 1.0) * self.written)
        if lengths is not None:  # the state stands still after the end of a row
            ended = padding(lengths, len(x)).unsqueeze(-1)
            log_decay, k, rate = (part.masked_fill(ended, 0.0) for part in (log_decay, k, rate))
        of = partial(heads_first, heads=self.heads)  # (B, heads, T, D)
        with without_autocast(x.device):
            y, end = generalised_delta_rule(
                of(r), of(log_decay), of(k), of(v), of(removed), of(self.factor * rate), memory.to(exact)
            )
        reads = (r * k * self.bonus).unflatten(-1, (self.heads, -1)).sum(-1, keepdim=True)  # (T, B, heads, 1)
        y = self.norm(time_first(y)) + (reads * v.unflatten(-1, (self.heads, -1))).flatten(-2)
        return self.outputs(y.to(x.dtype) * self.gate(mixed["g"])), (end, last), shared


class LowRank(nn.Module):
    """d + f(x A) B, with A of zeros and an orthogonal B at the start, so that it starts as d.

    Args:
        size: H of x and of the result.
        scale: the rank is scale times the root of H, rounded to a multiple of 32, at least 32 and at most H.
        inner: f; None: the identity.
        bias: d at the start, (H,); None: there is none.
    """

    def __init__(self, size: int, scale: float, inner: Literal["tanh", "sigmoid"] | None, bias: Tensor | None) -> None:
        super().__init__()
        rank = min(max(32, 32 * round(scale * size**0.5 / 32)), size)
        self.inner = inner
        self.down = nn.Parameter(torch.zeros(size, rank))
        self.up = nn.Parameter(nn.init.orthogonal_(torch.empty(rank, size), gain=0.1))
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """x (..., H), to the same shape."""
        y = x @ self.down
        if self.inner is not None:
            y = torch.tanh(y) if self.inner == "tanh" else torch.sigmoid(y)
        y = y @ self.up
        return y if self.bias is None else y + self.bias
