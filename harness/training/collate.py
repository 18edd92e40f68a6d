"""From numpy examples to a padded batch of tensors, as the specifications say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from harness.batch import Batch, Example
from harness.specs import ClassTarget, ForecastTarget, InputSpec, TargetSpec, TokenInput


def collate(examples: Sequence[Example], inputs: InputSpec, target: TargetSpec) -> Batch:
    """Pad examples to one batch.

    Raises:
        ValueError: an example's array does not have the declared shape; names the example.
    """
    arrays = [_array(e) for e in examples]
    pad = inputs.pad_id if isinstance(inputs, TokenInput) else 0
    padded, lengths = _pad(arrays, pad, np.int64 if isinstance(inputs, TokenInput) else np.float32, examples)
    if isinstance(target, ClassTarget):
        targets = torch.tensor([int(e.target) for e in examples], dtype=torch.int64)
        target_lengths = torch.ones(len(examples), dtype=torch.int64)
    elif isinstance(target, ForecastTarget):
        targets = torch.from_numpy(np.stack([np.asarray(e.target, np.float32) for e in examples]))
        target_lengths = torch.full((len(examples),), target.horizon, dtype=torch.int64)
    else:
        pad = getattr(target, "pad_id", 0)
        targets, target_lengths = _pad([np.asarray(e.target) for e in examples], pad, np.int64, examples)
    return Batch(tuple(e.id for e in examples), padded, lengths, targets, target_lengths)


def _array(example: Example) -> np.ndarray:
    if example.input is None:
        raise ValueError(f"example '{example.id}' has no input; only next-token examples may leave it out")
    return np.asarray(example.input)


def _pad(arrays: Sequence[np.ndarray], value: int, dtype: type, examples: Sequence[Example]) -> tuple[Tensor, Tensor]:
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
