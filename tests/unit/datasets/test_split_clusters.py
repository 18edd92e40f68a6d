"""No two alike strings in different splits: held against every pair, compared one by one."""

import math
import random
from collections import Counter

import numpy as np
import pytest
from harness_datasets.translation._split_clusters import clusters, masked, normalised, split
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from harness.data.similarity import near, tfidf

NOUNS = ["sensor", "device", "account", "camera", "bridge", "router", "light", "valve", "fan", "heater", "pump", "lock"]
VERBS = ["Failed to connect to the", "Enable the", "Name of the", "Restart your", "Select another", "Unable to reach"]
ENDS = ["", "!", " again.", " {name}", " 2", " 17", " in settings", " before continuing with the setup"]


def strings(seed: int, count: int) -> list[tuple[str, str]]:
    """Templates with repeated parts, as interface strings have, and targets that sometimes coincide."""
    draw = random.Random(seed)
    made = {}
    while len(made) < count:
        parts = [draw.choice(VERBS), draw.choice(NOUNS) + draw.choice(NOUNS)[: draw.randint(0, 5)], draw.choice(ENDS)]
        words = " ".join(draw.choice(NOUNS) for _ in range(draw.randint(0, 4)))
        source = f"{words} {parts[0]} {parts[1]}{parts[2]}".strip()
        made[source, f"Ziel {draw.randint(0, 10 * count)}"] = None
    return list(made)


def cosines(texts: list[str]) -> np.ndarray:
    """(N, N) cosines of smoothed tf-idf over character 4-grams, from the definition."""
    grams = [Counter(f" {t} "[i : i + 4] for i in range(len(t) - 1)) for t in texts]
    seen = Counter(g for counts in grams for g in counts)
    weights = [{g: n * (math.log((1 + len(texts)) / (1 + seen[g])) + 1) for g, n in c.items()} for c in grams]
    terms = {g: i for i, g in enumerate(seen)}
    rows = np.zeros((len(texts), len(terms)))
    for row, weight in zip(rows, weights, strict=True):
        for gram, value in weight.items():
            row[terms[gram]] = value
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return rows @ rows.T


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_near_duplicate_crosses_a_border(seed):
    pairs = strings(seed, 400)
    found = split(pairs, threshold=0.7, max_cluster=40, val=60, test=60)
    side = np.empty(len(pairs), dtype=int)
    for number, part in enumerate((found.train, found.val, found.test)):
        assert part == sorted(part)
        side[part] = number
    apart = side[:, None] != side[None, :]
    assert sorted(found.train + found.val + found.test) == list(range(len(pairs)))
    assert 40 <= len(found.val) <= 60
    assert 40 <= len(found.test) <= 60

    for texts in ([masked(s) for s, _ in pairs], [s.lower() for s, _ in pairs]):
        unique = sorted(set(texts))  # document frequencies are those of distinct strings
        where = [unique.index(t) for t in texts]
        similar = cosines(unique)[np.ix_(where, where)]
        assert similar[apart].max() <= 0.7 + 1e-5
    for key in (masked, normalised):
        keys = np.array([key(s) for s, _ in pairs])
        assert not (apart & (keys[:, None] == keys[None, :])).any()
    targets = np.array([normalised(t) for _, t in pairs])
    assert not (apart & (targets[:, None] == targets[None, :])).any()
    sizes = np.bincount(found.cluster)
    assert found.largest == sizes.max()
    assert all(sizes[found.cluster[i]] <= 40 for i in found.val + found.test)
    assert not set(found.cluster[found.train]) & set(found.cluster[found.val + found.test])
    assert not set(found.cluster[found.val]) & set(found.cluster[found.test])


def test_the_split_depends_on_content_and_not_on_order():
    pairs = strings(3, 200)
    shuffled = pairs[:]
    random.Random(0).shuffle(shuffled)
    first, second = (split(p, val=30, test=30) for p in (pairs, shuffled))
    for part in ("val", "test"):
        assert {pairs[i] for i in getattr(first, part)} == {shuffled[i] for i in getattr(second, part)}


def test_what_counts_as_the_same_source():
    pairs = [
        ("Port {port} is open", "a"),
        ("Port 80 is open!", "b"),  # masked as the first
        ("wholly other words", "Das Ziel."),
        ("nothing in common here", "das ziel"),  # the target of the third
        ("{name}", "c"),
        ("12", "d"),  # both nothing but a variable
        ("¡!", "e"),
        ("?", "f"),  # both without a letter: nothing tells them apart
    ]
    label = clusters(pairs, threshold=0.99)
    assert label[0] == label[1]
    assert label[2] == label[3]
    assert label[4] == label[5]
    assert label[6] == label[7]
    assert len(set(label)) == 4


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=12), st.floats(0.1, 0.9))
def test_near_finds_exactly_the_products_over_the_threshold(rows, threshold):
    dense = np.array(rows)
    products = dense @ dense.T
    if np.abs(products - threshold).min() < 1e-9:
        return
    expected = {(i, j) for i in range(len(rows)) for j in range(i + 1, len(rows)) if products[i, j] > threshold}
    assert set(near(csr_matrix(dense), threshold)) == expected


def test_near_compares_across_blocks(monkeypatch):
    monkeypatch.setattr("harness.data.similarity._ROWS_AT_ONCE", 2)
    rows = csr_matrix(np.array([[1.0, 0], [0, 1], [1, 0], [0, 1], [1, 0]]))
    assert set(near(rows, 0.5)) == {(0, 2), (0, 4), (2, 4), (1, 3)}


def test_short_strings_have_terms_too():
    assert tfidf(["on", "off", "an open window"]).getnnz(axis=1).min() >= 1
