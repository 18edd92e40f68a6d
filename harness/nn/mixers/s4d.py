"""S4D: a diagonal state-space model for every channel, computed as convolutions of chunks.

Source: A. Gu et al., "On the Parameterization and Initialization of Diagonal State Space Models", 2022, arXiv
2206.11893: section 3 (zero-order hold, conjugate pairs, B = 1), section 4.3 (S4D-Lin), listing 1. Initial values as in
the authors' code (state-spaces/s4, `models/s4/s4d.py`): D log-uniform in [0.001, 0.1], C complex normal, d normal, both
of variance 1. Channel by channel, n = 0 ... N / 2 - 1:

    A_n = -1/2 + i pi n at the start,   a = exp(D A),   h_t = a h_{t-1} + x_t,
    y_t = 2 Re(sum_n C (a - 1) / A h_t) + d x_t,   out_t = GLU(W GELU(y_t) + b)
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.nn.backends import CHUNKED
from harness.nn.kernels.recurrence import without_autocast
from harness.nn.mixers import chunks
from harness.nn.mixers.mixer import Mixer, MixerState, exact_type


class S4D(Mixer):
    """State: h (H, N / 2, 2), real and imaginary parts.

    Args:
        size: H.
        state: N, of each channel; even.
    """

    def __init__(self, size: int, state: int) -> None:
        super().__init__()
        pairs = state // 2
        self.log_step = nn.Parameter(torch.rand(size) * (math.log(0.1) - math.log(0.001)) + math.log(0.001))
        self.decay = nn.Parameter(torch.full((size, pairs), math.log(0.5)))
        self.frequency = nn.Parameter(math.pi * torch.arange(pairs, dtype=torch.float32).repeat(size, 1))
        self.outputs = nn.Parameter(torch.randn(size, pairs, 2) * math.sqrt(0.5))  # C
        self.skip = nn.Parameter(torch.randn(size))
        self.mix = nn.Linear(size, 2 * size)
        self.state_shapes = ((size, pairs, 2),)

    @property
    def backend(self) -> str:
        """Products of chunks."""
        return CHUNKED

    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """See `Mixer.forward`."""
        (start,) = self.start(x) if state is None else state
        u = x.to(exact_type(x))
        with without_autocast(x.device):
            y, end = self._convolve(u, torch.view_as_complex(start.to(u.dtype).contiguous()), lengths)
        y = functional.gelu(torch.addcmul(y, u, self.skip)).to(x.dtype)
        return functional.glu(self.mix(y), dim=-1), (torch.view_as_real(end),)

    def _convolve(self, u: Tensor, start: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """u (T, B, H) after the state (B, H, N / 2): y (T, B, H) and the state at the true ends."""
        steps, rows = u.shape[:2]
        size = min(chunks.CHUNK, steps)
        # Angles reach hundreds of radians within a chunk, of which float32 keeps four digits: few numbers, in float64.
        rates = torch.complex(-torch.exp(self.decay.double()), self.frequency.double())  # A, (H, N / 2)
        stepped = rates * torch.exp(self.log_step.double()).unsqueeze(1)
        read = (torch.view_as_complex(self.outputs) * (torch.expm1(stepped) / rates)).to(start.dtype)
        times = torch.arange(size + 1, device=u.device)
        powers = torch.exp(stepped.unsqueeze(2) * times).to(start.dtype)  # (H, N / 2, C + 1)
        parts = functional.pad(u, (0, 0, 0, 0, 0, -steps % size)).unflatten(0, (-1, size))  # (chunks, C, B, H)
        parts = parts.permute(3, 2, 0, 1)  # (H, B, chunks, C)
        inside = parts @ self._toeplitz((read.unsqueeze(2) * powers[..., :size]).real.sum(1)).unsqueeze(1)
        # What position s of a chunk leaves at its end: a^(C - 1 - s).
        left = torch.view_as_real(powers[..., :size].flip(2)).permute(0, 2, 1, 3).flatten(2)  # (H, C, N)
        added = torch.view_as_complex((parts @ left.unsqueeze(1)).unflatten(-1, (-1, 2)))  # (H, B, chunks, N / 2)
        states = [start.transpose(0, 1)]  # (H, B, N / 2)
        for add in added.unbind(2):
            states.append(torch.addcmul(add, states[-1], powers[:, None, :, size]))
        before = torch.stack(states, dim=2)  # (H, B, chunks + 1, N / 2)
        seen = (read.unsqueeze(2) * powers[..., 1:]).conj().resolve_conj()  # Re(z w) is a product of real vectors
        seen = torch.view_as_real(seen).permute(0, 1, 3, 2).flatten(1, 2)  # (H, N, C)
        y = inside + 2.0 * torch.view_as_real(before[:, :, :-1]).flatten(3) @ seen.unsqueeze(1)
        y = y.permute(2, 3, 1, 0).flatten(0, 1)[:steps]  # (T, B, H)
        if lengths is None and steps % size == 0:
            return y, before[:, :, -1].transpose(0, 1)
        ends = torch.full((rows,), steps, device=u.device) if lengths is None else lengths
        return y, self._at(ends, before, parts, stepped, left).transpose(0, 1)

    def _toeplitz(self, kernel: Tensor) -> Tensor:
        """The convolution with 2 kernel (H, C) as products from the right, (H, C, C)."""
        size = kernel.shape[1]
        times = torch.arange(size, device=kernel.device)
        distance = times - times.unsqueeze(1)  # of output t from input s, at (s, t)
        return 2.0 * kernel[:, distance.clamp(min=0)].masked_fill(distance < 0, 0.0)

    def _at(self, ends: Tensor, before: Tensor, parts: Tensor, stepped: Tensor, left: Tensor) -> Tensor:
        """The state (H, B, N / 2) after `ends` (B,) positions: that before their chunk, and what has come since."""
        size, rows = parts.shape[3], torch.arange(len(ends), device=ends.device)
        chunk, since = ends // size, ends % size
        kept = before[:, rows, chunk] * torch.exp(stepped.unsqueeze(1) * since.view(1, -1, 1)).to(before.dtype)
        # The positions since then, moved to the end of a chunk.
        moved = torch.arange(size, device=ends.device) - (size - since.unsqueeze(1))  # (B, C)
        last = parts[:, rows, chunk.clamp(max=parts.shape[2] - 1)]  # (H, B, C)
        last = last.gather(2, moved.clamp(min=0).expand(len(last), -1, -1)).masked_fill(moved < 0, 0.0)
        return kept + torch.view_as_complex((last @ left).unflatten(-1, (-1, 2)).contiguous())
