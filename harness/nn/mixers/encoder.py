"""The encoder around sequence mixers: residual blocks that are the same for every mixer, so that comparisons are fair.

    x = W input + b;   for every block:  x = x + mix(norm(x)),  x = x + feed_forward(norm(x));   features = norm(x)

This is the pre-norm block of Mamba, xLSTM, DeltaNet and minGRU's language model with one normalisation (layer norm) and
one feed-forward network (GELU) for all of them, where the papers differ. Axes: B batch, T time, D input, H hidden size.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from harness.contract.model import Encoder, EncoderOutput
from harness.nn.dropout import Dropout
from harness.nn.initialisation import linear
from harness.nn.masking import last_valid, zero_padding
from harness.nn.mixers.mixer import Mixer, MixerState, exact_type
from harness.nn.mixers.short_convolution import ShortConvolution


class ResidualBlock(nn.Module):
    """A mixer, after an optional short convolution, and an optional feed-forward network, each pre-norm and residual.

    Args:
        mixer: of H channels.
        size: H.
        dropout: on what is added.
        feed_forward: units of the feed-forward network; 0: none.
        conv: positions that a convolution before the mixer sees; 0: no convolution.
    """

    def __init__(self, mixer: Mixer, size: int, dropout: float, feed_forward: int, conv: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.conv = ShortConvolution(size, conv) if conv else None
        self.mixer = mixer
        self.dropout = Dropout(dropout)
        self.feed_forward = (
            nn.Sequential(nn.LayerNorm(size), linear(size, feed_forward), nn.GELU(), linear(feed_forward, size))
            if feed_forward
            else None
        )

    def start(self, x: Tensor) -> MixerState:
        """The state before the first position of x (T, B, H): the mixer's, followed by the convolution's."""
        if self.conv is None:
            return self.mixer.start(x)
        return (*self.mixer.start(x), x.new_zeros(x.shape[1], *self.conv.state_shape, dtype=exact_type(x)))

    def forward(
        self, x: Tensor, state: MixerState, lengths: Tensor | None, shared: Tensor | None = None
    ) -> tuple[Tensor, MixerState, Tensor | None]:
        """x (T, B, H) from a state: the same shape, the state after each row's own last position, and what the mixer
        shares with that of the next block (`Mixer.in_stack`)."""
        y = self.norm(x)
        if self.conv is not None:
            y, last = self.conv(y, state[-1], lengths)
            y, end, shared = _mix(self.mixer, y, state[:-1], lengths, shared)
            carried = (*end, last)
        else:
            y, carried, shared = _mix(self.mixer, y, state, lengths, shared)
        x = x + self.dropout(y)
        if self.feed_forward is not None:
            x = x + self.dropout(self.feed_forward(x))
        return x, carried, shared


@torch.compiler.disable  # it would unroll the loops over time
def _mix(
    mixer: Mixer, x: Tensor, state: MixerState, lengths: Tensor | None, shared: Tensor | None
) -> tuple[Tensor, MixerState, Tensor | None]:
    return mixer.in_stack(x, state, lengths, shared)


class MixerEncoder(Encoder):
    """Residual blocks between a linear map of the input and a last normalisation.

    Args:
        input_dim: D.
        hidden_size: H.
        blocks: of H channels each.
        carry: whether to return the state.
    """

    def __init__(self, input_dim: int, hidden_size: int, blocks: Sequence[ResidualBlock], carry: bool) -> None:
        super().__init__()
        self.inputs = linear(input_dim, hidden_size)
        self.blocks = nn.ModuleList(blocks)
        self.norm = nn.LayerNorm(hidden_size)
        self.carry = carry
        self.feature_dim = self.summary_dim = hidden_size

    def forward(self, x: Tensor, lengths: Tensor, state: tuple[MixerState, ...] | None = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        whole = lengths.device.type == "cpu" and bool((lengths == x.shape[1]).all())  # on a GPU the host would wait
        inputs = x if whole else zero_padding(x, lengths)
        y = self.inputs(inputs.transpose(0, 1).contiguous())  # (T, B, H)
        ends: list[MixerState] = []
        shared: Tensor | None = None
        for index, block in enumerate(self.blocks):
            assert isinstance(block, ResidualBlock)
            end = block.start(y) if state is None else state[index]
            if len(y):
                y, end, shared = block(y, end, None if whole else lengths, shared)
            ends.append(end)
        features = self.norm(y).transpose(0, 1).contiguous()  # (B, T, H)
        return EncoderOutput(features, lengths, last_valid(features, lengths), tuple(ends) if self.carry else None)
