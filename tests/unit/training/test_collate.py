"""Collation: padding, lengths and types as the specifications say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.batch import Example
from harness.contract.specs import FrameInput, GraphSeriesInput, TokenInput, VideoInput
from harness.targets import ClassTarget, CTCTarget, ForecastTarget, TaggingTarget, TokenSequenceTarget
from harness.training.collate import collate


def _tokens(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def test_tokens_are_padded_with_their_own_pad_ids() -> None:
    examples = [Example("a", _tokens(5, 6, 7), _tokens(8, 2)), Example("b", _tokens(9), _tokens(8, 9, 2))]
    batch = collate(examples, TokenInput(20, pad_id=3), TokenSequenceTarget(20, pad_id=4))
    assert batch.ids == ("a", "b")
    assert batch.inputs.tolist() == [[5, 6, 7], [9, 3, 3]]
    assert batch.targets.tolist() == [[8, 2, 4], [8, 9, 2]]
    assert (batch.input_lengths.tolist(), batch.target_lengths.tolist()) == ([3, 1], [2, 3])
    assert batch.inputs.dtype == batch.targets.dtype == batch.input_lengths.dtype == torch.int64


@pytest.mark.parametrize(
    ("spec", "shape"),
    [(FrameInput(4), (4,)), (VideoInput(3, 8, 6), (3, 8, 6)), (GraphSeriesInput(5, 2), (5, 2))],
    ids=["frames", "video", "graph series"],
)
def test_real_inputs_keep_their_shape_and_are_padded_with_zeros(spec: object, shape: tuple[int, ...]) -> None:
    examples = [Example(str(n), np.full((n, *shape), 1.5), n) for n in (1, 3, 2)]
    batch = collate(examples, spec, ClassTarget(4))  # type: ignore[arg-type]
    assert batch.inputs.shape == (3, 3, *shape)
    assert batch.inputs.dtype == torch.float32
    for row, length in enumerate((1, 3, 2)):
        assert (batch.inputs[row, :length] == 1.5).all()
        assert (batch.inputs[row, length:] == 0).all()
    assert batch.targets.tolist() == [1, 3, 2]
    assert batch.target_lengths.tolist() == [1, 1, 1]


def test_forecasts_are_stacked() -> None:
    examples = [Example(str(i), np.zeros((3, 2)), np.full((5, 2), i)) for i in range(2)]
    batch = collate(examples, FrameInput(2), ForecastTarget(5, 2))
    assert batch.targets.shape == (2, 5, 2)
    assert batch.targets.dtype == torch.float32
    assert batch.target_lengths.tolist() == [5, 5]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_what_was_put_in_can_be_read_back(sizes: list[int]) -> None:
    examples = [Example(str(i), np.full((n, 2), i + 1.0, np.float32), np.arange(1, n + 1)) for i, n in enumerate(sizes)]
    for target in (CTCTarget(9), TaggingTarget(10)):
        batch = collate(examples, FrameInput(2), target)
        for row, example in enumerate(examples):
            np.testing.assert_array_equal(batch.inputs[row, : sizes[row]].numpy(), example.input)
            np.testing.assert_array_equal(batch.targets[row, : sizes[row]].numpy(), example.target)


def test_an_example_of_another_shape_is_named() -> None:
    examples = [Example("good", np.zeros((2, 3)), 0), Example("odd one", np.zeros((2, 4)), 0)]
    with pytest.raises(ValueError, match="'odd one' has shape"):
        collate(examples, FrameInput(3), ClassTarget(2))


def test_an_example_without_input_is_named() -> None:
    with pytest.raises(ValueError, match="'empty' has no input"):
        collate([Example("empty", None, 0)], FrameInput(3), ClassTarget(2))
