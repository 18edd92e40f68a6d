"""Which examples form a batch: bucketed by length, bounded by a token budget, fixed by task and seed alone.

Nothing here knows the model, so every model of a comparison sees the same batches in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from harness.config.settings import DecodingSettings
from harness.contract.batch import Batch
from harness.contract.target import Target
from harness.contract.task import Loader

POOL = 100  # batches sorted together: large enough for 2.4 % padding, small enough to keep the order random
SEARCHED_ROWS = 128  # examples that one search decodes, if the task's batches hold fewer: its steps cost little more
SEARCHED_VALUES = 1 << 20  # log-probabilities of a step above which more examples save nothing


def training_batches(
    input_lengths: np.ndarray, target_lengths: np.ndarray, loader: Loader, generator: torch.Generator
) -> list[np.ndarray]:
    """One epoch's batches, each an array of positions; every position is in exactly one.

    Args:
        input_lengths, target_lengths: int64 (N,).
        loader: sizes, and whether to group examples of like length.
        generator: the data-order stream; advanced by this call.
    """
    order = torch.randperm(len(input_lengths), generator=generator).numpy()
    if not loader.bucket:
        return list(_cut(order, input_lengths, target_lengths, loader))
    batches: list[np.ndarray] = []
    for pool in _pools(order, input_lengths, target_lengths, loader):
        by_length = pool[np.lexsort((target_lengths[pool], input_lengths[pool]))]
        batches.extend(_cut(by_length, input_lengths, target_lengths, loader))
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


def evaluation_batches(input_lengths: np.ndarray, target_lengths: np.ndarray, loader: Loader) -> list[np.ndarray]:
    """All positions once, sorted by length, in batches of the loader's size."""
    order = np.lexsort((np.arange(len(input_lengths)), target_lengths, input_lengths))
    return list(_cut(order, input_lengths, target_lengths, loader))


def searched_together(loader: Loader, spec: Target, decoding: DecodingSettings, decode: bool) -> Loader:
    """The loader of an evaluation: with larger batches than the task's if a search has a fixed cost per step.

    Args:
        loader: the task's.
        spec: its target.
        decoding: of the evaluation.
        decode: whether it searches if outputs require a search.
    """
    width = spec.search_width(decoding)
    if width is None or (spec.searched and not decode):
        return loader
    rows = min(SEARCHED_ROWS, SEARCHED_VALUES // width)
    if loader.batch_tokens is None:
        return replace(loader, batch_size=max(loader.batch_size, rows))
    more = max(1, rows // 32)  # a token budget holds some 32 examples or more
    return replace(loader, batch_size=max(loader.batch_size, rows), batch_tokens=more * loader.batch_tokens)


def batches_of(group: Batch, loader: Loader) -> list[Batch]:
    """A batch whose rows are sorted by length, split into batches of the loader's size without excess padding."""
    inputs, targets = (lengths.numpy() for lengths in group.lengths_on_host)
    order = np.arange(len(group))
    return [_part(group, rows, inputs[rows], targets[rows]) for rows in _cut(order, inputs, targets, loader)]


def _part(group: Batch, rows: np.ndarray, inputs: np.ndarray, targets: np.ndarray) -> Batch:
    """Consecutive rows of a batch, without padding that only other rows need."""
    if len(rows) == len(group):
        return group
    few = slice(int(rows[0]), int(rows[-1]) + 1)
    wanted = group.targets[few]
    if wanted.ndim == 2:  # a sequence for each row
        wanted = wanted[:, : int(targets.max())]
    on_host = group.lengths_on_host
    return Batch(
        group.ids[few],
        group.inputs[few, : int(inputs.max())],
        group.input_lengths[few],
        wanted,
        group.target_lengths[few],
        _host_lengths=(on_host[0][few], on_host[1][few]),
    )


def _pools(order: np.ndarray, inputs: np.ndarray, targets: np.ndarray, loader: Loader) -> Iterator[np.ndarray]:
    """Consecutive stretches of the shuffled order, each of about POOL batches."""
    if loader.batch_tokens is None:
        size = POOL * loader.batch_size
    else:
        mean = max(1.0, float((inputs + targets).mean()))
        size = POOL * max(1, min(loader.batch_size, int(loader.batch_tokens / mean)))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _cut(order: np.ndarray, inputs: np.ndarray, targets: np.ndarray, loader: Loader) -> Iterator[np.ndarray]:
    """Cut an order into batches within `batch_size` rows and `batch_tokens` padded positions (one row at least)."""
    if loader.batch_tokens is None:
        size = max(1, loader.batch_size)
        yield from (order[start : start + size] for start in range(0, len(order), size))
        return
    start = longest_input = longest_target = 0
    lengths = zip(inputs[order].tolist(), targets[order].tolist(), strict=True)  # plain numbers: an epoch has many
    for end, (input_length, target_length) in enumerate(lengths):
        longest_input = max(longest_input, input_length)
        longest_target = max(longest_target, target_length)
        rows = end - start + 1
        if rows > 1 and (rows > loader.batch_size or rows * (longest_input + longest_target) > loader.batch_tokens):
            yield order[start:end]
            start = end
            longest_input, longest_target = input_length, target_length
    if start < len(order):
        yield order[start:]
