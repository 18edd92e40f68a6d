"""What every data set of clips has in common: how a clip is centred, and how training clips are varied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from harness.contract.batch import Example, Split
from harness.contract.gathering import Gathered

if TYPE_CHECKING:
    import torch

GAIN = 5.0
"""Pixels of 0..1 are multiplied by this once the clip's mean is off, which leaves values of about unit size."""


class ClipSplit(Split, Protocol):
    """A split whose clips can also be had as they look.

    Attributes:
        ids: of the examples, in order.
        labels: int64 (N,), the class of every clip.
    """

    ids: tuple[str, ...]
    labels: np.ndarray

    def frames(self, index: int) -> np.ndarray:
        """float32 (T, C, Y, X), pixels of about 0..1, the mean not taken off."""
        ...

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered:
        """As `harness.contract.gathering` says: centred clips and their labels."""
        ...

    def without_input(self, index: int) -> Example:
        """All of an example but its clip, which is neither read nor drawn."""
        ...


def centre(clip: np.ndarray) -> np.ndarray:
    """Take the mean over time off every pixel and scale, float32 (T, C, Y, X), in place.

    What stands still becomes zero: without this a network on so few clips learns backgrounds by heart.
    """
    clip -= clip.mean(axis=0)
    clip *= GAIN
    return clip


def gathered(split: ClipSplit, positions: np.ndarray, clips: np.ndarray) -> Gathered:
    """Centred clips float32 (B, T, C, Y, X), all of one length, with what the split knows of them."""
    ids = tuple(split.ids[i] for i in positions.tolist())
    return Gathered(
        ids, clips, split.input_lengths[positions], split.labels[positions], split.target_lengths[positions]
    )


def variation(flip: float, crop: float) -> Callable[[Example, torch.Generator], Example] | None:
    """Flip left to right and crop at random, the same for all frames of a clip; None where both are off.

    Args:
        flip: probability of a flip.
        crop: the smallest share of the picture's area that a crop keeps, scaled up again; 1 for none.
    """
    if flip <= 0 and crop >= 1:
        return None

    def vary(example: Example, generator: torch.Generator) -> Example:
        import torch
        from torchvision.transforms import v2

        assert example.input is not None
        clip = torch.from_numpy(example.input)  # (T, C, Y, X)
        steps: list[torch.nn.Module] = [v2.RandomHorizontalFlip(flip)]
        if crop < 1:
            steps.append(v2.RandomResizedCrop(clip.shape[-2:], scale=(crop, 1.0), antialias=True))
        seed = int(torch.randint(2**62, (1,), generator=generator))
        # torchvision draws from the global stream, which must stay as it was: a run's own numbers come from there.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            varied = v2.Compose(steps)(clip)
        return replace(example, input=varied.numpy())

    return vary
