"""A causal depthwise convolution over a few positions, and a shift by one; their state is the last inputs."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ShortConvolution(nn.Module):
    """y_t = b + sum_j w_j x_(t - K + 1 + j), channel by channel; inputs before the first are zeros.

    Initialised as `nn.Conv1d` is: uniform within 1 / sqrt(K).

    Args:
        dim: channels D.
        kernel: K.
        bias: whether there is a b; otherwise it is 0.

    Attributes:
        state_shape: (K - 1, D), of the last inputs, oldest first.

    Raises:
        ValueError: K is below 1.
    """

    def __init__(self, dim: int, kernel: int, bias: bool = True) -> None:
        super().__init__()
        if kernel < 1:
            raise ValueError(f"kernel={kernel}: must be at least 1")
        self.kernel = kernel
        self.weight = nn.Parameter(torch.empty(kernel, dim).uniform_(-(kernel**-0.5), kernel**-0.5))
        self.bias = nn.Parameter(torch.empty(dim).uniform_(-(kernel**-0.5), kernel**-0.5)) if bias else None
        self.state_shape = (kernel - 1, dim)

    def forward(self, x: Tensor, state: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Convolve x (T, B, D) after `state` (B, K - 1, D): (T, B, D), and the last inputs of each row."""
        steps = len(x)
        seen = torch.cat((state.transpose(0, 1).to(x.dtype), x))  # (K - 1 + T, B, D)
        y = x.new_zeros(()) if self.bias is None else self.bias.to(x.dtype)
        for j, weight in enumerate(self.weight.to(x.dtype)):
            y = torch.addcmul(y, seen[j : j + steps], weight)
        return y, _latest(seen, steps, lengths).to(state.dtype)


def previous(x: Tensor, state: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The input before each of x (T, B, D), the first after `state` (B, D): (T, B, D), and each row's last input."""
    seen = torch.cat((state.unsqueeze(0).to(x.dtype), x))  # (1 + T, B, D)
    return seen[:-1], _latest(seen, len(x), lengths).squeeze(1).to(state.dtype)


def _latest(seen: Tensor, steps: int, lengths: Tensor | None) -> Tensor:
    """The last K inputs at each row's end, (B, K, D), of `seen` (K + T, B, D): K inputs and those of T steps."""
    if lengths is None:
        return seen[steps:].transpose(0, 1)
    last = lengths.unsqueeze(1) + torch.arange(len(seen) - steps, device=seen.device)  # (B, K)
    return seen[last, torch.arange(seen.shape[1], device=seen.device).unsqueeze(1)]
