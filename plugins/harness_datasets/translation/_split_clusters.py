"""A split that keeps near-duplicates together: clusters of alike pairs go whole into one split.

Two pairs are alike if they share the source up to case, punctuation, numbers and placeholders, or the target up
to case and punctuation, or if the cosine of their sources' character 4-gram tf-idf exceeds a threshold, with
placeholders as they stand or masked. Clusters are the connected components of that relation, so no two alike
pairs are ever in different splits.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.similarity import near, tfidf

Pair = tuple[str, str]

_VARIABLE = re.compile(r"\{[^{}]*\}|<[^<>]*>|https?://\S+|\d+(?:[.,:]\d+)*")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class ClusterSplit:
    """Positions of the pairs in each split, and what was found on the way.

    Attributes:
        train, val, test: positions in the given pairs, ascending.
        cluster: int64 (N,), the cluster of each pair.
        largest: size of the largest cluster.
    """

    train: list[int]
    val: list[int]
    test: list[int]
    cluster: np.ndarray
    largest: int


def normalised(text: str) -> str:
    """Lower case, every run of other than letters and digits made one blank."""
    return _NO_WORD.sub(" ", text.lower()).strip()


def masked(text: str) -> str:
    """As `normalised`, with placeholders, tags, addresses and numbers made the same symbol, "0"."""
    return normalised(_VARIABLE.sub(" 0 ", text))


def clusters(pairs: Sequence[Pair], threshold: float) -> np.ndarray:
    """int64 (N,): the connected component of every pair under "alike" (see the module)."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    edges = [
        *_same([normalised(source) or source for source, _ in pairs]),
        *_same([normalised(target) or target for _, target in pairs]),
    ]
    for texts in ([masked(source) for source, _ in pairs], [source.lower() for source, _ in pairs]):
        edges += _same(texts)
        first: dict[str, int] = {}
        for position, text in enumerate(texts):
            first.setdefault(text, position)
        where = list(first.values())
        edges += [(where[i], where[j]) for i, j in near(tfidf(list(first)), threshold)]
    rows, columns = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(len(pairs), len(pairs)))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def split(
    pairs: Sequence[Pair], threshold: float = 0.7, max_cluster: int = 60, val: int = 1_000, test: int = 1_000
) -> ClusterSplit:
    """Send whole clusters to validation and test until each holds about as many pairs as asked; the rest trains.

    The order in which clusters are drawn is that of a hash of their content, so it depends on the data alone.
    Clusters of more than `max_cluster` pairs train: one of them would fill a test set with one template.
    """
    label = clusters(pairs, threshold)
    members: dict[int, list[int]] = {}
    for position, cluster in enumerate(label.tolist()):
        members.setdefault(cluster, []).append(position)
    drawn = sorted(members.values(), key=lambda group: _digest(min(pairs[i] for i in group)))
    parts: dict[str, list[int]] = {"train": [], "val": [], "test": []}
    for group in drawn:
        if len(group) > max_cluster:
            parts["train"] += group
        elif len(parts["test"]) + len(group) <= test:
            parts["test"] += group
        elif len(parts["val"]) + len(group) <= val:
            parts["val"] += group
        else:
            parts["train"] += group
    train_part, val_part, test_part = (sorted(parts[name]) for name in ("train", "val", "test"))
    return ClusterSplit(train_part, val_part, test_part, label, max(map(len, members.values())))


def _same(keys: Sequence[str]) -> list[tuple[int, int]]:
    """An edge from every key's first position to each later one."""
    first: dict[str, int] = {}
    return [(first.setdefault(key, i), i) for i, key in enumerate(keys)]


def _digest(pair: Pair) -> str:
    return hashlib.sha256("\x1f".join(pair).encode()).hexdigest()
