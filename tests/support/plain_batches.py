"""Batches put together as plainly as can be, example by example: what every quicker way must equal to the last bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from harness.contract.batch import Batch, Example
from harness.contract.specs import InputSpec, TokenInput
from harness.contract.target import Target
from harness.contract.task import Loader, TaskData
from harness.targets import ClassTarget, ForecastTarget, RegressionTarget
from harness.training.batching import training_batches
from harness.training.seeding import generator, stream_seed

TENSORS = ("inputs", "input_lengths", "targets", "target_lengths")


def plain_batch(examples: Sequence[Example], inputs: InputSpec, target: Target) -> Batch:
    """Each example copied into its row."""
    tokens = isinstance(inputs, TokenInput)
    padded, lengths = _rows([np.asarray(e.input) for e in examples], inputs.pad_id if tokens else 0, tokens)
    if isinstance(target, ClassTarget):
        targets, target_lengths = torch.tensor([int(e.target) for e in examples]), torch.ones(len(examples)).long()
    elif isinstance(target, ForecastTarget | RegressionTarget):
        targets = torch.from_numpy(np.stack([np.asarray(e.target, np.float32) for e in examples]))
        target_lengths = torch.full((len(examples),), len(targets[0]))
    else:
        targets, target_lengths = _rows([np.asarray(e.target) for e in examples], target.layout.pad, True)
    return Batch(tuple(e.id for e in examples), padded, lengths, targets, target_lengths)


def _rows(arrays: Sequence[np.ndarray], pad: int, whole: bool) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = [len(a) for a in arrays]
    padded = np.full((len(arrays), max(lengths), *arrays[0].shape[1:]), pad, dtype=np.int64 if whole else np.float32)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return torch.from_numpy(padded), torch.tensor(lengths)


def plain_epochs(data: TaskData, loader: Loader, seed: int, epochs: int) -> Iterator[Batch]:
    """The batches of bucketed examples, each example loaded and varied alone."""
    order, train = generator(seed, "data_order"), data.train
    for epoch in range(epochs):
        for positions in training_batches(train.input_lengths, train.target_lengths, loader, order):
            examples = [train[int(i)] for i in positions]
            if data.augment is not None:
                draws = [stream_seed(seed, f"augment/{epoch}/{e.id}") for e in examples]
                examples = [
                    data.augment(e, torch.Generator().manual_seed(s)) for e, s in zip(examples, draws, strict=True)
                ]
            yield plain_batch(examples, data.input_spec, data.target_spec)


def assert_same_batch(found: Batch, wanted: Batch) -> None:
    """Equal ids, types and values, bit for bit."""
    assert found.ids == wanted.ids
    assert found.reset_state == wanted.reset_state
    for name in TENSORS:
        a, b = getattr(found, name), getattr(wanted, name)
        assert (a.dtype, a.shape) == (b.dtype, b.shape), name
        assert a.is_contiguous()
        np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=name)
