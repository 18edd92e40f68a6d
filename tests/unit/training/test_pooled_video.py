"""Clips pooled once: what a network computes from them is what it computes from the whole clips, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from harness_datasets.action_recognition.video_folder import VideoClips
from harness_tasks.video._clip_preparation import ClipPreparation
from harness_tasks.video._clips import ClipSplit
from plain_batches import assert_same_batch

from harness.config.settings import DecodingSettings
from harness.contract.batch import Batch, Example, ListSplit, Subset
from harness.contract.specs import VideoInput
from harness.contract.task import Loader, TaskData
from harness.nn.network import Network
from harness.registry.discovery import load_model, load_task
from harness.targets import ClassTarget
from harness.testing.cases import TRAINER
from harness.training import pooled_video
from harness.training.data_module import training_loader
from harness.training.evaluate import evaluate
from harness.training.pooled_video import PooledVideo, pooled_once

SIDE = 24  # pools unevenly to 16


def _data() -> TaskData:
    clips = np.random.default_rng(0).integers(256, size=(40, 4, SIDE, SIDE, 3), dtype=np.uint8)
    raw = VideoClips(
        clips, range(40), [f"v{i}" for i in range(40)], [i % 3 for i in range(40)], ("a", "b", "c"), [1.0] * 40
    )
    whole = ClipSplit(raw, ClipPreparation(4, 3, SIDE, SIDE, ("a", "b", "c")))
    parts = [Subset(whole, rows) for rows in (range(24), range(24, 32), range(32, 40))]
    return TaskData(parts[0], parts[1], parts[2], VideoInput(3, SIDE, SIDE), ClassTarget(3, ("a", "b", "c")))


def _network(name: str, data: TaskData) -> tuple[Any, Network]:
    task = load_task("action_recognition")().tiny()
    torch.manual_seed(0)
    network = Network(load_model(name)().tiny(), task.signature, data.input_spec, data.target_spec, TRAINER)
    return task, network


def test_outputs_and_evaluations_are_equal_to_the_last_bit() -> None:
    data = _data()
    task, network = _network("lstm", data)
    pooled = pooled_once(data, network)
    network.eval()
    both = zip(training_loader(data, Loader(7), 3), training_loader(pooled, Loader(7), 3), strict=True)
    for whole, small in both:
        assert small.inputs.shape == (*whole.inputs.shape[:3], 16, 16)
        assert_same_batch(small, replace(whole, inputs=small.inputs))
        outputs = [network(b.inputs, b.input_lengths, b.targets)[0] for b in (whole, small)]
        assert torch.equal(*outputs)
    settings = DecodingSettings()
    before, after = (evaluate(network, task, d, d.test, settings) for d in (data, pooled))
    assert (before.loss, before.metrics) == (after.loss, after.metrics)
    assert before.predictions == after.predictions
    assert before.examples == after.examples


def test_a_clip_is_composed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _data()
    asked: list[int] = []
    gather = Subset.gather

    def counted(self: Subset, positions: np.ndarray, *pads: int) -> Any:
        asked.extend(positions.tolist())
        return gather(self, positions, *pads)

    monkeypatch.setattr(Subset, "gather", counted)
    pooled = pooled_once(data, _network("lstm", data)[1])
    for _ in range(3):
        seen: list[Batch] = list(training_loader(pooled, Loader(5), 1))
        assert sum(map(len, seen)) == 24
    assert sorted(asked) == list(range(24))


def test_an_example_and_its_place_in_a_batch_are_alike() -> None:
    data = _data()
    split = PooledVideo(data.val, (16, 16))
    found = split.gather(np.array([3, 0, 3]), 0, 0)
    assert found is not None
    assert found.ids == ("v27", "v24", "v27")
    np.testing.assert_array_equal(found.inputs[0], split[3].input)
    assert split.without_input(3) == replace(split[3], input=None)
    assert not np.shares_memory(found.inputs, split.gather(np.array([3]), 0, 0).inputs)


def _augmented(data: TaskData) -> TaskData:
    return replace(data, augment=lambda example, _: example)


def _uneven(data: TaskData) -> TaskData:
    clips = [np.zeros((n, 3, SIDE, SIDE), dtype=np.float32) for n in (2, 3)]
    return replace(data, val=ListSplit([Example(f"u{i}", clip, i) for i, clip in enumerate(clips)]))


def _small(data: TaskData) -> TaskData:
    return load_task("action_recognition")().tiny().setup()


@pytest.mark.parametrize("change", [_augmented, _uneven, _small], ids=["augmented", "uneven lengths", "small already"])
def test_what_cannot_be_pooled_once_stays_as_it_is(change: Any) -> None:
    data = change(_data())
    assert pooled_once(data, _network("lstm", data)[1]) is data


def test_raw_readers_and_splits_too_large_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _data()
    assert pooled_once(data, _network("cnn_lstm", data)[1]) is data
    monkeypatch.setattr(pooled_video, "MOST_BYTES", 40 * 4 * 3 * 16 * 16 * 4 - 1)
    assert pooled_once(data, _network("lstm", data)[1]) is data
