"""sLSTM: exponential gates, a normaliser and a stabiliser state, and a recurrence within heads.

Source: M. Beck et al., "xLSTM: Extended Long Short-Term Memory", 2024, arXiv 2405.04517, section 2.2 (eq. 8-17) and
appendix A.2. Initial values as in the authors' code (NX-AI/xlstm, `xlstm/blocks/slstm`): W normal of variance
2 / (5 H), R zero, and biases zero, but of unit j of the D units of a head for the forget gate

    b_j = 5 - 12 (j / (D - 1))^(0.3 + 1.3 depth),    j = 0 ... D - 1
so that a head has units that keep nearly all and units that keep next to nothing, more of the former in later blocks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.nn.backends import FUSED
from harness.nn.kernels.recurrence import recur
from harness.nn.kernels.slstm import SLSTMKernel
from harness.nn.mixers.head_norm import HeadNorm
from harness.nn.mixers.mixer import Mixer, MixerState, exact_type
from harness.nn.mixers.short_convolution import ShortConvolution

UNSET = -1e4
"""The stabiliser before the first step: below any gate, so that the first step sets it."""


class SLSTM(Mixer):
    """Heads of an sLSTM; the output is normalised head by head, as in the paper's block.

    State: h, c, n, m (H) each, and the convolution's last inputs. Gates in the order i, f, z, o.

    Args:
        size: H.
        heads: the recurrent weights connect only units of one head.
        conv: positions that a convolution with SiLU sees, which the gates i and f read; 0: all gates read x.
        depth: of its block, from 0 for the first to 1 for the last.

    Raises:
        ValueError: the heads do not divide H.
    """

    def __init__(self, size: int, heads: int, conv: int = 0, depth: float = 0.0) -> None:
        super().__init__()
        if size % heads:
            raise ValueError(f"hidden_size={size}: must be a multiple of heads={heads}")
        self.size, self.heads, each = size, heads, size // heads
        self.conv = ShortConvolution(size, conv) if conv else None
        self.gates = nn.Linear(size, 2 * size)  # i, f
        self.inputs = nn.Linear(size, 2 * size)  # z, o
        self.recurrent = nn.Parameter(torch.zeros(4, heads, each, each))  # from the last axis to the one before
        self.norm = HeadNorm(size, heads)
        self.state_shapes = ((size,),) * 4 + ((self.conv.state_shape,) if self.conv else ())
        with torch.no_grad():
            for layer in (self.gates, self.inputs):
                nn.init.normal_(layer.weight, std=(2.0 / (5.0 * size)) ** 0.5)
                layer.bias.zero_()
            units = torch.linspace(0.0, 1.0, each)
            self.gates.bias[size:] = (5.0 - 12.0 * units ** (0.3 + 1.3 * depth)).repeat(heads)

    @property
    def backend(self) -> str:
        """The loop is one node of the graph."""
        return FUSED

    def start(self, x: Tensor) -> MixerState:
        """Zeros, and the stabiliser below any gate."""
        h, c, n, m, *others = super().start(x)
        return h, c, n, m.fill_(UNSET), *others

    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """See `Mixer.forward`."""
        h, c, n, m, *others = self.start(x) if state is None else state
        seen = x
        if self.conv is not None:
            seen, last = self.conv(x, others[0], lengths)
            seen, others = nn.functional.silu(seen), [last]
        each = self.size // self.heads
        sign = x.new_tensor([1.0, -1.0], dtype=self.gates.weight.dtype).view(2, 1)  # the kernel reads -f~
        weight = self.gates.weight.unflatten(0, (2, -1)) * sign.unsqueeze(2)
        from_seen = self._by_heads(seen, weight, self.gates.bias.unflatten(0, (2, -1)) * sign)
        from_x = self._by_heads(x, self.inputs.weight.unflatten(0, (2, -1)), self.inputs.bias.unflatten(0, (2, -1)))
        parts = [part[:, head] for head in range(self.heads) for part in (from_seen, from_x)]
        sums = torch.cat(parts, dim=1)  # (T B, 4H), head by head
        i, f, z, o = self.recurrent
        recurrent = torch.stack((i, -f, z, o), dim=1).view(self.heads, 4 * each, each)
        exact = exact_type(x)
        start = tuple(part.to(exact) for part in (h, c, n, m))
        y, ends = recur(SLSTMKernel, sums, x.shape[0], start, (recurrent,), lengths)
        return self.norm(y.to(x.dtype)), (*ends, *others)

    def _by_heads(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Two gates of weights (2, H, H) and (2, H) for x (T, B, H): (T B, heads, 2 D)."""
        each = self.size // self.heads
        ordered = weight.view(2, self.heads, each, self.size).transpose(0, 1).reshape(2 * self.size, self.size)
        biases = bias.view(2, self.heads, each).transpose(0, 1).reshape(2 * self.size)
        return nn.functional.linear(x.flatten(0, 1), ordered, biases).view(-1, self.heads, 2 * each)
