"""Batches made by another thread: the same ones, errors included, and a position that only training moves."""

from __future__ import annotations

import threading
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from plain_batches import assert_same_batch

from harness.contract.batch import Batch, Example, ListSplit
from harness.contract.specs import TokenInput
from harness.contract.task import Loader, TaskData
from harness.targets import ClassTarget
from harness.training.data_module import EndlessBatches, training_loader
from harness.training.prefetch import prefetched

ELSEWHERE = torch.device("meta")  # an accelerator that needs no pinned memory


class Watched(ListSplit):
    """Remembers which threads asked for its examples."""

    def gather(self, *arguments: Any) -> Any:
        self.asked = {*getattr(self, "asked", set()), threading.current_thread().name.partition("_")[0]}
        return super().gather(*arguments)


def _endless(augmented: bool = False) -> tuple[EndlessBatches, Watched]:
    examples = [Example(f"e{i}", np.arange(1, i % 5 + 2), i % 3) for i in range(11)]
    split = Watched(examples)
    data = TaskData(split, split, split, TokenInput(9), ClassTarget(3), augment=(lambda e, _: e) if augmented else None)
    return EndlessBatches(training_loader(data, Loader(3), 7)), split


def test_an_accelerator_gets_the_same_batches_from_a_thread_and_a_position_to_go_on_from() -> None:
    wanted: list[Batch] = list(islice(_endless()[0], 14))
    batches, split = _endless()
    iterator = prefetched(batches, ELSEWHERE)
    for batch in wanted[:9]:
        assert_same_batch(next(iterator), batch)
        batches.advance()
    state = batches.state_dict()  # while the tenth is made or waits
    iterator.close()
    assert split.asked == {"next-batch"}
    again, _ = _endless()
    again.load_state_dict(state)
    for batch, found in zip(wanted[9:], prefetched(again, ELSEWHERE), strict=False):
        assert_same_batch(found, batch)


@pytest.mark.parametrize(("device", "augmented"), [("cpu", False), ("meta", True)], ids=["cpu", "augmented"])
def test_without_an_accelerator_or_with_a_plug_ins_augmentation_there_is_no_thread(
    device: str, augmented: bool
) -> None:
    batches, _ = _endless(augmented)
    before = threading.active_count()
    wanted = list(islice(_endless(augmented)[0], 6))
    for found, batch in zip(prefetched(batches, torch.device(device)), wanted, strict=False):
        assert_same_batch(found, batch)
        assert threading.active_count() == before


def test_what_goes_wrong_in_the_thread_is_raised_where_the_batch_is_asked_for() -> None:
    batches, _ = _endless()
    batches._batches._collator._gather = lambda *_: 1 / 0
    with pytest.raises(ZeroDivisionError):
        next(prefetched(batches, ELSEWHERE))
