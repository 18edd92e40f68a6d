"""The speech task: folders in FSDD's layout and with transcripts, corrupt files, and the small version."""

import numpy as np
import pytest
import soundfile
from flat_task import flat_task
from harness_datasets.speech_recognition._digit_strings import WORDS
from harness_datasets.speech_recognition.tones import Tones
from harness_tasks.sound._transcripts import frames_needed
from harness_tasks.sound.audio_features import Features
from harness_tasks.speech_recognition import SpeechRecognition

from harness.contract.raw import RawData, RawExample
from harness.contract.specs import FrameInput
from harness.data.corrupt import OnCorrupt
from harness.errors import DataError
from harness.targets import CTCTarget

RATE = 8_000


def wave(seconds, seed):
    return (0.1 * np.random.default_rng(seed).normal(size=int(seconds * RATE))).astype(np.float32)


@pytest.fixture
def fsdd(tmp_path):
    """Two speakers, three digits, indices 0 to 11 in steps: two test, one validation, two training recordings."""
    root = tmp_path / "fsdd" / "recordings"
    root.mkdir(parents=True)
    for digit in (1, 3, 7):
        for speaker in ("ann", "bob"):
            for index in (0, 4, 5, 10, 49):
                soundfile.write(root / f"{digit}_{speaker}_{index}.wav", wave(0.3, digit * 100 + index), RATE)
    return root.parent


def isolated(root, **more):
    return flat_task(SpeechRecognition, "fsdd", root=root, strings=False, **more)


def sources(split):
    return {name for i in range(len(split)) for name in split[i].source.split(" + ")}


def test_the_official_split_of_isolated_digits(fsdd):
    task = isolated(fsdd)
    task.prepare_data()
    data = task.setup()
    assert task.dataset_name == "fsdd.isolated"
    assert [len(s) for s in (data.train, data.val, data.test)] == [12, 6, 12]
    assert {name.rsplit("_")[-1] for name in sources(data.test)} == {"0", "4"}
    assert {name.rsplit("_")[-1] for name in sources(data.val)} == {"5"}
    assert {data.test[i].references[0] for i in range(12)} == {"one", "three", "seven"}
    assert data.input_spec == FrameInput(40)
    assert data.target_spec == CTCTarget(16, 0, 2)


def test_strings_use_recordings_of_their_own_split_only(fsdd):
    task = flat_task(
        SpeechRecognition, "fsdd", root=fsdd, train_strings=40, val_strings=9, test_strings=10, features=Features.mfcc
    )
    data = task.setup()
    assert task.dataset_name == "fsdd.strings"
    assert [len(s) for s in (data.train, data.val, data.test)] == [40, 9, 10]
    used = [sources(s) for s in (data.train, data.val, data.test)]
    assert [len(u) for u in used] == [12, 6, 12]
    assert not used[0] & used[1] | used[0] & used[2] | used[1] & used[2]
    assert data.input_spec == FrameInput(13)


def test_frames_are_normalised_by_the_training_split(fsdd):
    data = isolated(fsdd).setup()
    frames = np.concatenate([data.train[i].input for i in range(len(data.train))])
    assert np.allclose(frames.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(frames.std(axis=0), 1, atol=1e-3)
    test = np.concatenate([data.test[i].input for i in range(len(data.test))])
    assert np.abs(test.mean(axis=0)).max() > 1e-3


def test_a_corrupt_file_stops_the_run_by_name(fsdd):
    (fsdd / "recordings" / "1_ann_6.wav").write_bytes(b"broken")
    with pytest.raises(DataError, match=r"1_ann_6\.wav cannot be read.*task\.on_corrupt=skip"):
        isolated(fsdd).prepare_data()


def test_corrupt_and_foreign_files_are_skipped_counted_and_named_where_asked(fsdd):
    (fsdd / "recordings" / "1_ann_6.wav").write_bytes(b"broken")
    soundfile.write(fsdd / "recordings" / "hello.wav", wave(0.3, 0), RATE)
    task = isolated(fsdd, on_corrupt=OnCorrupt.skip)
    task.prepare_data()
    data = task.setup()
    assert data.notes["files skipped"] == 2
    assert data.notes["files skipped, names"] == "recordings/1_ann_6.wav, recordings/hello.wav"
    assert [len(s) for s in (data.train, data.val, data.test)] == [12, 6, 12]


def test_what_one_run_skipped_another_still_refuses(fsdd):
    (fsdd / "recordings" / "1_ann_6.wav").write_bytes(b"broken")
    isolated(fsdd, on_corrupt=OnCorrupt.skip).prepare_data()
    with pytest.raises(DataError, match=r"1_ann_6\.wav"):
        isolated(fsdd).prepare_data()


def test_missing_and_empty_folders_are_named(tmp_path):
    with pytest.raises(DataError, match=r"task\.root=FOLDER"):
        isolated(None).prepare_data()
    with pytest.raises(DataError, match=r"does not exist.*nowhere"):
        isolated(tmp_path / "nowhere").prepare_data()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"is empty.*digit_speaker_index\.wav"):
        isolated(tmp_path / "empty").prepare_data()


def test_a_split_without_recordings_is_an_error(tmp_path):
    soundfile.write(tmp_path / "1_ann_30.wav", wave(0.3, 0), RATE)
    with pytest.raises(DataError, match=r"no usable recording for the val split"):
        isolated(tmp_path).prepare_data()


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "sentences"
    (root / "audio").mkdir(parents=True)
    for n, split in enumerate(("train", "val", "test")):
        lines = []
        for k in range(3):
            name = f"audio/{split}{k}.wav"
            soundfile.write(root / name, wave(0.5, n * 10 + k), RATE)
            lines.append(f"{name}\tHello  there {k}\n")
        (root / f"{split}.tsv").write_text("".join(lines))
    return root


def transcribed(root, **more):
    return flat_task(SpeechRecognition, "folder", root=root, sample_rate=RATE, **more)


def test_a_folder_with_transcripts(folder):
    task = transcribed(folder)
    task.prepare_data()
    data = task.setup()
    assert [len(s) for s in (data.train, data.val, data.test)] == [3, 3, 3]
    assert data.train[0].references == ("hello there 0",)
    assert data.decode(data.train[2].target) == "hello there 2"
    assert task.max_subsampling == 1


def test_characters_that_training_lacks_stay_in_the_reference(folder):
    (folder / "test.tsv").write_text("audio/test0.wav\thello zoo\n")
    data = transcribed(folder).setup()
    assert data.test[0].references == ("hello zoo",)
    assert data.decode(data.test[0].target) == "hello oo"
    assert data.notes["test characters unseen in training"] == "z"


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("val.tsv", None, r"val\.tsv is missing"),
        ("val.tsv", "audio/val0.wav hello\n", r"val\.tsv, line 1: expected 'path<TAB>text'"),
        ("val.tsv", "audio/val0.wav\t \n", r"val\.tsv, line 1: audio/val0\.wav has no text"),
        ("val.tsv", "\n", r"val\.tsv.*names no usable recording"),
        (
            "val.tsv",
            "audio/train0.wav\thello\n",
            r"audio/train0\.wav is listed twice: in train\.tsv, line 1, and in val\.tsv, line 1\. A file",
        ),
        ("val.tsv", "audio/gone.wav\thello\n", r"audio/gone\.wav is listed but not in the folder"),
        ("val.tsv", "../secret.wav\thello\n", r"\.\./secret\.wav is listed but not in the folder"),
        ("audio/val0.wav", "broken", r"val0\.wav cannot be read as an audio file"),
    ],
)
def test_mistakes_in_a_transcribed_folder(folder, file, content, message):
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(DataError, match=message):
        transcribed(folder).prepare_data()


def test_an_utterance_too_short_for_its_text_is_named(folder):
    soundfile.write(folder / "audio" / "val1.wav", wave(0.05, 0), RATE)
    with pytest.raises(DataError, match=r"'val/audio/val1\.wav' has 6 frames.*needs 14"):
        transcribed(folder).setup()
    with pytest.raises(DataError, match=r"after subsampling by 8"):
        transcribed(folder, subsampling=8).setup()


def test_the_declared_subsampling_is_known_before_data():
    assert SpeechRecognition().max_subsampling == 2
    assert SpeechRecognition().signature.max_subsampling == 2
    assert flat_task(SpeechRecognition, "folder", subsampling=4).max_subsampling == 4


def test_names_tell_the_data_sets_apart():
    names = {
        flat_task(SpeechRecognition, name, strings=strings).dataset_name
        for name in ("digit_strings", "fsdd")
        for strings in (True, False)
    }
    assert names == {"digit_strings", "digit_strings.isolated", "fsdd.strings", "fsdd.isolated"}


def test_the_tiny_task_is_generated_small_and_feasible():
    task = SpeechRecognition().tiny()
    task.prepare_data()
    data = task.setup()
    assert task.synthetic
    assert [len(s) for s in (data.train, data.val, data.test)] == [48, 8, 8]
    for split in (data.train, data.val, data.test):
        for i in range(len(split)):
            example = split[i]
            assert data.decode(example.target) == example.references[0]
            assert set(example.references[0].split()) <= set(WORDS)
            assert -(-len(example.input) // task.max_subsampling) >= frames_needed(example.target)


def test_augmentation_is_off_unless_asked_for():
    assert SpeechRecognition().tiny().setup().augment is None
    tiny = SpeechRecognition().tiny()
    tiny.spec_augment = True
    assert tiny.setup().augment is not None


@pytest.mark.parametrize("wrong", [{"max_digits": 0}, {"hop_ms": 0.0, "dataset": "fsdd"}, {"subsampling": 0}])
def test_values_that_make_no_sense_are_refused_at_once(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        flat_task(SpeechRecognition, **wrong)


def test_transcripts_of_any_data_set_are_brought_into_one_form():
    class Spelt(Tones):
        """Tones with a word that is spelt in two ways."""

        def read(self):
            texts = ["a\u00a0caf\u00e9", "a  cafe\u0301", "a\ncafe\u0301 "]
            frames = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
            return RawData(*([RawExample(f"{n}", frames, text)] for n, text in enumerate(texts)))

    data = SpeechRecognition(dataset=Spelt()).setup()
    assert data.preprocessing.alphabet.symbols == tuple(sorted(" caf\u00e9"))
    assert data.test[0].references == ("a caf\u00e9",)
    assert data.test[0].target.tolist() == data.train[0].target.tolist()
    assert not data.notes


def test_words_are_labels_where_asked_for_and_those_that_training_lacks_are_named():
    class Spoken(Tones):
        """Tones said to be words."""

        def read(self):
            frames = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
            parts = (["one two", "two  three"], ["two"], ["two four"])
            return RawData(*([RawExample(f"{n} {t}", frames, t) for t in texts] for n, texts in enumerate(parts)))

    data = SpeechRecognition(dataset=Spoken(), symbols="word").setup()
    assert data.preprocessing.alphabet.symbols == ("one", "three", "two")
    assert [example.target.tolist() for example in data.train] == [[1, 3], [3, 2]]
    assert data.test[0].references == ("two four",)
    assert data.preprocessing.decode(data.test[0].target) == "two"
    assert data.notes == {"test words unseen in training": "four"}
