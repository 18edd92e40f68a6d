"""mLSTM: a matrix of memory with exponential gates, computed in chunks.

Source: M. Beck et al., "xLSTM: Extended Long Short-Term Memory", 2024, arXiv 2405.04517, section 2.3, eq. 19-27, with
the stabiliser of appendix A.3. Initial values as in the authors' code (NX-AI/xlstm, `xlstm/blocks/mlstm`): weights
normal of variance 2 / (5 H), those of the gates i and f zero; b_i normal of deviation 0.1, b_f from 3 in the first head
to 6 in the last. There W depends on the number of blocks; here it starts like the others. Head by head:

    q_t = W_q u_t + b,   k_t = (W_k u_t + b) / sqrt(D),   v_t = W_v x_t + b,   u = SiLU(conv(x)), or x without one,
    i~_t = w_i x_t + b,   f_t = sigmoid(w_f x_t + b),   o_t = sigmoid(W_o x_t + b),
    C_t = f_t C_{t-1} + exp(i~_t) v_t k_t^T,   n_t = f_t n_{t-1} + exp(i~_t) k_t,
    h_t = o_t norm(C_t q_t / max(|n_t^T q_t|, 1)),   y_t = W h_t
with C and n kept as C exp(-m) and n exp(-m), m_t = max(log f_t + m_{t-1}, i~_t).
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
from harness.nn.mixers.short_convolution import ShortConvolution


class MLSTM(Mixer):
    """State: C^T (heads, D, D), n (heads, D), m (heads) with D = H / heads, and the convolution's last inputs.

    Args:
        size: H.
        heads: how many.
        conv: positions that the convolution before q and k sees; 0: none.

    Raises:
        ValueError: the heads do not divide H.
    """

    def __init__(self, size: int, heads: int, conv: int) -> None:
        super().__init__()
        if size % heads:
            raise ValueError(f"hidden_size={size}: must be a multiple of heads={heads}")
        each = size // heads
        self.heads, self.size, self.scale = heads, size, each**-0.5
        self.conv = ShortConvolution(size, conv) if conv else None
        self.keys = nn.Linear(size, 2 * size)  # q, k
        self.values = nn.Linear(size, 2 * size)  # v, o
        self.gates = nn.Linear(size, 2 * heads)  # i, f
        self.norm = HeadNorm(size, heads)
        self.outputs = nn.Linear(size, size)
        self.state_shapes = (
            *((heads, each, each), (heads, each), (heads,)),
            *([self.conv.state_shape] if self.conv else []),
        )
        with torch.no_grad():
            for layer in (self.keys, self.values, self.outputs):
                nn.init.normal_(layer.weight, std=(2.0 / (5.0 * size)) ** 0.5)
                layer.bias.zero_()
            self.gates.weight.zero_()
            nn.init.normal_(self.gates.bias[:heads], std=0.1)
            self.gates.bias[heads:] = torch.linspace(3.0, 6.0, heads)

    @property
    def backend(self) -> str:
        """Products of chunks."""
        return CHUNKED

    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """See `Mixer.forward`."""
        memory, total, stabiliser, *others = self.start(x) if state is None else state
        seen, exact = x, exact_type(x)
        if self.conv is not None:
            seen, last = self.conv(x, others[0], lengths)
            seen, others = functional.silu(seen), [last]
        q, k = (heads_first(part, self.heads) for part in self.keys(seen).to(exact).chunk(2, dim=-1))
        v, o = self.values(x).chunk(2, dim=-1)
        v = heads_first(v.to(exact), self.heads)  # (B, heads, T, D)
        enter, forget = self.gates(x).to(exact).chunk(2, dim=-1)  # (T, B, heads)
        forget = functional.logsigmoid(forget)
        if lengths is not None:  # the state stands still after the end of a row
            ended = padding(lengths, x.shape[0]).unsqueeze(-1)
            enter, forget = enter.masked_fill(ended, -torch.inf), forget.masked_fill(ended, 0.0)
        stabiliser = stabiliser.to(exact)
        m = _stabilisers(enter, forget, stabiliser)  # (T, B, heads)
        decay = forget + torch.cat((stabiliser.unsqueeze(0), m[:-1])) - m
        if lengths is not None:
            decay = decay.masked_fill(ended, 0.0)  # it is, but for its gradient
        weights = (enter - m).exp().permute(1, 2, 0).unsqueeze(-1)  # (B, heads, T, 1)
        start = torch.cat((memory, total.unsqueeze(-1)), dim=-1).to(exact)  # (B, heads, D, D + 1)
        with without_autocast(x.device):
            both, end = decayed_attention(
                *(q, k * (weights * self.scale), functional.pad(v, (0, 1), value=1.0)),
                *(decay.permute(1, 2, 0), start),
            )
        least = (-m).exp().permute(1, 2, 0).unsqueeze(-1)
        h = time_first(both[..., :-1] / both[..., -1:].abs().maximum(least))  # (T, B, H)
        y = self.outputs(torch.sigmoid(o) * self.norm(h).to(x.dtype))
        return y, (end[..., :-1], end[..., -1], m[-1], *others)


@torch.no_grad()
def _stabilisers(enter: Tensor, forget: Tensor, start: Tensor) -> Tensor:
    """m_t = max(log f_t + m_{t-1}, i~_t) for all t at once, (T, B, heads); outputs do not depend on it."""
    kept = forget.cumsum(0)
    return kept + torch.maximum((enter - kept).cummax(0).values, start)
