"""SpecAugment: masks over frames while training."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.contract.batch import Example

if TYPE_CHECKING:
    import torch


@dataclass
class SpecAugment:
    """Masks over stretches of features and of time (Park et al. 2019), filled with the training mean.

    Attributes:
        feature_masks, feature_share: how many, and the widest as a share of the features.
        time_masks, time_width: how many, and the widest in frames.
        time_share: a time mask covers at most this share of an input, so that short ones keep their digits.
    """

    feature_masks: int = 2
    feature_share: float = 0.15
    time_masks: int = 2
    time_width: int = 10
    time_share: float = 0.05

    def __call__(self, example: Example, generator: torch.Generator) -> Example:
        """A masked copy of an example whose input is float32 (T, F), normalised so that the mean is 0."""
        import torch

        def stretch(length: int, widest: int) -> slice:
            width = int(torch.randint(0, min(widest, length) + 1, (), generator=generator))
            start = int(torch.randint(0, length - width + 1, (), generator=generator))
            return slice(start, start + width)

        assert example.input is not None
        frames = example.input.copy()  # (T, F)
        for _ in range(self.feature_masks):
            frames[:, stretch(frames.shape[1], int(self.feature_share * frames.shape[1]))] = 0.0
        for _ in range(self.time_masks):
            frames[stretch(len(frames), min(self.time_width, int(self.time_share * len(frames))))] = 0.0
        return dataclasses.replace(example, input=frames)
