"""The task as a user meets it: simulated clips, their configuration, the tiny version, the baselines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from flat_task import flat_task
from harness_datasets.action_recognition._minigrid_scenes import NUM_TILES, agent_tile, door_tile, thing_tile
from harness_datasets.action_recognition._minigrid_tiles import draw_tiles
from harness_datasets.action_recognition.moving_squares import MovingSquares
from harness_tasks import action_recognition
from harness_tasks.action_recognition import ActionRecognition
from harness_tasks.video import _clip_baselines
from harness_tasks.video._clip_preparation import GAIN, centre, changes
from harness_tasks.video._clips import variation

from harness.contract.batch import Example
from harness.contract.metric import aggregate
from harness.contract.specs import VideoInput
from harness.contract.task import TaskData
from harness.errors import UnknownNameError
from harness.targets import ClassTarget


def small(**options: object) -> ActionRecognition:
    usual = {"train_clips": 24, "val_clips": 8, "test_clips": 16, "frames": 8, "size": 16}
    return flat_task(ActionRecognition, **usual | options)


@pytest.fixture(scope="module")
def tiles() -> np.ndarray:
    return draw_tiles(8)


def test_the_default_is_simulated_and_says_so() -> None:
    task = ActionRecognition()
    assert task.dataset_name == "minigrid_actions"
    assert task.synthetic
    assert task.signature.input_type is VideoInput
    assert task.signature.target_type is ClassTarget
    assert [m.name for m in task.metrics] == ["accuracy", "top_5_accuracy", "macro_f1"]
    assert "imulated" in task.sources()[0].description
    assert action_recognition.harness_tasks() == [ActionRecognition]


def test_simulated_clips_are_centred_and_balanced() -> None:
    task = small()
    task.prepare_data()
    data = task.setup()
    assert data.input_spec == VideoInput(channels=3, height=16, width=16)
    assert isinstance(data.target_spec, ClassTarget)
    assert data.target_spec.num_classes == 8
    assert [len(data.train), len(data.val), len(data.test)] == [24, 8, 16]
    assert data.augment is None
    assert "simulated" in str(data.notes["data"])
    example = data.test[3]
    assert example.input is not None
    assert (example.input.shape, example.input.dtype) == ((8, 3, 16, 16), np.float32)
    np.testing.assert_allclose(example.input.mean(axis=0), 0, atol=1e-5)
    assert example.references == (data.target_spec.class_names[example.target],)
    assert sorted(data.test[i].target for i in range(16)) == sorted([*range(8)] * 2)
    ids = [split[i].id for split in (data.train, data.val, data.test) for i in range(len(split))]
    assert len(set(ids)) == 48


def test_clips_are_the_same_each_time_and_more_training_changes_no_test_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = small().setup()
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "elsewhere"))
    again, larger, other = small().setup(), small(train_clips=40).setup(), small(data_seed=1).setup()
    for i in range(16):
        np.testing.assert_array_equal(first.test[i].input, again.test[i].input)
        np.testing.assert_array_equal(first.test[i].input, larger.test[i].input)
    assert not np.array_equal(first.test[0].input, other.test[0].input)


def test_noise_has_the_configured_strength_and_is_fixed() -> None:
    clean, noisy = (small(noise=level, size=64) for level in (0.0, 0.1))
    for task in (clean, noisy):
        task.prepare_data()
    pictures = [task.dataset.read().train[2].input for task in (clean, noisy)]  # type: ignore[attr-defined]
    difference = pictures[1] - pictures[0]
    assert difference.std() == pytest.approx(0.1, rel=0.05)
    assert difference.mean() == pytest.approx(0.0, abs=0.002)
    np.testing.assert_array_equal(noisy.dataset.read().train[2].input, pictures[1])  # type: ignore[attr-defined]
    pixels = pictures[0] * 255
    np.testing.assert_allclose(pixels, pixels.round(), atol=1e-3)


def test_a_clip_larger_than_the_pool_of_noise_still_gets_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness_datasets.action_recognition import minigrid_actions

    monkeypatch.setattr(minigrid_actions, "_POOL", 1000)
    raw = small(noise=0.1).dataset.read()  # type: ignore[attr-defined]
    assert raw.train[0].input.std() > 0.05


def test_options_change_the_data_fingerprint_only_where_they_change_clips() -> None:
    task = small()
    assert task.data_fingerprint() == small().data_fingerprint()
    for options in ({"clutter": 0}, {"frames": 9}, {"data_seed": 1}, {"classes": ["open", "close"]}, {"size": 24}):
        assert task.data_fingerprint() != small(**options).data_fingerprint(), options


def test_classes_can_be_chosen_and_ordered() -> None:
    data = small(classes=["close", "open"]).setup()
    assert data.target_spec == ClassTarget(2, ("close", "open"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": ["open", "jump"]}, "no action named 'jump'.*pick_up"),
        ({"classes": ["open"]}, "two or more"),
        ({"classes": ["open", "open"]}, "different names"),
        ({"frames": 7}, "at least 8"),
        ({"size": 60}, "multiple of 8"),
        ({"noise": -0.1}, "task.noise is -0.1"),
        ({"clutter": 40}, "between 0 and 16"),
        ({"crop": 0.0}, "above 0"),
        ({"test_clips": 0}, "task.test_clips is 0"),
    ],
)
def test_wrong_options_are_named(options: dict, words: str) -> None:
    with pytest.raises((ValueError, UnknownNameError), match=words):
        small(**options)


def test_every_tile_looks_different(tiles: np.ndarray) -> None:
    assert tiles.shape == (NUM_TILES, 8, 8, 3)
    assert len({tile.tobytes() for tile in tiles}) == NUM_TILES


def test_the_carried_thing_is_drawn_on_the_agent(tiles: np.ndarray) -> None:
    for direction in range(4):
        empty_handed = tiles[agent_tile(direction, None)].astype(int)
        for colour, channel in ((0, 1), (1, 2)):  # green and blue
            carrying = tiles[agent_tile(direction, thing_tile(0, colour))].astype(int)
            assert carrying[..., channel].sum() > empty_handed[..., channel].sum() + 500
            assert carrying[..., 0].sum() > 500, "the red agent can still be seen"


def test_an_open_door_differs_clearly_from_a_closed_one(tiles: np.ndarray) -> None:
    for colour in range(5):
        change = tiles[door_tile(colour, True)].astype(int) - tiles[door_tile(colour, False)].astype(int)
        assert np.abs(change).mean() > 15


def test_centring_removes_what_stands_still() -> None:
    still = np.random.default_rng(0).random((1, 3, 4, 4), dtype=np.float32)
    moving = np.zeros((6, 3, 4, 4), dtype=np.float32)
    moving[3:, 0, 1, 1] = 1.0
    np.testing.assert_allclose(centre(still + moving), centre(moving.copy()), atol=1e-5)
    assert centre(moving.copy())[5, 0, 1, 1] == pytest.approx(0.5 * GAIN)


def test_changes_keep_what_moves_and_where_whatever_it_looks_like() -> None:
    clip = np.full((4, 3, 4, 4), 0.5, dtype=np.float32)
    clip[2:, 0, 1, 1] = 0.25
    clip[3:, 1, 2, 2] = 0.75
    seen = changes(clip.copy())
    expected = np.zeros_like(clip)
    expected[2, 0, 1, 1] = expected[3, 1, 2, 2] = 0.25 * 2 * GAIN
    np.testing.assert_allclose(seen, expected)


# -- variation of training clips -----------------------------------------------------------------------


def test_variation_is_the_same_for_all_frames_and_follows_its_generator() -> None:
    frame = np.random.default_rng(0).normal(size=(1, 3, 16, 16)).astype(np.float32)
    example = Example("a", np.repeat(frame, 5, axis=0), 0)
    vary = variation(flip=0.5, crop=0.5)
    assert vary is not None
    state = torch.random.get_rng_state()
    results = [vary(example, torch.Generator().manual_seed(seed)).input for seed in (1, 1, 2)]
    assert torch.equal(state, torch.random.get_rng_state()), "the global stream is left alone"
    assert results[0] is not None
    assert results[0].shape == (5, 3, 16, 16)
    np.testing.assert_array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
    np.testing.assert_array_equal(results[0][0], results[0][4])


def test_variation_can_be_off_or_only_flip() -> None:
    assert variation(flip=0.0, crop=1.0) is None
    example = Example("a", np.random.default_rng(0).normal(size=(2, 3, 4, 4)).astype(np.float32), 0)
    vary = variation(flip=1.0, crop=1.0)
    assert vary is not None
    assert example.input is not None
    flipped = vary(example, torch.Generator().manual_seed(0)).input
    np.testing.assert_array_equal(flipped, example.input[..., ::-1])


# -- the tiny version and the baselines ------------------------------------------------------------------


def test_tiny_needs_neither_minigrid_nor_a_cache(tmp_path: Path) -> None:
    task = ActionRecognition().tiny()
    assert isinstance(task.dataset, MovingSquares)
    assert task.synthetic
    task.prepare_data()
    data = task.setup()
    assert not (tmp_path / "data").exists()
    assert data.train[0].input is not None
    assert data.train[0].input.shape == (8, 3, 16, 16)
    assert {data.train[i].target for i in range(len(data.train))} == {0, 1, 2, 3}
    first = data.train[0].input
    np.testing.assert_array_equal(first, task.setup().train[0].input)


def test_baselines_answer_for_the_test_split_and_repeat() -> None:
    task = ActionRecognition().tiny()
    data = task.setup()
    state = torch.random.get_rng_state()
    for baseline in task.baselines():
        answers, again = baseline.predict(data, 0), baseline.predict(data, 0)
        assert answers == again
        assert [p.id for p in answers] == [data.test[i].id for i in range(len(data.test))]
        for answer, i in zip(answers, range(len(data.test)), strict=True):
            assert np.exp(answer.scores).sum() == pytest.approx(1.0, abs=1e-5)
            assert answer.output == int(np.argmax(answer.scores))
            assert answer.nats == pytest.approx(-answer.scores[data.test[i].target])
        rows = task.evaluate(answers, [data.test[i] for i in range(len(data.test))])
        assert 0 <= aggregate(task.metrics, rows)["accuracy"] <= 100
    assert torch.equal(state, torch.random.get_rng_state())
    assert [b.name for b in task.baselines()] == ["last_frame", "mean_of_frames"]


def test_the_last_frame_baseline_learns_what_one_frame_can_tell() -> None:
    """On "right" against "left" the last frame tells all, so the baseline must come close to everything."""
    task = ActionRecognition().tiny()
    task = replace(task, dataset=replace(task.dataset, classes=["right", "left"], test_clips=40))  # type: ignore[call-arg]
    data = task.setup()
    answers = task.baselines()[0].predict(data, 0)
    right = sum(p.output == data.test[i].target for i, p in enumerate(answers))
    assert right >= 38


def test_the_last_frame_baseline_sees_no_other_frame() -> None:
    task = ActionRecognition().tiny()
    task = replace(task, dataset=replace(task.dataset, train_clips=16, val_clips=8, test_clips=8))  # type: ignore[call-arg]
    data = task.setup()

    def scrambled(example_id: str) -> np.ndarray:
        clip = task._frames_by_id()(example_id).copy()
        clip[:-1] = np.random.default_rng(0).normal(size=clip[:-1].shape)
        return clip

    fit = _clip_baselines.Fit(epochs=2)
    plain = _clip_baselines.predict_last_frame(data, 0, task._frames_by_id(), fit)
    assert plain == _clip_baselines.predict_last_frame(data, 0, scrambled, fit)


def test_the_mean_of_frames_baseline_does_not_know_their_order() -> None:
    torch.manual_seed(0)
    network = _clip_baselines.FrameAverage(VideoInput(3, 16, 16), 4, _clip_baselines.Fit(epochs=1, pool=2))
    clips = torch.randn(3, 6, 3, 16, 16)
    torch.testing.assert_close(network(clips), network(clips[:, torch.randperm(6)]))


def test_baselines_work_on_limited_data() -> None:
    from harness.contract.batch import Subset

    task = ActionRecognition().tiny()
    whole = task.setup()
    data = TaskData(Subset(whole.train, range(8)), Subset(whole.val, [1, 2]), Subset(whole.test, [3]),
                    whole.input_spec, whole.target_spec)  # fmt: skip
    assert [p.id for p in task.baselines()[0].predict(data, 0)] == [whole.test[3].id]
