"""Every built-in task's batches, held against examples loaded and collated one by one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import islice

import numpy as np
import pytest
from harness_datasets.action_recognition.minigrid_actions import SceneClips
from harness_datasets.action_recognition.video_folder import VideoClips
from harness_tasks.video._clip_preparation import ClipPreparation
from harness_tasks.video._clips import ClipSplit
from plain_batches import assert_same_batch, plain_batch, plain_epochs

from harness.contract.batch import Split, Subset, without_input
from harness.contract.specs import VideoInput
from harness.contract.task import Loader, TaskData
from harness.registry.discovery import load_task, registry
from harness.targets import ClassTarget, NextTokenTarget
from harness.training.collate import Collator
from harness.training.data_module import EndlessBatches, training_loader

TASKS = registry().names("task")


@cache
def _data(name: str) -> TaskData:
    task = load_task(name)().tiny()
    task.prepare_data()
    return task.setup()


BATCHED = [name for name in TASKS if load_task(name).target_type is not NextTokenTarget]


@pytest.mark.parametrize("loader", [Loader(5), Loader(64, 90), Loader(3, bucket=False)], ids=["rows", "tokens", "any"])
@pytest.mark.parametrize("name", BATCHED)
def test_training_batches_equal_the_plain_ones(name: str, loader: Loader) -> None:
    data = _data(name)
    wanted = list(islice(plain_epochs(data, loader, seed=3, epochs=2), 60))
    found = iter(EndlessBatches(training_loader(data, loader, 3)))
    for batch in wanted:
        assert_same_batch(next(found), batch)


@pytest.mark.parametrize("name", BATCHED)
def test_a_run_that_goes_on_gets_the_plain_batches_that_are_left(name: str) -> None:
    data, loader = _data(name), Loader(5)
    wanted = list(islice(plain_epochs(data, loader, seed=1, epochs=3), 40))
    first = EndlessBatches(training_loader(data, loader, 1))
    fetched = iter(first)
    done = len(data.train) // 5 + 3  # in the second epoch
    for _ in range(done):
        next(fetched)
        first.advance()
    second = EndlessBatches(training_loader(data, loader, 1))
    second.load_state_dict(first.state_dict())
    for batch, found in zip(wanted[done:], second, strict=False):
        assert_same_batch(found, batch)


@pytest.mark.parametrize("split", ["train", "val", "test"])
@pytest.mark.parametrize("name", BATCHED)
def test_limited_splits_gather_too(name: str, split: str) -> None:
    data = _data(name)
    whole: Split = getattr(data, split)
    few = Subset(whole, [6, 0, 3, 3])
    positions = np.array([3, 0, 1, 2, 0])
    wanted = plain_batch([few[int(i)] for i in positions], data.input_spec, data.target_spec)
    assert_same_batch(Collator(few, data.input_spec, data.target_spec)(positions), wanted)


@pytest.mark.parametrize("name", TASKS)
def test_an_example_without_input_is_the_example_all_the_same(name: str) -> None:
    split = _data(name).test
    for index in range(min(len(split), 5)):
        known, whole = without_input(split, index), split[index]
        if known is not None:
            np.testing.assert_array_equal(known.target, whole.target)
            assert replace(known, target=0) == replace(whole, input=None, target=0)


def test_augmented_training_batches_equal_the_plain_ones() -> None:
    task = load_task("speech_recognition")().tiny()
    data = replace(_data("speech_recognition"), augment=task.masks)
    found = iter(EndlessBatches(training_loader(data, Loader(7), 2)))
    for batch in plain_epochs(data, Loader(7), seed=2, epochs=2):
        assert_same_batch(next(found), batch)


POOLS = {"no noise": 0, "pool": 100_000, "pool smaller than a clip": 1_000}


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_composed_clips_equal_those_drawn_frame_by_frame(pool: int) -> None:
    draw = np.random.default_rng(5)
    scenes = draw.integers(9, size=(12, 7, 8, 8)).astype(np.uint8)
    scenes[:6, 1:] = scenes[:6, :1]  # six clips in which nothing moves ...
    scenes[3:6, 4:, 2, 5] = 8  # ... but for one cell in three of them
    tiles = draw.integers(256, size=(9, 2, 2, 3), dtype=np.uint8)
    labels, noise = np.arange(12) % 3, draw.standard_normal(pool, dtype=np.float32)
    raw = SceneClips("val", scenes, labels, ("a", "b", "c"), tiles, noise, 4)
    _same_clips(ClipSplit(raw, ClipPreparation(5, 3, 16, 16, ("a", "b", "c"))), 16)


@pytest.mark.parametrize("motion", [False, True])
def test_decoded_clips_equal_those_read_one_by_one(motion: bool) -> None:
    clips = np.random.default_rng(6).integers(256, size=(9, 5, 16, 16, 3), dtype=np.uint8)
    rows = [8, 1, 2, 3, 4, 5, 7]
    names = [f"v{i}" for i in rows]
    raw = VideoClips(clips, rows, names, [i % 3 for i in rows], ("a", "b", "c"), [1.0] * len(names))
    _same_clips(ClipSplit(raw, ClipPreparation(5, 3, 16, 16, ("a", "b", "c"), motion)), 16)


def _same_clips(split: Split, size: int) -> None:
    positions = np.array([5, 0, 6, 3, 3, 4])
    specs = VideoInput(3, size, size), ClassTarget(3)
    found = Collator(split, *specs)(positions)
    assert_same_batch(found, plain_batch([split[int(i)] for i in positions], *specs))
    assert without_input(split, 6) == replace(split[6], input=None)
