"""Training batches of one run: epochs that depend on the task and the seed alone, and their endless chain.

Next-token tasks are read as parallel streams (truncated back-propagation through time), all others as bucketed
batches. A run walks `EndlessBatches`, whose position can be saved and found again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.contract.batch import Batch, Example, Split, end_to_end, gatherer
from harness.contract.task import Loader, TaskData
from harness.errors import DataError
from harness.training.batching import training_batches
from harness.training.collate import Collator, collate
from harness.training.score_stream import stream_symbols
from harness.training.seeding import generator, stream_seed

Augment = Callable[[Example, torch.Generator], Example]


class ExampleBatches:
    """Bucketed batches of independent examples; iterating gives the next epoch.

    Attributes:
        epoch: number of the epoch that comes next.
        order: the data-order stream.
        batches_per_epoch: of the epoch begun last; 0 before the first.
        thread_safe: whether a thread may make batches while another reads examples: true if the split itself gathers
            whole batches, and no part of a plug-in involved draws random numbers or keeps state.
    """

    def __init__(self, data: TaskData, loader: Loader, seed: int) -> None:
        self._data, self._loader, self._seed = data, loader, seed
        self._collator = Collator(data.train, data.input_spec, data.target_spec)
        self.order = generator(seed, "data_order")
        self.epoch = 0
        self.batches_per_epoch = 0
        self.thread_safe = data.augment is None and gatherer(data.train) is not None

    def __iter__(self) -> Iterator[Batch]:
        return self.epoch_from(0)

    def epoch_from(self, skip: int) -> Iterator[Batch]:
        """The next epoch, without its first `skip` batches (which are not loaded)."""
        data = self._data
        batches = self._draw(self.order)
        self.batches_per_epoch = len(batches)
        epoch, self.epoch = self.epoch, self.epoch + 1
        for positions in batches[skip:]:
            if data.augment is None:
                yield self._collator(positions)
            else:
                examples = [self._augmented(data.augment, data.train[int(i)], epoch) for i in positions]
                yield collate(examples, data.input_spec, data.target_spec)

    def _augmented(self, augment: Augment, example: Example, epoch: int) -> Example:
        """An example augmented with its own random numbers, independent of its batch and neighbours."""
        seed = stream_seed(self._seed, f"augment/{epoch}/{example.id}")
        return augment(example, torch.Generator().manual_seed(seed))

    def _draw(self, order: torch.Generator) -> list[np.ndarray]:
        train = self._data.train
        return training_batches(train.input_lengths, train.target_lengths, self._loader, order)


class StreamBatches:
    """Parallel streams over the concatenated training documents, for next-token tasks.

    All documents, each preceded by the begin-of-sequence symbol, are joined, rotated by a random offset each
    epoch, and cut into `batch_size` streams of equal length; a batch is the next `bptt` steps of every stream.
    A split that has its documents end to end already, as `harness.contract.gathering` says, may keep them on disk.
    Source: Zaremba et al. 2014, section 4.1. Attributes as of `ExampleBatches`.
    """

    def __init__(self, data: TaskData, loader: Loader, seed: int) -> None:
        bos = stream_symbols(data.target_spec)[0]
        ready = end_to_end(data.train, bos)
        self._stream = _joined(data.train, bos) if ready is None else ready
        self._streams = max(1, min(loader.batch_size, len(self._stream) // 2))
        self._bptt = loader.bptt
        self._steps = (len(self._stream) - 1) // self._streams
        self.order = generator(seed, "data_order")
        self.epoch = 0
        self.batches_per_epoch = -(-self._steps // self._bptt)
        self.thread_safe = True

    def __iter__(self) -> Iterator[Batch]:
        return self.epoch_from(0)

    def epoch_from(self, skip: int) -> Iterator[Batch]:
        """The next epoch, without its first `skip` batches."""
        self.epoch += 1
        offset = int(torch.randint(len(self._stream), (1,), generator=self.order))
        begins = offset + np.arange(self._streams)[:, None] * self._steps
        ids = tuple(f"stream{i}" for i in range(self._streams))
        for start in range(skip * self._bptt, self._steps, self._bptt):
            steps = min(self._bptt, self._steps - start)
            positions = (begins + np.arange(start, start + steps + 1)) % len(self._stream)
            symbols = torch.from_numpy(self._stream[positions].astype(np.int64))  # (B, steps + 1)
            lengths = torch.full((self._streams,), steps, dtype=torch.int64)
            x, y = symbols[:, :-1].contiguous(), symbols[:, 1:].contiguous()
            yield Batch(ids, x, lengths, y, lengths, reset_state=start == 0)


def _joined(split: Split, bos: int) -> np.ndarray:
    """The documents' symbols end to end, int64 (N,), `bos` before each."""
    begin = np.array([bos], dtype=np.int64)
    parts = [a for i in range(len(split)) for a in (begin, np.asarray(split[i].target, dtype=np.int64))]
    return np.concatenate(parts)


TrainingBatches = ExampleBatches | StreamBatches


def training_loader(data: TaskData, loader: Loader, seed: int) -> TrainingBatches:
    """The batches of a run: streams for next-token targets, bucketed examples for all others."""
    if data.target_spec.needs.streams:
        return StreamBatches(data, loader, seed)
    return ExampleBatches(data, loader, seed)


@dataclass
class _Epoch:
    """An epoch that was begun: its number, the data-order stream before it, and how many batches it has."""

    number: int
    order: Tensor
    batches: int


class EndlessBatches:
    """An endless sequence of epochs, for a trainer that stops when its budget is used.

    The trainer may fetch batches ahead of those it trains on, so only `advance` moves the position.
    """

    def __init__(self, batches: TrainingBatches) -> None:
        self._batches = batches
        self._begun: deque[_Epoch] = deque()
        self._done = 0  # batches of the oldest epoch in `_begun` that have been trained on

    def __iter__(self) -> Iterator[Batch]:
        """Iterate from the current position.

        Raises:
            DataError: an epoch has no batch.
        """
        skip = self._done
        while True:
            number, order = self._batches.epoch, self._batches.order.get_state()
            epoch = self._batches.epoch_from(skip)
            first = next(epoch, None)
            self._begun.append(_Epoch(number, order, self._batches.batches_per_epoch))
            if first is None and self._batches.batches_per_epoch == 0:
                raise DataError("The training split is empty: there is nothing to train on.")
            if first is not None:
                yield first
                yield from epoch
            skip = 0

    def advance(self) -> None:
        """Count one more batch as trained on."""
        if self._done == self._begun[0].batches:
            self._begun.popleft()
            self._done = 0
        self._done += 1

    @property
    def thread_safe(self) -> bool:
        """Whether a thread may iterate while another reads examples and asks for the position."""
        return self._batches.thread_safe

    @property
    def epochs(self) -> float:
        """Epochs trained on, with the fraction of the current one."""
        if not self._begun:
            return float(self._batches.epoch)
        return self._begun[0].number + self._done / self._begun[0].batches

    def state_dict(self) -> dict[str, Any]:
        """The position, as plain numbers and a tensor."""
        if not self._begun:
            return {"epoch": self._batches.epoch, "done": 0, "order": self._batches.order.get_state()}
        epoch = self._begun[0]
        return {"epoch": epoch.number, "done": self._done, "order": epoch.order}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a saved position; to be called before iterating."""
        self._begun.clear()
        self._batches.epoch = int(state["epoch"])
        self._batches.order.set_state(state["order"])
        self._done = int(state["done"])
