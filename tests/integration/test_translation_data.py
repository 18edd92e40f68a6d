"""The real interface strings: counts, borders between the splits, and what copying scores on them."""

import numpy as np
import pytest
from harness_datasets.translation._split_clusters import masked, normalised
from harness_datasets.translation.interface_strings import SOURCE
from harness_tasks.translation import Translation

from harness.contract.metric import aggregate
from harness.data.similarity import near, tfidf


@pytest.fixture(scope="module")
def data():
    task = Translation(max_length=10_000)  # nothing left out: document frequencies are then those of the split
    task.prepare_data()
    return task.setup()


def test_counts(data):
    assert len(data.train) > 34_000
    assert len(data.val) == len(data.test) == 1_000
    assert data.target_spec.vocab_size == 4_000
    ids = [e.id for part in (data.train, data.val, data.test) for e in part]
    assert len(set(ids)) == len(ids)


@pytest.mark.exhaustive
def test_no_alike_strings_in_different_splits(data):
    parts = (data.train, data.val, data.test)
    examples = [e for part in parts for e in part]
    side = np.repeat([0, 1, 2], [len(part) for part in parts])
    for texts in ([masked(e.source) for e in examples], [e.source.lower() for e in examples]):
        first: dict[str, int] = {}
        for position, text in enumerate(texts):
            assert side[first.setdefault(text, position)] == side[position]
        where = np.array(list(first.values()))
        pairs = np.array(near(tfidf(list(first)), 0.7))
        assert len(pairs) > 10_000
        assert (side[where[pairs[:, 0]]] == side[where[pairs[:, 1]]]).all()
    targets: dict[str, int] = {}
    for example, mine in zip(examples, side.tolist(), strict=True):
        assert targets.setdefault(normalised(example.references[0]), mine) == mine


def test_texts_come_back_from_their_symbols(data):
    for example in data.test:
        assert data.decode(example.input) == example.source
        assert data.decode(example.target) == example.references[0]


def test_copying_the_nearest_neighbour_scores_as_documented(data):
    task = Translation()
    predictions = task.baselines()[0].predict(data, 0)
    scores = aggregate(task.metrics, task.evaluate(predictions, list(data.test)))
    assert 16 < scores["bleu"] < 20


def test_the_wheel_is_the_published_one():
    SOURCE.fetch()
    SOURCE.verify()
