"""SpecAugment: masks over frames, and speech made faster or slower, while training."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
        speed: the input is made up to this share faster or slower before it is masked, by linear interpolation between
            frames (after Ko et al. 2015, who resample the wave); 0: never.
    """

    feature_masks: int = 2
    feature_share: float = 0.15
    time_masks: int = 2
    time_width: int = 10
    time_share: float = 0.05
    speed: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.speed < 1:
            raise ValueError(f"task.masks.speed is {self.speed}; it must be at least 0 and below 1.")

    def __call__(
        self, example: Example, generator: torch.Generator, *, stack: int = 1, steps_per_label: int = 1
    ) -> Example:
        """A varied copy of an example.

        Args:
            example: its input is float32 (T, stack * F), normalised so that the mean is 0.
            generator: of everything that is drawn.
            stack: how many successive frames stand side by side in one step of the input; the speed is changed frame by
                frame, and masks cover steps.
            steps_per_label: no input is made shorter than this for each of its target's labels.
        """
        import torch

        def stretch(length: int, widest: int) -> slice:
            width = int(torch.randint(0, min(widest, length) + 1, (), generator=generator))
            start = int(torch.randint(0, length - width + 1, (), generator=generator))
            return slice(start, start + width)

        assert example.input is not None
        steps = example.input.copy()  # (T, stack F)
        if self.speed > 0:
            rate = 1 + self.speed * (2 * float(torch.rand((), generator=generator)) - 1)
            shortest = max(1, min(len(steps), steps_per_label * np.size(example.target)))
            steps = _at_rate(steps, stack, rate, shortest)
        for _ in range(self.feature_masks):
            steps[:, stretch(steps.shape[1], int(self.feature_share * steps.shape[1]))] = 0.0
        for _ in range(self.time_masks):
            steps[stretch(len(steps), min(self.time_width, int(self.time_share * len(steps))))] = 0.0
        return dataclasses.replace(example, input=steps)


def _at_rate(steps: np.ndarray, stack: int, rate: float, shortest: int) -> np.ndarray:
    """Steps (T, stack * F) said `rate` times as fast, (T', stack * F), T' at least `shortest`."""
    frames = steps.reshape(len(steps) * stack, -1)  # (T stack, F)
    frames = _resampled(frames, max(stack * shortest, round(len(frames) / rate)))
    whole = np.pad(frames, ((0, -len(frames) % stack), (0, 0)), mode="edge")
    return whole.reshape(len(whole) // stack, -1)  # (T', stack F)


def _resampled(frames: np.ndarray, count: int) -> np.ndarray:
    """Frames (T, F) as `count` frames over the same time, interpolated linearly."""
    at = np.linspace(0, len(frames) - 1, count)
    before = np.minimum(at.astype(np.int64), max(len(frames) - 2, 0))
    after = np.minimum(before + 1, len(frames) - 1)
    share = (at - before)[:, None].astype(frames.dtype)  # (count, 1)
    mixed: np.ndarray = (1 - share) * frames[before] + share * frames[after]
    return mixed
