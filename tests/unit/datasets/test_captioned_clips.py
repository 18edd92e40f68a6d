"""Captioned clips: MSVD's and MSR-VTT's layouts made small, and BabyAI missions with combinations held out."""

import json
import re

import numpy as np
import pytest
from flat_task import flat_task
from harness_datasets.video_captioning._babyai_episodes import LEVELS, composition, episodes, is_new
from harness_datasets.video_captioning._babyai_tiles import AGENT, COLOURS, SHAPES, carrying_tile, door_tile, thing_tile
from harness_tasks.video_captioning import VideoCaptioning

from harness.contract.specs import FrameInput
from harness.errors import DataError

SPLITS = {"train": (1, 2, 3), "val": (4,), "test": (5, 6)}


def features(path, seed, frames=4):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.random.default_rng(seed).normal(size=(frames, 5)).astype(np.float32))


@pytest.fixture
def msvd(tmp_path):
    for split, films in SPLITS.items():
        lines = [f"vid{n}\ta {said} {n}" for n in films for said in ("man walks", "person goes by")]
        (tmp_path / f"sents_{split}_lc_nopunc.txt").write_text("\n".join(lines) + "\n")
    (tmp_path / "youtube_mapping.txt").write_text("".join(f"abc{n}_1_9 vid{n}\n" for n in range(1, 7)))
    for n in range(1, 7):
        features(tmp_path / "features" / (f"abc{n}_1_9.npy" if n % 2 else f"vid{n}.npy"), n, frames=2 + n)
    return tmp_path


@pytest.fixture
def msr_vtt(tmp_path):
    kinds = {"train": "train", "val": "validate", "test": "test"}
    for name, splits in (("train_val", ("train", "val")), ("test", ("test",))):
        films = [(split, n) for split in splits for n in SPLITS[split]]
        content = {
            "videos": [{"video_id": f"video{n}", "split": kinds[split], "id": n} for split, n in films],
            "sentences": [{"video_id": f"video{n}", "caption": f"film {n}", "sen_id": 2 * n} for _, n in films] * 2,
        }
        (tmp_path / f"{name}_videodatainfo.json").write_text(json.dumps(content))
    for n in range(1, 7):
        features(tmp_path / f"video{n}.npy", n)
    return tmp_path


def task(dataset, root, **options):
    return flat_task(VideoCaptioning, dataset, root=root, shown="features", **options)


def test_training_learns_each_caption_and_held_out_clips_have_all_as_references(msvd):
    made = task("msvd", msvd)
    data = made.setup()
    assert made.signature.input_type is FrameInput
    assert [len(s) for s in (data.train, data.val, data.test)] == [6, 1, 2]
    assert [data.train[i].id for i in range(2)] == ["vid1#0", "vid1#1"]
    assert data.train[1].references == ("a person goes by 1",)
    assert data.test[0].references == ("a man walks 5", "a person goes by 5")
    assert data.test.input_lengths.tolist() == [7, 8]
    assert {one.id for one in made.raw_examples("train")} == {data.train[i].id for i in range(6)}
    assert data.preprocessing.decode(data.train[1].target) == "a person goes by 1"


def test_msr_vtt_is_its_published_json(msr_vtt):
    data = task("msr_vtt", msr_vtt).setup()
    assert [len(s) for s in (data.train, data.val, data.test)] == [6, 1, 2]
    assert data.test[1].references == ("film 6", "film 6")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda root: (root / "sents_val_lc_nopunc.txt").unlink(), "sents_val_lc_nopunc.txt is missing"),
        (
            lambda root: (root / "sents_val_lc_nopunc.txt").write_text("vid4 a man\n"),
            "line 1: expected 'vid7<TAB>a caption', found 'vid4 a man'",
        ),
        (
            lambda root: (root / "sents_test_lc_nopunc.txt").write_text("vid5\ta\nvid1\ta man\n"),
            "line 2: 'vid1' has captions in sents_train_lc_nopunc.txt too",
        ),
        (lambda root: (root / "youtube_mapping.txt").write_text("abc1\n"), "line 1: expected 'NAME vid7'"),
        (lambda root: (root / "features/vid4.npy").unlink(), "The features of 'abc4_1_9' is missing"),
        (lambda root: (root / "features/vid4.npy").write_bytes(b"\x93NUMPY"), "is no plain .npy file"),
        (lambda root: np.save(root / "features/vid4.npy", np.zeros((2, 5), dtype=int)), "features are finite"),
        (lambda root: features(root / "features/vid4.npy", 1, frames=0), "features are finite"),
    ],
)
def test_a_damaged_copy_of_msvd_is_refused_with_what_is_wrong(msvd, damage, said):
    damage(msvd)
    with pytest.raises(DataError, match=re.escape(said)):
        task("msvd", msvd).setup()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1: it is no JSON"),
        ("[]", "expected an object with lists `videos` and `sentences`"),
        ('{"videos": [{"video_id": "video5"}], "sentences": []}', "videos[0]: expected texts video_id and split"),
        (
            '{"videos": [{"video_id": "video5", "split": "x"}], "sentences": []}',
            "the split is 'x', not train, validate",
        ),
        ('{"videos": [{"video_id": "video5", "split": "test"}], "sentences": []}', "'video5' in"),
    ],
)
def test_a_damaged_copy_of_msr_vtt_is_refused_with_what_is_wrong(msr_vtt, content, said):
    (msr_vtt / "test_videodatainfo.json").write_text(content)
    with pytest.raises(DataError, match=re.escape(said)):
        task("msr_vtt", msr_vtt).setup()


def test_missing_films_are_left_out_where_that_is_asked_for(msvd):
    (msvd / "features/abc5_1_9.npy").unlink()
    data = task("msvd", msvd, on_corrupt="skip").setup()
    assert len(data.test) == 1
    assert data.notes["files skipped, reasons"] == "1 missing"


def test_combinations_are_held_out_but_no_verb_colour_or_shape_is():
    things = [(verb, colour, shape) for verb in ("go to", "pick up", "put") for colour in COLOURS for shape in SHAPES]
    combinations = [*things, *(("open", colour, "door") for colour in COLOURS)]
    trained = [c for c in combinations if not is_new(*c)]
    assert (len(trained), len(combinations)) == (50, 60)
    for place in range(3):
        assert {c[place] for c in trained} == {c[place] for c in combinations}
    assert composition("put the red key next to a blue box") == ("put", "red", "key")
    assert composition("pick up the ball on your left") is None


@pytest.mark.parametrize("level", LEVELS)
def test_an_episode_is_a_mission_carried_out_as_the_agent_sees_it(level):
    split, episode = next(episodes(level, 2, {"train"}, 24, new=True))
    assert split == "train"
    assert episode.views.shape[1:] == (7, 7)
    assert 2 <= len(episode.views) <= 24
    verb, colour, shape = composition(episode.mission)
    ahead, agent = episode.views[-1, 5, 3], episode.views[-1, 6, 3]
    if verb == "pick up":
        assert agent == carrying_tile(thing_tile(shape, colour))
    else:
        assert ahead == (door_tile(colour, 0) if verb == "open" else thing_tile(shape, colour))
        assert agent == AGENT
    again = next(episodes(level, 2, {"train"}, 24, new=True))[1]
    assert again.mission == episode.mission
    assert np.array_equal(again.views, episode.views)


@pytest.mark.parametrize("new", [True, False])
def test_test_clips_show_new_combinations_unless_they_are_to_be_as_in_training(new):
    split, episode = next(episodes(LEVELS[0], 0, {"test"}, 24, new=new))
    assert split == "test"
    assert is_new(*composition(episode.mission)) == new
