"""The tagging task: how words become symbols, which metric comes first, and the baseline."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from harness_datasets.tagging.bio_columns import BioColumns
from harness_datasets.tagging.toy_slots import ToySlots
from harness_tasks.tagging import Tagging
from harness_tasks.text._most_frequent_tag import MOST_FREQUENT_TAG
from harness_tasks.text._tagged_words import TaggedWords

from harness.contract.metric import aggregate
from harness.contract.raw import RawExample
from harness.errors import DataError

SENTENCES = ("He was running 12 km", "She is jogging 47 km", "She is walking", "He walked")


@pytest.fixture
def words() -> TaggedWords:
    return TaggedWords.fit(SENTENCES, ("NOUN", "VERB"))


def test_frequent_words_and_numbers_have_symbols_of_their_own(words: TaggedWords) -> None:
    assert words.words == ("00", "He", "She", "is", "km")
    assert len(set(words.encode("He She is 12 km").tolist())) == 5
    assert words.encode("98").tolist() == words.encode("12").tolist()


def test_words_never_seen_are_read_by_shape_and_ending(words: TaggedWords) -> None:
    assert words.endings == (("small", "ing"),)
    running, singing, song, paris, usa, sign = (
        words.encode(w).item() for w in ["running", "singing", "song", "Paris", "USA", "--"]
    )
    assert running == singing
    assert len({singing, song, paris, usa, sign}) == 5
    assert words.known("He was 50 km") == 3
    assert max(words.encode("He She is 12 km running Zürich ! 1st").tolist()) < words.size


def test_case_can_be_ignored_but_unknown_words_keep_their_shape() -> None:
    words = TaggedWords.fit(("The the cat Cat",), ("X",), lowercase=True)
    assert words.words == ("cat", "the")
    assert words.encode("Dog").tolist() != words.encode("dog").tolist()
    assert words.encode("THE").tolist() == words.encode("the").tolist()


def test_the_vocabulary_is_read_as_it_was_written(words: TaggedWords, tmp_path) -> None:
    words.save(tmp_path)
    assert TaggedWords.load(tmp_path) == words


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda w: w.encode(3), "takes a sentence"),
        (lambda w: w.encode("  "), "at least one word"),
        (lambda w: w.encode_target("ADJ"), "'ADJ' is no tag of this data; its tags are NOUN VERB"),
        (lambda w: w.encode_target(["VERB"]), "tags are a text"),
        (lambda w: w.example(RawExample("s1", "He walked", "NOUN")), "'s1' has 2 words and 1 tags"),
    ],
)
def test_what_is_no_tagged_sentence_is_refused(call, expected, words: TaggedWords) -> None:
    with pytest.raises(DataError, match=expected):
        call(words)


def test_some_training_words_are_read_as_unknown_anew_each_time() -> None:
    data = Tagging(dataset=ToySlots(), word_dropout=0.5).setup()
    words, example = data.preprocessing, data.train[0]
    assert isinstance(words, TaggedWords)
    assert data.augment is not None
    first, second, again = (data.augment(example, torch.Generator().manual_seed(seed)) for seed in (1, 2, 1))
    assert first.input.tolist() == again.input.tolist() != second.input.tolist()
    changed = first.input != example.input
    assert 0 < changed.sum() < len(changed)
    assert (first.input[changed] == words.as_unknown()[example.input[changed]]).all()
    assert words.known(" ".join(words.words)) == len(words.words)
    assert first.target is example.target
    assert Tagging(dataset=ToySlots(), word_dropout=0.0).setup().augment is None


def test_span_f1_comes_first_where_tags_are_bio_and_accuracy_elsewhere() -> None:
    assert [m.name for m in Tagging(dataset=ToySlots()).metrics] == ["span_f1", "token_accuracy", "macro_f1"]
    assert [m.name for m in Tagging(dataset=BioColumns(spans=False)).metrics] == ["token_accuracy", "macro_f1"]


def test_the_baseline_gives_each_word_its_most_frequent_tag() -> None:
    task = Tagging(dataset=ToySlots())
    data = task.setup()
    answers = MOST_FREQUENT_TAG.predict(data, 0)
    assert [one.id for one in answers] == [data.test[i].id for i in range(len(data.test))]
    assert all(len(one.output) == len(data.test[i].target) for i, one in enumerate(answers))
    scores = aggregate(task.metrics, task.evaluate(answers, [data.test[i] for i in range(len(data.test))]))
    assert 50 < scores["token_accuracy"] < 100
    assert np.all(data.train[0].target < data.target_spec.num_classes)


def test_tags_that_training_lacks_are_classes_and_are_named(tmp_path) -> None:
    for name, tag in (("train", "A"), ("dev", "A"), ("test", "B")):
        (tmp_path / f"{name}.txt").write_text(f"{name} {tag}\n", encoding="utf-8")
    data = Tagging(dataset=BioColumns(root=tmp_path, spans=False)).setup()
    assert data.target_spec.class_names == ("A", "B")
    assert data.notes["tags unseen in training"] == "B"
