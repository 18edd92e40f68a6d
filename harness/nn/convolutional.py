"""The convolutional LSTM over images, exact at every length like the other layers.

Axes: B batch, T time, C channels, H hidden size (channels of the state), Y and X height and width of an image.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from harness.nn.backends import FUSED, Backed
from harness.nn.kernels.lstm import LSTMKernel
from harness.nn.kernels.recurrence import recur


class ConvLSTM(nn.Module, Backed):
    """An LSTM whose products are convolutions: Shi et al. 2015, "Convolutional LSTM Network", eq. 3.

    Weights as in `initialise_recurrent`: orthogonal and Xavier uniform, gate by gate; biases zero, but 1 for the forget
    gate; peepholes zero.

    Args:
        channels: C.
        hidden_size: H.
        kernel: height and width of the convolutions, odd; images keep their size.
        size: (Y, X), for peepholes, which have a weight at every position; None: no peepholes.

    Raises:
        ValueError: channels or hidden_size below 1, or an even kernel.
    """

    def __init__(self, channels: int, hidden_size: int, kernel: int = 3, size: tuple[int, int] | None = None) -> None:
        super().__init__()
        for name, value in (("channels", channels), ("hidden_size", hidden_size)):
            if value < 1:
                raise ValueError(f"{name}={value}: must be at least 1")
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"kernel={kernel}: must be odd, so that images keep their size")
        self.hidden_size, self.padding = hidden_size, kernel // 2
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, channels, kernel, kernel))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        self.peepholes = None if size is None else nn.Parameter(torch.zeros(3, hidden_size, *size))
        with torch.no_grad():
            for gate in self.weight_hh.split(hidden_size):
                nn.init.orthogonal_(gate)
            for gate in self.weight_ih.split(hidden_size):
                nn.init.xavier_uniform_(gate)
            self.bias[hidden_size : 2 * hidden_size] = 1.0

    @property
    def backend(self) -> str:
        """The fused loop, on every device."""
        return FUSED

    @torch.compiler.disable  # it would unroll the loop over time
    def forward(
        self, x: Tensor, lengths: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run x (B, T, C, Y, X) of true lengths (B,) from the state h and c (B, H, Y, X); None: zeros.

        Returns:
            Features (B, T, H, Y, X), finite and meaningless at padding, and the state after each row's true last step.
        """
        batch, steps, _, height, width = x.shape
        exact = self.bias.dtype
        if state is None:
            zeros = x.new_zeros(batch, self.hidden_size, height, width, dtype=exact)
            state = (zeros, zeros)
        frames = x.transpose(0, 1).flatten(0, 1)  # (T B, C, Y, X)
        gates = nn.functional.conv2d(frames, self.weight_ih, self.bias, padding=self.padding)
        start = tuple(part.to(exact) for part in state)
        y, ends = recur(LSTMKernel, gates, steps, start, (self.weight_hh, self.peepholes, None), lengths)
        return y.transpose(0, 1), ends
