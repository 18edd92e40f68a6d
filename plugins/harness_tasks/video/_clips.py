"""Clips as examples, prepared one by one or many at once, and how training clips are varied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.contract.batch import Example
from harness.contract.dataset import RawExample
from harness.contract.gathering import Gathered
from harness_tasks.video._clip_preparation import ClipPreparation
from harness_tasks.video.clip_sequences import ClipSequence

if TYPE_CHECKING:
    import torch


class ClipSplit:
    """A split (a `harness.contract.batch.Split`) of prepared clips and their classes.

    Args:
        raw: the clips as they look; a `ClipSequence` is read many at a time.
        preparation: of each.
    """

    def __init__(self, raw: Sequence[RawExample], preparation: ClipPreparation) -> None:
        self._raw, self._preparation = raw, preparation
        rows = list(raw.described() if isinstance(raw, ClipSequence) else raw)
        labels = {name: label for label, name in enumerate(preparation.classes)}
        self._examples = [
            Example(one.id, None, labels[one.target], (one.target,), one.source or one.id, one.units) for one in rows
        ]
        self.labels = np.array([one.target for one in self._examples], dtype=np.int64)
        shapes = [raw.shape] * len(rows) if isinstance(raw, ClipSequence) else [one.input.shape for one in raw]
        self._shape = shapes[0] if len(set(shapes)) == 1 else None
        self.input_lengths: np.ndarray = np.array([shape[0] for shape in shapes], dtype=np.int64)
        self.target_lengths: np.ndarray = np.ones(len(rows), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Example:
        return replace(self._examples[index], input=self._preparation.encode(self._raw[index].input))

    def without_input(self, index: int) -> Example:
        """All of an example but its clip, which is neither read nor drawn."""
        return self._examples[index]

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered | None:
        """Clips written where the batch holds them, and prepared there; None where they differ in length."""
        if self._shape is None:
            return None
        clips = np.empty((len(positions), *self._shape), dtype=np.float32)  # (B, T, C, Y, X)
        if isinstance(self._raw, ClipSequence):
            self._raw.fill(clips, positions, self._preparation.view)
        else:
            for clip, position in zip(clips, positions.tolist(), strict=True):
                clip[:] = self._raw[position].input
                self._preparation.view(clip)
        ids = tuple(self._examples[i].id for i in positions.tolist())
        return Gathered(
            ids, clips, self.input_lengths[positions], self.labels[positions], self.target_lengths[positions]
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
