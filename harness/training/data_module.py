"""Training batches of one run: an iterable that Lightning walks once an epoch.

The batches depend on the task and the seed alone. Next-token tasks are read as parallel streams (truncated
back-propagation through time), all others as bucketed batches.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from harness.batch import Batch
from harness.specs import NextTokenTarget
from harness.task import Loader, TaskData
from harness.training.batching import training_batches
from harness.training.collate import collate
from harness.training.seeding import generator, stream_seed


class ExampleBatches:
    """Bucketed batches of independent examples."""

    def __init__(self, data: TaskData, loader: Loader, seed: int) -> None:
        self._data, self._loader, self._seed = data, loader, seed
        self._order = generator(seed, "data_order")
        self._epoch = 0
        self.batches_per_epoch = len(
            training_batches(data.train.input_lengths, data.train.target_lengths, loader, generator(seed, "data_order"))
        )

    def __iter__(self) -> Iterator[Batch]:
        data = self._data
        batches = training_batches(data.train.input_lengths, data.train.target_lengths, self._loader, self._order)
        self.batches_per_epoch = len(batches)
        epoch, self._epoch = self._epoch, self._epoch + 1
        for positions in batches:
            examples = [data.train[int(i)] for i in positions]
            if data.augment is not None:
                examples = [
                    data.augment(e, torch.Generator().manual_seed(stream_seed(self._seed, f"augment/{epoch}/{e.id}")))
                    for e in examples
                ]
            yield collate(examples, data.input_spec, data.target_spec)


class StreamBatches:
    """Parallel streams over the concatenated training documents, for next-token tasks.

    All documents, each preceded by the begin-of-sequence symbol, are joined, rotated by a random offset each
    epoch, and cut into `batch_size` lanes of equal length; a batch is the next `bptt` steps of every lane.
    Source: Zaremba et al. 2014, section 4.1.
    """

    def __init__(self, data: TaskData, loader: Loader, seed: int) -> None:
        if not isinstance(data.target_spec, NextTokenTarget):
            raise TypeError(f"streams need a NextTokenTarget, not {type(data.target_spec).__name__}")
        bos = np.array([data.target_spec.bos_id], dtype=np.int64)
        parts = [a for i in range(len(data.train)) for a in (bos, np.asarray(data.train[i].target, dtype=np.int64))]
        self._stream = np.concatenate(parts)
        self._lanes = max(1, min(loader.batch_size, len(self._stream) // 2))
        self._bptt = loader.bptt
        self._order = generator(seed, "data_order")
        self._steps = (len(self._stream) - 1) // self._lanes
        self.batches_per_epoch = -(-self._steps // self._bptt)

    def __iter__(self) -> Iterator[Batch]:
        offset = int(torch.randint(len(self._stream), (1,), generator=self._order))
        stream = np.roll(self._stream, -offset)
        used = self._lanes * self._steps
        inputs = torch.from_numpy(stream[:used].reshape(self._lanes, self._steps))  # (B, L)
        targets = torch.from_numpy(stream[1 : used + 1].reshape(self._lanes, self._steps))
        for start in range(0, self._steps, self._bptt):
            x, y = inputs[:, start : start + self._bptt], targets[:, start : start + self._bptt]
            lengths = torch.full((self._lanes,), x.shape[1], dtype=torch.int64)
            ids = tuple(f"lane{i}" for i in range(self._lanes))
            yield Batch(ids, x.contiguous(), lengths, y.contiguous(), lengths, fresh=start == 0)


TrainingBatches = ExampleBatches | StreamBatches


def training_loader(data: TaskData, loader: Loader, seed: int) -> TrainingBatches:
    """The batches of a run: streams for next-token targets, bucketed examples for all others."""
    if isinstance(data.target_spec, NextTokenTarget):
        return StreamBatches(data, loader, seed)
    return ExampleBatches(data, loader, seed)
