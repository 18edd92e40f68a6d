"""The action clips in full size: the simulated set as the default builds it, and a user's folder of films."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from harness_datasets.action_recognition.minigrid_actions import MiniGridActions
from harness_datasets.action_recognition.video_folder import VideoFolder
from harness_tasks.action_recognition import ActionRecognition

from harness.contract.specs import VideoInput


@pytest.fixture(scope="module")
def clean() -> dict:
    """The default clips without their noise, which would make any two differ."""
    task = ActionRecognition(dataset=MiniGridActions(noise=0.0))
    task.prepare_data()
    data = task.setup()
    assert data.input_spec == VideoInput(3, 64, 64)
    return {"train": data.train, "val": data.val, "test": data.test, "raw": task.dataset.read()}


def test_the_default_has_its_size_and_equal_classes(clean: dict) -> None:
    for split, count in (("train", 2_400), ("val", 400), ("test", 800)):
        assert np.bincount(clean[split].labels).tolist() == [count // 8] * 8
    assert clean["train"][0].input.shape == (16, 3, 64, 64)


def test_no_clip_occurs_twice_as_it_looks(clean: dict) -> None:
    seen: dict[bytes, str] = {}
    for split in ("train", "val", "test"):
        for i in range(len(clean[split])):
            clip = getattr(clean["raw"], split)[i]
            digest = hashlib.sha256(clip.input.tobytes()).digest()
            assert digest not in seen, f"{clip.id} looks like {seen[digest]}"
            seen[digest] = clip.id
    assert len(seen) == 3_600


def test_a_second_preparation_changes_nothing(clean: dict) -> None:
    again = ActionRecognition(dataset=MiniGridActions(noise=0.0))
    again.prepare_data()
    np.testing.assert_array_equal(clean["val"][7].input, again.setup().val[7].input)


@pytest.mark.shared_data
def test_filmed_clips_are_read_from_a_folder() -> None:
    root = Path(os.environ["HARNESS_SHARED_DATA"]) / "video-action" / "surveillance-fight"
    task = ActionRecognition(dataset=VideoFolder(root=root))
    task.prepare_data()
    data = task.setup()
    assert not task.synthetic
    assert [len(data.train), len(data.val), len(data.test)] == [212, 44, 44]
    assert data.target_spec.class_names == ("fight", "noFight")  # type: ignore[union-attr]
    assert data.notes["files skipped"] == 0
    names = {name for split in (data.train, data.val, data.test) for name in (split[i].id for i in range(len(split)))}
    assert len(names) == 300
    assert np.isfinite(data.test[0].input).all()  # type: ignore[arg-type]
