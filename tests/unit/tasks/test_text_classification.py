"""The text classification task: its vocabulary, what is left out of training, its classes and its baselines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pytest
import torch
from harness_datasets.text_classification.colours import COLOURS, Colours
from harness_tasks.labelled_text import LabelledText
from harness_tasks.text._classified_texts import written
from harness_tasks.text._text_symbols import UNK, Symbols
from harness_tasks.text_classification import TextClassification

from harness.contract.metric import aggregate
from harness.contract.raw import RawData, RawExample
from harness.data.sources import GeneratedSource
from harness.errors import DataError

TRAIN = [("a good film", "yes"), ("a bad film", "no"), ("good, good!", "yes"), ("bad plot", "no")]


@dataclass
class Given(LabelledText):
    """These texts, in the order train, validation, test."""

    name: ClassVar[str] = "given"

    splits: list = field(default_factory=lambda: [TRAIN, [("a plot", "yes")], [("a bad good film", "no")]])
    labels: tuple = ()

    def sources(self):
        return (GeneratedSource("given", {}),)

    def read(self):
        parts = [[RawExample(f"{k}-{i}", *pair) for i, pair in enumerate(part)] for k, part in enumerate(self.splits)]
        return RawData(*parts, labels=self.labels)

    def tiny(self):
        return self


def made(*splits, labels=(), **options):
    return TextClassification(dataset=Given(list(splits), labels) if splits else Given(), **options).setup()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The film's great, isn't it?!", "the film's great , isn't it ? !"),
        ("wo n't :) ... !!!", "wo n't : ) ... !!!"),
        ("Cafe\u0301\n  10,5", "caf\u00e9 10 , 5"),
        ("", ""),
    ],
)
def test_words_and_signs_are_symbols_of_their_own(text, words):
    assert written(text, Symbols.word, lowercase=True) == words


def test_rare_words_are_unknown_and_the_most_frequent_kept():
    data = made()
    assert data.preprocessing.decode(data.train[0].input) == "a good film"
    assert data.preprocessing.decode(data.train[3].input) == "bad <unk>"
    assert data.input_spec.vocab_size == 3 + 4
    assert made(min_count=1).input_spec.vocab_size == 3 + 7
    assert made(vocab_size=5).input_spec.vocab_size == 5


def test_classes_are_those_of_the_data_set_or_of_training():
    assert made().target_spec.class_names == ("no", "yes")
    assert [one.target for one in made().train] == [1, 0, 1, 0]
    assert made(*Given().splits, labels=("yes", "no")).target_spec.class_names == ("yes", "no")


@pytest.mark.parametrize("symbols", ["character", "subword"])
def test_other_symbols_spell_the_text(symbols):
    data = made(symbols=symbols, vocab_size=260, lowercase=False)
    assert data.preprocessing.decode(data.train[2].input) == "good, good!"


def test_an_empty_text_is_left_out_of_training_and_kept_for_test():
    data = made([*TRAIN, (" \n", "no")], [("a plot", "yes")], [("", "no"), ("good", "yes")])
    assert len(data.train) == 4
    assert data.notes["training texts left out, which are empty"] == 1
    assert data.test[0].input.tolist() == [UNK]


def test_a_long_text_is_cut_in_every_split_and_counted():
    data = made(max_length=2)
    assert [len(one.input) for one in (data.train[0], data.test[0])] == [2, 2]
    assert data.notes["training texts that reach 2 symbols, where they are cut"] == 4


def test_word_dropout_makes_symbols_unknown_in_training_only():
    data = made(word_dropout=0.5)
    many = [data.augment(data.train[0], torch.Generator().manual_seed(seed)).input for seed in range(200)]
    assert np.mean(np.array(many) == UNK) == pytest.approx(0.5, abs=0.08)
    assert made().augment is None


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        (([("a", "yes"), ("b", "yes")], [], []), r"Every training text has the label 'yes'; .*two different"),
        (([], [], []), "Every training text is missing"),
        ((TRAIN, [], [("c", "perhaps")]), r"The test texts have labels that no training text has: 'perhaps'"),
        (([("", "yes"), (" ", "no")], [], []), "holds a single symbol"),
    ],
)
def test_data_that_no_classifier_can_learn_from_is_refused(splits, message):
    with pytest.raises(DataError, match=message):
        made(*splits)


def test_an_answer_that_is_no_class_lists_the_classes():
    with pytest.raises(DataError, match=r"no class 'maybe'; the 2 classes are 'no', 'yes'"):
        made().preprocessing.encode_target("maybe")
    with pytest.raises(DataError, match="takes a text"):
        made().preprocessing.encode(3)


@pytest.mark.parametrize(
    "options", [{"vocab_size": 3}, {"min_count": 0}, {"max_length": 0}, {"word_dropout": 1.0}, {"symbols": "letter"}]
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError):
        TextClassification(**options)


def test_baselines_are_fitted_on_training_and_give_probabilities():
    task = TextClassification(dataset=Colours(colours=3, train_texts=400, val_texts=20, test_texts=100))
    data = task.setup()
    examples = [data.test[i] for i in range(len(data.test))]
    scores = {}
    for baseline in task.baselines():
        answers = baseline.predict(data, 0)
        assert [one.id for one in answers] == [one.id for one in examples]
        assert all(np.exp(one.scores).sum() == pytest.approx(1.0) for one in answers)
        assert all(one.text == data.target_spec.class_names[one.output] for one in answers)
        scores[baseline.name] = aggregate(task.metrics, task.evaluate(answers, examples))["accuracy"]
    # Two colours of three are named in every sentence, and a bag of words cannot tell which is denied.
    assert scores["most_frequent"] < 45 < scores["bag_of_words"] < 70


def test_a_class_without_training_examples_is_next_to_impossible_for_the_bag_of_words():
    task = TextClassification(dataset=Given(labels=("yes", "no", "never")))
    data = task.setup()
    answers = task.baselines()[1].predict(data, 0)
    assert answers[0].scores[2] == -50.0


def test_the_toy_is_balanced_and_distinct():
    data = Colours().read()
    texts = [one.input for part in (data.train, data.val, data.test) for one in part]
    assert len(set(texts)) == len(texts) == 2_800
    assert {one.target for one in data.train} == set(COLOURS)
    for one in data.test[:50]:
        denied = one.input.split("not ")[1].split()[1].rstrip(",")
        assert one.target != denied
        assert denied in COLOURS
    with pytest.raises(ValueError, match="at most"):
        Colours(colours=2, train_texts=9_000)
