"""The position in a run's batches, saved and found again."""

from __future__ import annotations

import io
from itertools import islice

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contract.batch import Batch, Example, ListSplit
from harness.contract.specs import FrameInput, TokenInput
from harness.contract.task import Loader, TaskData
from harness.errors import DataError
from harness.targets import ClassTarget, NextTokenTarget
from harness.training.data_module import EndlessBatches, training_loader


def _data(streams: bool, count: int) -> TaskData:
    if streams:
        split = ListSplit([Example("d", None, np.arange(2, 2 + 9 * count, dtype=np.int64))])
        return TaskData(split, split, split, TokenInput(500), NextTokenTarget(500, bos_id=1))
    split = ListSplit([Example(f"e{i}", np.full((i % 5 + 1, 2), float(i), np.float32), i % 3) for i in range(count)])
    return TaskData(split, split, split, FrameInput(2), ClassTarget(3))


def _endless(streams: bool, count: int) -> EndlessBatches:
    return EndlessBatches(training_loader(_data(streams, count), Loader(batch_size=3, bptt=4), seed=7))


def _same(a: Batch, b: Batch) -> bool:
    return (
        a.ids == b.ids
        and a.reset_state == b.reset_state
        and torch.equal(a.inputs, b.inputs)
        and torch.equal(a.targets, b.targets)
    )


@settings(max_examples=60)
@given(st.booleans(), st.integers(1, 12), st.integers(0, 25), st.integers(0, 3))
def test_a_saved_position_goes_on_with_the_batch_that_would_have_come(
    streams: bool, count: int, trained: int, ahead: int
) -> None:
    whole = list(islice(iter(_endless(streams, count)), 40))
    first = _endless(streams, count)
    fetched = iter(first)
    for _ in range(ahead):
        next(fetched)
    for _ in range(trained):
        next(fetched)
        first.advance()
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second = _endless(streams, count)
    second.load_state_dict(torch.load(file, weights_only=True))
    rest = iter(second)
    assert all(_same(next(rest), batch) for batch in whole[trained:])
    for _ in range(40 - trained):
        second.advance()
    assert second.epochs == pytest.approx(_counted(streams, count, 40))


def _counted(streams: bool, count: int, steps: int) -> float:
    batches = _endless(streams, count)
    fetched = iter(batches)
    for _ in range(steps):
        next(fetched)
        batches.advance()
    return batches.epochs


def test_epochs_are_whole_at_their_ends() -> None:
    batches = _endless(False, 6)
    fetched, seen = iter(batches), []
    for _ in range(4):
        next(fetched)
        batches.advance()
        seen.append(batches.epochs)
    assert seen == [0.5, 1.0, 1.5, 2.0]


def test_nothing_to_train_on_is_an_error_and_not_an_endless_wait() -> None:
    split = ListSplit([])
    data = TaskData(split, split, split, FrameInput(2), ClassTarget(3))
    batches = EndlessBatches(training_loader(data, Loader(batch_size=3), seed=0))
    with pytest.raises(DataError, match="training split is empty"):
        next(iter(batches))
