"""Video pooled once for the engine's embedding, instead of being composed and pooled at every step.

`VideoEmbedding` begins by averaging each frame down to a few pixels, without parameters or random numbers. A model that
reads the embedding depends only on these pixels, so they are computed when the data is loaded and kept; pooling them
again in the embedding changes nothing. Ids, order, lengths and targets of the batches stay those of every other model.
A model that reads raw video gets the original frames.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from harness.contract.batch import Example, Split, gatherer, without_input
from harness.contract.gathering import Gathered
from harness.contract.specs import VideoInput
from harness.contract.task import TaskData
from harness.nn.embedding import VideoEmbedding, pool
from harness.nn.network import Network

MOST_BYTES = 1 << 29
"""Bytes that the pooled clips of all splits may take; if they need more, clips are not pooled in advance."""

_CHUNK = 16  # clips pooled at a time: few enough to stay in a processor's cache


class PooledVideo:
    """A split of clips of one length, pooled to `size`; each is pooled when it is first asked for.

    Args:
        split: float32 (T, C, Y, X) clips; it must gather whole batches.
        size: height and width afterwards.
    """

    def __init__(self, split: Split, size: tuple[int, int]) -> None:
        self._split, self._size = split, size
        self.input_lengths: np.ndarray = split.input_lengths
        self.target_lengths: np.ndarray = split.target_lengths
        self._pooled: np.ndarray | None = None  # (N, T, C, *size)
        self._targets: np.ndarray | None = None
        self._ids: list[str] = [""] * len(split)
        self._known = np.zeros(len(split), dtype=bool)
        self._complete = False

    def __len__(self) -> int:
        return len(self._split)

    def __getitem__(self, index: int) -> Example:
        example = self._split[index]
        assert example.input is not None
        return replace(example, input=self._pool(example.input[None])[0])

    def without_input(self, index: int) -> Example | None:
        """As the split of clips does; None if that cannot."""
        return without_input(self._split, index)

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered | None:
        """Pooled clips; None if the split does not gather batches."""
        positions = np.asarray(positions)
        for start in range(0, 0 if self._complete else len(positions), _CHUNK):
            few = positions[start : start + _CHUNK]
            if not self._learn(few[~self._known[few]], input_pad, target_pad):
                return None
        assert self._pooled is not None
        assert self._targets is not None
        ids = tuple(self._ids[i] for i in positions.tolist())
        lengths = self.input_lengths[positions], self.target_lengths[positions]
        clips = self._pooled.take(positions, axis=0, mode="clip")  # "clip" avoids checking every position
        return Gathered(ids, clips, lengths[0], self._targets[positions], lengths[1])

    def _learn(self, positions: np.ndarray, input_pad: int, target_pad: int) -> bool:
        """Pool the clips at these positions; returns whether the split could gather them."""
        if not len(positions):
            return True
        gather = gatherer(self._split)
        found = None if gather is None else gather(positions, input_pad, target_pad)
        if found is None or found.targets.ndim > 1:
            return False
        pooled = self._pool(found.inputs)
        if self._pooled is None or self._targets is None:
            self._pooled = np.empty((len(self), *pooled.shape[1:]), dtype=np.float32)
            self._targets = np.empty(len(self), dtype=found.targets.dtype)
        self._pooled[positions], self._targets[positions] = pooled, found.targets
        for position, name in zip(positions.tolist(), found.ids, strict=True):
            self._ids[position] = name
        self._known[positions] = True
        self._complete = bool(self._known.all())
        return True

    def _pool(self, clips: np.ndarray) -> np.ndarray:
        """float32 (B, T, C, *size) of clips (B, T, C, Y, X), exactly as the embedding pools."""
        frames = torch.from_numpy(np.ascontiguousarray(clips, dtype=np.float32)).flatten(0, 1)
        return pool(frames, self._size).unflatten(0, clips.shape[:2]).numpy()


def pooled_once(data: TaskData, network: Network) -> TaskData:
    """The data for a network, with clips pooled if its embedding would pool them at every step.

    The training clips are pooled at once, since every epoch reads them; the others when they are first read.
    """
    spec, embedding = data.input_spec, network.embedding
    if not isinstance(spec, VideoInput) or not isinstance(embedding, VideoEmbedding) or data.augment is not None:
        return data
    size = embedding.size
    splits = [data.train, data.val, data.test]
    frames = sum(int(split.input_lengths.sum()) for split in splits)
    smaller = size != (spec.height, spec.width)
    even = all(len(np.unique(split.input_lengths)) == 1 for split in splits)
    singles = all((split.target_lengths == 1).all() and gatherer(split) is not None for split in splits)
    if not (smaller and even and singles) or 4 * frames * spec.channels * size[0] * size[1] > MOST_BYTES:
        return data
    train, val, test = (PooledVideo(split, size) for split in splits)
    for start in range(0, len(train), _CHUNK):
        train.gather(np.arange(start, min(start + _CHUNK, len(train))), 0, 0)
    return replace(data, train=train, val=val, test=test)
