"""The training batches of a run: streams for next-token tasks, bucketed examples for all others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harness.contract.batch import Example, ListSplit
from harness.contract.specs import FrameInput, TokenInput
from harness.contract.task import Loader, TaskData
from harness.errors import PluginError
from harness.targets import ClassTarget, NextTokenTarget
from harness.training.data_module import ExampleBatches, StreamBatches, training_loader

BOS = 1


def _documents(*sizes: int) -> TaskData:
    """Documents whose symbols are all different, so that each can be followed."""
    symbol, examples = 2, []
    for size in sizes:
        examples.append(Example(f"d{len(examples)}", None, np.arange(symbol, symbol + size, dtype=np.int64)))
        symbol += size
    split = ListSplit(examples)
    return TaskData(split, split, split, TokenInput(symbol), NextTokenTarget(symbol, bos_id=BOS))


def _frames(count: int) -> TaskData:
    examples = [Example(f"e{i}", np.full((i % 7 + 1, 2), float(i), np.float32), i % 3) for i in range(count)]
    split = ListSplit(examples)
    return TaskData(split, split, split, FrameInput(2), ClassTarget(3))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 8), st.integers(1, 16), st.integers(0, 9))
def test_lanes_read_the_text_in_order_and_nothing_twice(sizes: list[int], rows: int, bptt: int, seed: int) -> None:
    data = _documents(*sizes)
    batches = StreamBatches(data, Loader(batch_size=rows, bptt=bptt), seed)
    epoch = list(batches)
    assert len(epoch) == batches.batches_per_epoch
    inputs = torch.cat([b.inputs for b in epoch], 1)  # (streams, steps)
    targets = torch.cat([b.targets for b in epoch], 1)
    assert torch.equal(inputs[:, 1:], targets[:, :-1])  # a target is the next input, across batches too
    text = np.concatenate([[BOS, *data.train[i].target] for i in range(len(data.train))])
    follows = {(int(a), int(b)) for a, b in zip(text, np.roll(text, -1), strict=True)}
    assert {(int(a), int(b)) for a, b in zip(inputs.flatten(), targets.flatten(), strict=True)} <= follows
    seen = targets.flatten().tolist()
    assert len([s for s in seen if s != BOS]) == len({s for s in seen if s != BOS})
    assert len(text) - len(seen) <= inputs.shape[0]  # what does not fill a step of every stream
    assert [b.reset_state for b in epoch] == [True] + [False] * (len(epoch) - 1)
    assert all(b.inputs.shape[1] <= bptt and (b.input_lengths == b.inputs.shape[1]).all() for b in epoch)


def test_every_document_starts_after_the_begin_symbol_and_epochs_begin_elsewhere() -> None:
    data = _documents(50, 30)
    batches = StreamBatches(data, Loader(batch_size=1, bptt=8), seed=0)
    starts = set()
    for _ in range(3):
        epoch = list(batches)
        starts.add(int(epoch[0].inputs[0, 0]))
        pairs = [(int(a), int(b)) for x in epoch for a, b in zip(x.inputs[0], x.targets[0], strict=True)]
        assert {b for a, b in pairs if a == BOS} <= {2, 52}
    assert len(starts) > 1


def test_streams_repeat_with_the_seed_and_refuse_other_targets() -> None:
    data = _documents(200)
    one, two = (list(StreamBatches(data, Loader(batch_size=4, bptt=7), 5)) for _ in range(2))
    assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(one, two, strict=True))
    with pytest.raises(PluginError, match="'class' are streams, so its 'vocabulary' must say"):
        StreamBatches(_frames(3), Loader(), 0)


def test_examples_come_once_an_epoch_in_another_order_each_time() -> None:
    batches = ExampleBatches(_frames(50), Loader(batch_size=8), seed=0)
    epochs = [[i for b in batches for i in b.ids] for _ in range(2)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(f"e{i}" for i in range(50))
    assert epochs[0] != epochs[1]
    again = ExampleBatches(_frames(50), Loader(batch_size=8), seed=0)
    assert [[i for b in again for i in b.ids] for _ in range(2)] == epochs


def test_augmentation_repeats_with_seed_and_epoch_and_leaves_the_split_alone() -> None:
    def noisy(example: Example, generator: torch.Generator) -> Example:
        assert example.input is not None
        return replace(example, input=example.input + torch.rand(1, generator=generator).numpy())

    data = replace(_frames(20), augment=noisy)

    def epochs(seed: int) -> list[dict[str, float]]:
        batches = ExampleBatches(data, Loader(batch_size=4), seed)
        return [{i: float(x[0, 0]) for b in batches for i, x in zip(b.ids, b.inputs, strict=True)} for _ in range(2)]

    first, second = epochs(0)
    assert epochs(0) == [first, second]
    assert first != second
    assert epochs(1)[0] != first
    assert float(data.train[3].input[0, 0]) == 3.0  # type: ignore[index]


def test_the_target_decides_how_the_split_is_read() -> None:
    assert isinstance(training_loader(_documents(9), Loader(), 0), StreamBatches)
    assert isinstance(training_loader(_frames(3), Loader(), 0), ExampleBatches)
