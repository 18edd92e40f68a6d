"""Class-named folders of videos: found, split, decoded, and every way in which they can be wrong."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from flat_task import flat_task
from harness_datasets.action_recognition import video_folder
from harness_tasks.action_recognition import ActionRecognition
from harness_tasks.video.video_files import UnreadableVideoError, decode

from harness.contract.batch import Split
from harness.errors import DataError, UnknownNameError
from harness.targets import ClassTarget


def film(path: Path, brightness: int, frames: int = 12, size: int = 32) -> None:
    """A video of which every frame has one grey value, brighter frame by frame."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = size, size // 2, "yuv420p", 2_000_000
        for t in range(frames):
            picture = np.full((size // 2, size, 3), brightness + 8 * t, dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("films")
    for number in range(7):
        film(root / "jump" / f"j{number}.mp4", brightness=10 + 3 * number)
        film(root / "run" / f"r{number}.avi", brightness=90 + 3 * number)
    return root


@pytest.fixture
def root(films: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(films, tmp_path / "films"))


def reading(root: Path | None, **options: object) -> ActionRecognition:
    return flat_task(ActionRecognition, **{"dataset": "folder", "root": root, "frames": 4, "size": 16} | options)


def _ids(split: Split) -> list[str]:
    return [split[i].id for i in range(len(split))]


def test_a_folder_of_videos_becomes_clips(root: Path) -> None:
    task = reading(root)
    task.prepare_data()
    data = task.setup()
    assert (task.dataset_name, task.synthetic) == ("films", False)
    assert data.target_spec == ClassTarget(2, ("jump", "run"))
    assert [len(data.train), len(data.val), len(data.test)] == [10, 2, 2]
    example = data.train[0]
    assert example.input is not None
    assert (example.input.shape, example.input.dtype) == ((4, 3, 16, 16), np.float32)
    np.testing.assert_allclose(example.input.mean(axis=0), 0, atol=1e-5)
    assert example.references == (example.id.split("/")[0],)
    assert example.units == {"seconds": pytest.approx(1.2)}
    assert data.notes["files skipped"] == 0
    assert not [note for note in data.notes if "not used" in note or "without" in note]
    assert data.augment is not None
    assert reading(root, flip=0.0, crop=1.0).setup().augment is None


def test_a_file_is_encoded_as_the_folder_was(root: Path) -> None:
    data = reading(root).setup()
    assert data.preprocessing is not None
    for index in range(len(data.test)):
        example = data.test[index]
        assert np.array_equal(data.preprocessing.encode(root / example.id), example.input)


def test_frames_are_sampled_evenly_from_first_to_last(root: Path) -> None:
    clip = decode(root / "jump" / "j0.mp4", frames=4, size=(16, 16))
    assert clip.shape == (4, 16, 16, 3)
    levels = clip.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(levels, [10 + 8 * t for t in (0, 4, 7, 11)], atol=4)


def test_short_videos_repeat_frames(tmp_path: Path) -> None:
    film(tmp_path / "short.mp4", brightness=20, frames=2)
    levels = decode(tmp_path / "short.mp4", frames=6, size=(16, 16)).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(levels, [20, 20, 20, 28, 28, 28], atol=4)


def test_videos_are_decoded_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = reading(root).setup()
    monkeypatch.setattr(video_folder, "decode_timed", lambda *_: pytest.fail("decoded again"))
    np.testing.assert_array_equal(first.train[1].input, reading(root).setup().train[1].input)


def test_the_split_depends_on_names_only_and_is_stratified(root: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copytree(root, tmp_path / "moved"))
    splits = [reading(folder).setup() for folder in (root, elsewhere)]
    names = [{part: _ids(getattr(s, part)) for part in ("train", "val", "test")} for s in splits]
    assert names[0] == names[1]
    for part in ("val", "test"):
        assert sorted(name.split("/")[0] for name in names[0][part]) == ["jump", "run"]


def test_equal_files_stay_in_one_split(root: Path) -> None:
    for number in range(6):
        shutil.copy(root / "jump" / "j3.mp4", root / "jump" / f"copy{number}.mp4")
    data = reading(root).setup()
    places = [part for part in ("train", "val", "test") for n in _ids(getattr(data, part)) if "copy" in n or "j3" in n]
    assert len(places) == 7
    assert len(set(places)) == 1
    assert data.notes["files with the content of another"] == 6


def test_folds_test_every_video_once_and_decode_it_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tested: list[str] = []
    for fold in range(3):
        task = reading(root, fold=fold, folds=3)
        assert task.dataset_name == f"films.fold{fold}of3"
        data = task.setup()
        parts = {part: _ids(getattr(data, part)) for part in ("train", "val", "test")}
        assert sorted(name for part in parts.values() for name in part) == everything(reading(root))
        assert {name.split("/")[0] for name in parts["val"]} == {"jump", "run"}
        assert str(data.notes["split"]).startswith(f"fold {fold} of 3 for test")
        tested += parts["test"]
        monkeypatch.setattr(video_folder, "decode_timed", lambda *_: pytest.fail("decoded again"))
    assert sorted(tested) == everything(reading(root))


def test_clips_of_one_source_are_in_one_fold(root: Path) -> None:
    for kind in ("jump", "run"):
        for number, path in enumerate(sorted((root / kind).iterdir())):
            path.rename(path.with_name(f"{kind}_g{number // 2}_c{number % 2}{path.suffix}"))
    data = reading(root, fold=0, folds=3, group="_(g[0-9])_").setup()
    sources = [{name.rpartition("_")[0] for name in _ids(part)} for part in (data.train, data.val, data.test)]
    assert sum(map(len, sources)) == len(set.union(*sources)) == 8


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fold": 5}, r"task\.fold is 5; it must be 0 to 4"),
        ({"fold": 0, "folds": 2}, r"task\.folds is 2"),
        ({"group": "(a)"}, r"set task\.fold as well"),
        ({"fold": 0, "group": "(a"}, "no regular expression"),
        ({"fold": 0, "group": "a"}, r"must have a group \(\.\.\.\)"),
    ],
)
def test_folds_that_make_no_sense_are_refused(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        reading(None, **options)


def test_what_folds_cannot_divide_is_said(root: Path) -> None:
    with pytest.raises(DataError, match=r"jump/j0\.mp4' does not match task\.group='x\(y\)'"):
        reading(root, fold=0, group="x(y)").setup()
    with pytest.raises(DataError, match=r"'jump' has too few sources of videos for 5 folds"):
        reading(root, fold=0, group="(.)").setup()


def test_a_corrupt_video_is_refused_by_name(root: Path) -> None:
    (root / "run" / "broken.mp4").write_bytes(b"this is no video" * 50)
    with pytest.raises(DataError, match=r"broken\.mp4.*task\.on_corrupt=skip"):
        reading(root).prepare_data()


def test_a_corrupt_video_is_skipped_and_counted(root: Path) -> None:
    (root / "run" / "broken.mp4").write_bytes(b"this is no video" * 50)
    data = reading(root, on_corrupt="skip").setup()
    assert data.notes["files skipped"] == 1
    assert data.notes["files skipped, names"] == "run/broken.mp4"
    assert data.notes["files skipped, reasons"] == "1 no video"
    everything = [name for part in (data.train, data.val, data.test) for name in _ids(part)]
    assert len(everything) == 14
    assert "run/broken.mp4" not in everything


def test_a_video_cut_off_is_corrupt(root: Path, tmp_path: Path) -> None:
    film(tmp_path / "long.avi", brightness=0, frames=30, size=64)
    whole = (tmp_path / "long.avi").read_bytes()
    (root / "run" / "cut.avi").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.avi"):
        reading(root).prepare_data()


def test_an_empty_file_and_sound_alone_are_corrupt(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(UnreadableVideoError):
        decode(tmp_path / "empty.mp4", 4, (16, 16))
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8000
        for packet in (*stream.encode(sound), *stream.encode()):
            container.mux(packet)
    with pytest.raises(UnreadableVideoError, match="no video stream"):
        decode(tmp_path / "sound.mp4", 4, (16, 16))


def test_skipping_never_empties_a_class_silently(root: Path) -> None:
    for path in (root / "run").iterdir():
        path.write_bytes(path.name.encode() * 9)
    with pytest.raises(DataError, match=r"class 'run' has none left"):
        reading(root, on_corrupt="skip").prepare_data()


def test_no_root_missing_root_empty_root_and_a_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    for root, words in (
        (None, r"task\.root=FOLDER"),
        (tmp_path / "nowhere", "does not exist"),
        (tmp_path / "empty", "is empty"),
        (tmp_path / "file", "not a folder"),
    ):
        with pytest.raises(DataError, match=words):
            reading(root).prepare_data()


def test_videos_beside_each_other_without_class_folders_are_refused(films: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    shutil.copy(films / "jump" / "j0.mp4", flat)
    with pytest.raises(DataError, match="one folder a class"):
        reading(flat).prepare_data()


def test_one_class_is_refused(root: Path) -> None:
    shutil.rmtree(root / "run")
    with pytest.raises(DataError, match=r"two classes or more.*'jump'"):
        reading(root).prepare_data()


def test_too_few_different_videos_are_refused(root: Path) -> None:
    for number in range(1, 7):
        shutil.copy(root / "run" / "r0.avi", root / "run" / f"r{number}.avi")
    with pytest.raises(DataError, match=r"'run'.* has 1 different videos"):
        reading(root).prepare_data()


def test_classes_can_be_chosen_and_misspelt(root: Path, films: Path) -> None:
    shutil.copytree(films / "run", root / "walk")
    for number, path in enumerate(sorted((root / "walk").iterdir())):
        film(path, brightness=50 + 3 * number)
    assert reading(root, classes=["walk", "run"]).setup().target_spec == ClassTarget(2, ("walk", "run"))
    with pytest.raises(UnknownNameError, match=r"no class named 'wlak'.*Did you mean 'walk'"):
        reading(root, classes=["wlak", "run"]).prepare_data()


def test_options_that_change_clips_get_a_cache_of_their_own(root: Path) -> None:
    assert reading(root).setup().train[0].input.shape == (4, 3, 16, 16)  # type: ignore[union-attr]
    assert reading(root, frames=5, size=8).setup().train[0].input.shape == (5, 3, 8, 8)  # type: ignore[union-attr]


def everything(task: ActionRecognition) -> list[str]:
    data = task.setup()
    return sorted(name for part in (data.train, data.val, data.test) for name in _ids(part))


def test_folders_in_a_class_are_walked_and_endings_compared_without_case(root: Path) -> None:
    deep = root / "jump" / "2024" / "s1"
    deep.mkdir(parents=True)
    for number in range(3):
        film(deep / f"x{number}.mp4", brightness=150 + 3 * number)
    (deep / "x0.mp4").rename(deep / "x0.Mp4")
    found = everything(reading(root))
    assert len(found) == 17
    assert {"jump/2024/s1/x0.Mp4", "jump/2024/s1/x1.mp4", "jump/j0.mp4"} <= set(found)


def test_the_split_of_flat_folders_is_by_the_names_below_the_root(root: Path) -> None:
    def digest(name: str) -> str:
        return hashlib.sha256(name.encode()).hexdigest()

    data = reading(root).setup()
    assert _ids(data.test) == [
        min((f"{c}/{p.name}" for p in (root / c).iterdir()), key=digest) for c in ("jump", "run")
    ]


def test_what_is_not_used_is_counted_and_named(root: Path) -> None:
    shutil.copy(root / "jump" / "j0.mp4", root / "beside.mp4")
    for name in ("jump/notes.txt", "run/.DS_Store", "run/._r0.avi", "run/Thumbs.db"):
        (root / name).write_bytes(b"x")
    (root / "run" / "gone.avi").symlink_to("nowhere.avi")
    (root / "sprint").symlink_to("run")
    (root / "empty" / "deep").mkdir(parents=True)
    notes = reading(root).setup().notes
    assert {key: value for key, value in notes.items() if "not used" in key or "without" in key} == {
        "files not used": 7,
        "files not used, another ending": "1 (.txt 1): jump/notes.txt",
        "files not used, hidden, or left by an operating system": "3: run/.DS_Store, run/._r0.avi, run/Thumbs.db",
        "files not used, in another place than expected": "1: beside.mp4",
        "files not used, links that lead nowhere": "1: run/gone.avi",
        "files not used, links to what is read under another name": "1: sprint",
        "folders without a video": "1: empty",
    }


def test_files_of_classes_that_are_not_asked_for_are_counted(root: Path) -> None:
    shutil.copytree(root / "run", root / "walk")
    notes = reading(root, classes=["jump", "walk"]).setup().notes
    assert notes["files not used, of a class that task.classes leaves out"] == (
        f"7: {', '.join(f'run/r{number}.avi' for number in range(7))}"
    )


def test_classes_may_be_links(root: Path, tmp_path: Path) -> None:
    (root / "run").rename(tmp_path / "elsewhere")
    (root / "run").symlink_to(tmp_path / "elsewhere")
    assert [name for name in everything(reading(root)) if name.startswith("run/")] == [
        f"run/r{n}.avi" for n in range(7)
    ]


def test_one_class_is_refused_with_the_folders_that_hold_no_video(root: Path) -> None:
    for path in (root / "run").iterdir():
        path.rename(path.with_suffix(".txt"))
    with pytest.raises(DataError, match=r"of one only: 'jump'\. Folders without a video: 1: run\."):
        reading(root).prepare_data()


def test_splits_are_not_taken_for_classes(films: Path, tmp_path: Path) -> None:
    for train, val in (("train", "val"), ("Training", "Validation"), ("ucf_train", "ucf_val")):
        root = tmp_path / train
        shutil.copytree(films, root / train)
        shutil.copytree(films, root / val)
        with pytest.raises(
            DataError, match=rf"'{train}', '{val}' in .* are named as splits.*task\.root={root / train}\."
        ):
            reading(root).prepare_data()
    names = [train, val]
    assert reading(root, classes=names).setup().target_spec == ClassTarget(2, tuple(names))


def test_splits_within_classes_are_named(films: Path, tmp_path: Path) -> None:
    for kind in ("jump", "run"):
        for split in ("train", "test"):
            shutil.copytree(films / kind, tmp_path / kind / split)
    notes = reading(tmp_path).setup().notes
    assert notes["folders named as splits, of which the split takes no notice"] == (
        "4: jump/test, jump/train, run/test, run/train"
    )


def test_a_folder_around_the_classes_is_pointed_out(films: Path, tmp_path: Path) -> None:
    shutil.copytree(films, tmp_path / "UCF101")
    with pytest.raises(DataError, match=rf"classes, set task\.root={tmp_path / 'UCF101'}\."):
        reading(tmp_path).prepare_data()


def test_names_that_look_alike(root: Path) -> None:
    composed, parted = "caf\u00e9", "cafe\u0301"
    shutil.copytree(root / "run", root / parted)
    assert reading(root, classes=["jump", composed]).setup().target_spec == ClassTarget(2, ("jump", composed))
    shutil.copytree(root / "run", root / composed)
    with pytest.raises(DataError, match=r"'cafe\\u0301' and 'caf\\xe9' in .* one name in two spellings of Unicode"):
        reading(root).prepare_data()
    shutil.rmtree(root / composed)
    (root / parted).rename(root / "Run")
    assert reading(root).setup().notes["classes that differ in upper and lower case only"] == "Run, run"


def test_an_empty_file_is_a_corrupt_one(root: Path) -> None:
    (root / "run" / "empty.avi").touch()
    with pytest.raises(DataError, match=r"empty\.avi .*is empty \(0 bytes\).*on_corrupt=skip"):
        reading(root).prepare_data()
    assert reading(root, on_corrupt="skip").setup().notes["files skipped, names"] == "run/empty.avi"


def test_names_of_any_bytes(root: Path) -> None:
    (root / "run" / "r0.avi").rename(root / "run" / os.fsdecode(b"r\xff\n.avi"))
    (root / "run").rename(root / os.fsdecode(b"run\xfe"))
    data = reading(root).setup()
    assert data.target_spec == ClassTarget(2, ("jump", r"run\xfe"))
    assert r"run\xfe/r\xff\n.avi" in everything(reading(root))
