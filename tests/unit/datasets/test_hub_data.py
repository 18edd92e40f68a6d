"""Data sets of the Hugging Face hub: saved folders of every shape, names and revisions, and messages without them."""

from __future__ import annotations

import builtins
import json
import shutil
from pathlib import Path
from typing import Any

import datasets
import pytest
from harness_datasets._hub_data import HubData
from harness_datasets.tagging.hugging_face import HuggingFaceTags
from harness_datasets.text_classification.hugging_face import HuggingFaceTexts
from harness_datasets.text_generation.hugging_face import HuggingFaceCorpus
from harness_datasets.translation.hugging_face import HuggingFacePairs

from harness.contract.dataset import RawData
from harness.data import hub
from harness.errors import DataError, OfflineError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WORDS = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay")


def saved(folder: Path, splits: dict[str, dict[str, list[Any]]], **features: Any) -> Path:
    """A folder of `save_to_disk`; a single split called "all" is saved without splits."""
    parts = {}
    for name, columns in splits.items():
        part = datasets.Dataset.from_dict(columns)
        for column, feature in features.items():
            part = part.cast_column(column, feature)
        parts[name] = part
    found = parts["all"] if "all" in parts else datasets.DatasetDict(parts)
    found.save_to_disk(str(folder))
    return folder


def reviews(count: int, labels: list[int] | None = None) -> dict[str, list[Any]]:
    texts = [f"the {WORDS[i % 10]} and the {WORDS[i // 10 % 10]} are film number {i}" for i in range(count)]
    return {"idx": list(range(count)), "sentence": texts, "label": labels or [i % 2 for i in range(count)]}


def answers(raw: RawData, split: str) -> set[Any]:
    return {one.target for one in getattr(raw, split)}


SENTIMENT = datasets.ClassLabel(names=["negative", "positive"])


def test_hidden_test_labels_leave_validation_for_test(tmp_path: Path) -> None:
    """As SST-2 has it on the hub."""
    splits = {"train": reviews(60), "validation": reviews(90), "test": reviews(5, [-1] * 5), "extra": reviews(3)}
    splits["validation"] = {name: values[60:] for name, values in splits["validation"].items()}
    raw = HuggingFaceTexts(root=saved(tmp_path / "s", splits, label=SENTIMENT)).read()
    assert (len(raw.test), len(raw.train) + len(raw.val)) == (30, 60)
    assert answers(raw, "train") == {"negative", "positive"}
    assert raw.notes["columns"] == "text 'sentence', label 'label', split 'split'"
    assert raw.notes["test split left out, whose labels are hidden"] == 5
    assert raw.notes["test"] == "the validation split of the data set"
    assert raw.notes["splits left out"] == "extra (3 rows)"


def test_rows_without_splits_are_divided_as_a_table_is(tmp_path: Path) -> None:
    raw = HuggingFaceTexts(root=saved(tmp_path / "s", {"all": reviews(100)}, label=SENTIMENT)).read()
    assert (len(raw.train), len(raw.val), len(raw.test)) == (80, 10, 10)
    assert "80/10/10" in str(raw.notes["split"])


@pytest.mark.parametrize("nested", [True, False])
def test_pairs_are_found_by_their_languages(nested: bool, tmp_path: Path) -> None:
    pairs = [{"de": f"{word} eins {i}", "en": f"{word}\none {i}"} for i in range(20) for word in WORDS]
    columns = {"translation": pairs} if nested else {code: [pair[code] for pair in pairs] for code in ("de", "en")}
    root = saved(tmp_path / "s", {"train": columns})
    raw = HuggingFacePairs(source_language="de", target_language="en", root=root).read()
    assert (len(raw.train) + len(raw.val) + len(raw.test), bool(raw.val), bool(raw.test)) == (200, True, True)
    one = raw.train[0]
    assert one.target == one.input.replace("eins", "one")
    with pytest.raises(DataError, match="no texts called 'fr'"):
        HuggingFacePairs(source_language="fr", target_language="en", root=root).read()


def test_texts_stand_end_to_end_and_the_last_of_training_are_validation(tmp_path: Path) -> None:
    """WikiText's rows are lines that end with their break, empty ones too."""
    splits = {"train": {"text": [f"line {i}\n" for i in range(40)]}, "test": {"text": ["", "the end"]}}
    raw = HuggingFaceCorpus(root=saved(tmp_path / "s", splits)).read()
    whole = {name: "".join(one.target for one in getattr(raw, name)) for name in ("train", "val", "test")}
    assert whole["train"].startswith("line 0\nline 1\n")
    assert whole["val"] == "line 38\nline 39\n"
    assert whole["test"] == "\nthe end\n"


def test_tags_have_their_names(tmp_path: Path) -> None:
    tokens = [["fly", "to", f"{a} {b}"] for a in WORDS for b in WORDS]
    columns = {"id": [str(i) for i in range(100)], "tokens": tokens, "ner_tags": [[0, 0, 1]] * 100}
    names = datasets.List(datasets.ClassLabel(names=["O", "B-CITY"]))
    raw = HuggingFaceTags(root=saved(tmp_path / "s", {"train": columns}, ner_tags=names)).read()
    assert {one.target for one in raw.train} == {"O O B-CITY"}
    assert all(one.input.startswith("fly to ") and "_" in one.input for one in raw.train)


def test_a_tag_without_a_name_is_refused_and_none_is_guessed(tmp_path: Path) -> None:
    columns = {"tokens": [["fly", "home"]] * 3, "ner_tags": [[0, -1]] * 3}
    names = datasets.List(datasets.ClassLabel(names=["O", "B-CITY"]))
    with pytest.raises(DataError, match="A tag of row 0 of split all is -1, and classes are numbered 0 to 1"):
        HuggingFaceTags(root=saved(tmp_path / "s", {"all": columns}, ner_tags=names)).read()


def test_a_column_that_is_not_there_or_not_clear_is_asked_for(tmp_path: Path) -> None:
    root = saved(tmp_path / "s", {"all": {"first": ["a"], "second": ["b"]}})
    with pytest.raises(DataError, match=r"Several columns would do for task.text_column.*task.text_column=NAME"):
        HuggingFaceCorpus(root=root).read()
    with pytest.raises(Exception, match="third"):
        HuggingFaceCorpus(root=root, text_column="third").read()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read as a folder of save_to_disk"):
        HuggingFaceTexts(root=tmp_path).read()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"repository": "a/b"}, "task.revision is not given; expected a commit"),
        ({"repository": "a/b", "revision": "main"}, "task.revision is 'main'"),
        ({"repository": "../b", "revision": COMMIT}, "expected OWNER/NAME"),
        ({"repository": "a/b", "revision": COMMIT, "root": "x"}, "Give either task.repository"),
        ({"revision": COMMIT}, "Give either task.repository"),
    ],
)
def test_a_name_needs_a_commit_and_excludes_a_folder(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        HuggingFaceTexts(**options)


def test_names_stand_in_labels_and_commits_in_fingerprints() -> None:
    one, other = (HuggingFaceTexts("a/sst2", "first", digit * 40) for digit in "ab")
    assert one.label == "huggingface-sst2-first"
    assert one.fingerprint() != other.fingerprint()
    assert one.sources()[0].origin == f"huggingface.co/datasets/a/sst2 at {'a' * 12}"


def cached_by_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str) -> None:
    """What `datasets` leaves in its cache of "owner/films" at a revision."""
    (tmp_path / "films.jsonl").write_text("".join(json.dumps({"text": f"film {i}"}) + "\n" for i in range(40)))
    made = datasets.load_dataset("json", data_files=str(tmp_path / "films.jsonl"), cache_dir=str(tmp_path / "made"))
    place = Path(made["train"].cache_files[0]["filename"]).parent
    kept = tmp_path / "cache" / "owner___films" / "default" / "0.0.0" / revision
    shutil.copytree(place, kept)
    (kept / "json-train.arrow").rename(kept / "films-train.arrow")
    info = json.loads((kept / "dataset_info.json").read_text())
    info |= {"config_name": "default", "dataset_name": "films"}
    (kept / "dataset_info.json").write_text(json.dumps(info))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def test_out_of_reach_of_the_hub_its_cache_is_read_and_then_needed_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_by_the_library(tmp_path, monkeypatch, COMMIT)
    films = HuggingFaceCorpus("owner/films", revision=COMMIT)
    assert "film 0\nfilm 1\n" in films.read().train[0].target
    shutil.rmtree(tmp_path / "cache")
    assert films.sources()[0].cached()
    assert films.read().train[0].target.startswith("film 0")


def test_another_revision_in_the_cache_is_not_taken_for_the_one_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_by_the_library(tmp_path, monkeypatch, "f" * 40)
    with pytest.raises(OfflineError, match=r"its cache holds revision f{40} alone.*give task.root=FOLDER"):
        HuggingFaceCorpus("owner/films", revision=COMMIT).read()
    with pytest.raises(OfflineError, match="the Hugging Face hub is out of reach"):
        HuggingFaceCorpus("owner/others", revision=COMMIT).read()


def test_without_the_package_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "datasets":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(DataError, match=r"sequence-harness\[hub\]"):
        hub.read_saved(tmp_path)


def test_nothing_is_read_before_it_is_said_what() -> None:
    with pytest.raises(DataError, match=r"task.root=FOLDER.*task.repository=OWNER/NAME"):
        HuggingFaceTexts().prepare()
    assert issubclass(HuggingFaceTexts, HubData)
