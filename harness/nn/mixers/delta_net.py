"""DeltaNet and Gated DeltaNet: a matrix of memory whose entry for a key is overwritten, not added to.

Sources: S. Yang et al., "Parallelizing Linear Transformers with the Delta Rule over Sequence Length", 2024, arXiv
2406.06484 (layer: section 3.3); S. Yang et al., "Gated Delta Networks: Improving Mamba2 with Delta Rule", 2024, arXiv
2412.06464 (layer: section 3.4, figure 1). Eigenvalues in [-1, 1]: R. Grazzi et al., "Unlocking State-Tracking in Linear
RNNs Through Negative Eigenvalues", 2024, arXiv 2411.12537: b_t in [0, 2].

    q_t, k_t = SiLU(conv(W x))_t / |.|,   v_t = SiLU(conv(W x))_t,   b_t = sigmoid(W_b x_t)   (or twice that),
    S_t = a_t (I - b_t k_t k_t^T) S_{t-1} + b_t k_t v_t^T,   o_t = norm(S_t^T q_t),   y_t = W_o o_t
Gated: log a_t = -exp(A) softplus(W_a x_t + c), and o_t is multiplied by SiLU(W_g x_t). Otherwise a_t = 1.

Initial values as in the authors' code (fla-org/flash-linear-attention, `fla/layers`, until 2025): Xavier uniform times
2^-2.5, exp(A) uniform in [0, 16], softplus(c) log-uniform in [0.001, 0.1], convolutions without a bias.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.nn.backends import CHUNKED
from harness.nn.kernels.recurrence import without_autocast
from harness.nn.mixers.chunks import delta_rule, heads_first, time_first
from harness.nn.mixers.head_norm import HeadNorm
from harness.nn.mixers.mixer import Mixer, MixerState, exact_type, padding
from harness.nn.mixers.rates import decay_rates, step_biases
from harness.nn.mixers.short_convolution import ShortConvolution


class DeltaNet(Mixer):
    """State: S (heads, D, D) with D = H / heads, and the last inputs of the convolution of q, k and v.

    Args:
        size: H.
        heads: how many.
        conv: positions that the convolutions see; 0: none.
        gated: decay and output gate of Gated DeltaNet.
        negative_eigenvalues: b_t in [0, 2] instead of [0, 1].

    Raises:
        ValueError: the heads do not divide H.
    """

    def __init__(self, size: int, heads: int, conv: int, gated: bool, negative_eigenvalues: bool) -> None:
        super().__init__()
        if size % heads:
            raise ValueError(f"hidden_size={size}: must be a multiple of heads={heads}")
        self.heads, self.factor, self.size = heads, 2.0 if negative_eigenvalues else 1.0, size
        self.inputs = nn.Linear(size, 3 * size, bias=False)  # q, k, v
        self.conv = ShortConvolution(3 * size, conv, bias=False) if conv else None
        self.beta = nn.Linear(size, heads, bias=False)
        self.decay = nn.Linear(size, heads, bias=False) if gated else None
        self.gate = nn.Linear(size, size, bias=False) if gated else None
        if gated:
            self.rate = nn.Parameter(decay_rates(heads, 0.0, 16.0))
            self.decay_bias = nn.Parameter(step_biases(heads))
        self.norm = HeadNorm(size, heads, rms=True)
        self.outputs = nn.Linear(size, size, bias=False)
        each = size // heads
        self.state_shapes = ((heads, each, each), *([self.conv.state_shape] if self.conv else []))
        for layer in (self.inputs, self.beta, self.decay, self.gate, self.outputs):
            if layer is not None:
                nn.init.xavier_uniform_(layer.weight, gain=2**-2.5)

    @property
    def backend(self) -> str:
        """Products of chunks."""
        return CHUNKED

    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """See `Mixer.forward`."""
        memory, *others = self.start(x) if state is None else state
        sums = self.inputs(x)
        if self.conv is not None:
            sums, last = self.conv(sums, others[0], lengths)
            others = [last]
        exact = exact_type(x)
        q, k, v = (heads_first(part, self.heads) for part in nn.functional.silu(sums.to(exact)).chunk(3, dim=-1))
        beta = self.factor * torch.sigmoid(self.beta(x).to(exact))  # (T, B, heads)
        logs = None
        if self.decay is not None:
            logs = -self.rate.exp() * nn.functional.softplus(self.decay(x).to(exact) + self.decay_bias)
        if lengths is not None:  # the state stands still after the end of a row
            ended = padding(lengths, x.shape[0]).unsqueeze(-1)
            beta = beta.masked_fill(ended, 0.0)
            logs = None if logs is None else logs.masked_fill(ended, 0.0)
        beta, logs = beta.permute(1, 2, 0), None if logs is None else logs.permute(1, 2, 0)  # (B, heads, T)
        with without_autocast(x.device):
            y, end = delta_rule(_unit(q), _unit(k), v, beta, logs, memory.to(exact))
        out = self.norm(time_first(y)).to(x.dtype)
        if self.gate is not None:
            out = out * nn.functional.silu(self.gate(x))
        return self.outputs(out), (end, *others)


def _unit(x: Tensor) -> Tensor:
    """Vectors (..., D) of length 1; the zero vector stays."""
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)
