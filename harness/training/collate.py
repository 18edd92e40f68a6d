"""From numpy examples to a padded batch of tensors, as the specifications say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from harness.contract.batch import Batch, Example, Split, gatherer
from harness.contract.gathering import Gathered
from harness.contract.specs import InputSpec, TokenInput
from harness.contract.target import Layout, Target


class Collator:
    """Batches of a split by position: gathered at once where the split can, else example by example."""

    def __init__(self, split: Split, inputs: InputSpec, target: Target) -> None:
        self._split, self._inputs, self._target = split, inputs, target
        self._gather = gatherer(split)
        layout = target.layout
        self._pads, self._axes = (_input_pad(inputs), layout.pad), 1 + len(layout.shape)

    def __call__(self, positions: np.ndarray) -> Batch:
        """The batch of the examples at `positions` int64 (B,).

        Raises:
            ValueError: as for `collate`.
        """
        found = None if self._gather is None else self._gather(positions, *self._pads)
        if found is None or found.targets.ndim != self._axes:
            return collate([self._split[int(i)] for i in positions], self._inputs, self._target)
        return _batch(found, self._inputs, self._target)


def collate(examples: Sequence[Example], inputs: InputSpec, target: Target) -> Batch:
    """Pad examples to one batch.

    Raises:
        ValueError: an example's array does not have the declared shape; names the example.
    """
    arrays = [_array(e) for e in examples]
    padded, lengths = _pad(arrays, _input_pad(inputs), _input_type(inputs), examples)
    layout = target.layout
    answers = [np.asarray(e.target, layout.dtype) for e in examples]
    if layout.shape[:1] == (None,):
        targets, target_lengths = _pad(answers, layout.pad, answers[0].dtype, examples)
    else:
        targets, target_lengths = torch.from_numpy(np.stack(answers)), _fixed_lengths(layout, len(examples))
    return Batch(tuple(e.id for e in examples), padded, lengths, targets, target_lengths)


def _batch(found: Gathered, inputs: InputSpec, target: Target) -> Batch:
    """What a split gathered, as tensors of the types that the specifications say."""
    values = _tensor(found.inputs, _input_type(inputs))
    lengths = _tensor(found.input_lengths, np.dtype(np.int64))
    layout = target.layout
    targets = _tensor(found.targets, np.dtype(layout.dtype))
    if layout.shape[:1] == (None,):
        target_lengths = _tensor(found.target_lengths, np.dtype(np.int64))
    else:
        target_lengths = _fixed_lengths(layout, len(found.ids))
    return Batch(found.ids, values, lengths, targets, target_lengths)


def _tensor(array: np.ndarray, dtype: np.dtype) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype))


def _input_pad(inputs: InputSpec) -> int:
    return inputs.pad_id if isinstance(inputs, TokenInput) else 0


def _input_type(inputs: InputSpec) -> np.dtype:
    return np.dtype(np.int64 if isinstance(inputs, TokenInput) else np.float32)


def _fixed_lengths(layout: Layout, rows: int) -> Tensor:
    """Lengths (B,) of targets that are all of one shape: that of their first axis, or 1 for single numbers."""
    return torch.full((rows,), (layout.shape or (1,))[0] or 1, dtype=torch.int64)


def _array(example: Example) -> np.ndarray:
    if example.input is None:
        raise ValueError(f"example '{example.id}' has no input; only next-token examples may leave it out")
    return np.asarray(example.input)


def _pad(
    arrays: Sequence[np.ndarray], value: int, dtype: np.dtype, examples: Sequence[Example]
) -> tuple[Tensor, Tensor]:
    """Stack arrays (T_i, ...) to (B, max T, ...) filled with `value`, and their lengths (B,)."""
    rest = arrays[0].shape[1:]
    for array, example in zip(arrays, examples, strict=True):
        if array.shape[1:] != rest:
            raise ValueError(f"example '{example.id}' has shape {array.shape}, but others have (T, {rest})")
    lengths = np.array([len(a) for a in arrays], dtype=np.int64)
    out = np.full((len(arrays), int(lengths.max()), *rest), value, dtype=dtype)
    for row, array in enumerate(arrays):
        out[row, : len(array)] = array
    return torch.from_numpy(out), torch.from_numpy(lengths)
