"""Which examples form a batch: bucketed by length, bounded by a token budget, fixed by task and seed alone.

Nothing here knows the model, so every model of a comparison sees the same batches in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from harness.task import Loader

POOL = 100  # batches sorted together: large enough for 2.4 % padding, small enough to keep the order random


def training_batches(
    input_lengths: np.ndarray, target_lengths: np.ndarray, loader: Loader, generator: torch.Generator
) -> list[np.ndarray]:
    """One epoch's batches, each an array of positions; every position stands in exactly one.

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


def _pools(order: np.ndarray, inputs: np.ndarray, targets: np.ndarray, loader: Loader) -> Iterator[np.ndarray]:
    """Consecutive stretches of the shuffled order, each worth about POOL batches."""
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
