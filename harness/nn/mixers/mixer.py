"""What a sequence mixer is: the one part in which the models of `harness.nn.mixers` differ.

Mixers work time first, (T, B, H), so that a step of a loop over time is one contiguous piece of memory; the state is
batch first, as the contract asks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from harness.nn.backends import Backed

MixerState = tuple[Tensor, ...]
"""A mixer's state, each tensor (B, ...)."""


class Mixer(nn.Module, Backed, ABC):
    """Maps a sequence (T, B, H) to another one of the same shape; position t sees inputs up to t only.

    Attributes:
        state_shapes: shape of each tensor of the state, without the batch.
    """

    state_shapes: tuple[tuple[int, ...], ...]

    @abstractmethod
    def forward(
        self, x: Tensor, state: MixerState | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, MixerState]:
        """Mix x (T, B, H), T at least 1.

        Args:
            x: finite everywhere.
            state: as returned by an earlier call; None: a start.
            lengths: int64 (B,); None: all T.

        Returns:
            (T, B, H), meaningless at padded positions, and the state after each row's own last position.
        """

    def in_stack(
        self, x: Tensor, state: MixerState, lengths: Tensor | None, shared: Tensor | None
    ) -> tuple[Tensor, MixerState, Tensor | None]:
        """`forward` in a stack of blocks, for a mixer whose first block shares a tensor with the later ones.

        Args:
            x: see `forward`.
            state: see `forward`.
            lengths: see `forward`.
            shared: (T, B, ...), what the block before returned; None: nothing, or this is the first block.

        Returns:
            What `forward` does, and what the next block gets; most mixers share nothing.
        """
        y, end = self(x, state, lengths)
        return y, end, shared

    def start(self, x: Tensor) -> MixerState:
        """The state before the first position of x (T, B, H): zeros in at least float32."""
        dtype = exact_type(x)
        return tuple(x.new_zeros(x.shape[1], *shape, dtype=dtype) for shape in self.state_shapes)


def exact_type(x: Tensor) -> torch.dtype:
    """The type in which recurrences are computed: float64 for float64, otherwise float32."""
    return torch.float64 if x.dtype == torch.float64 else torch.float32


def padding(lengths: Tensor, steps: int) -> Tensor:
    """True at padded positions: (T, B)."""
    return torch.arange(steps, device=lengths.device).unsqueeze(1) >= lengths
