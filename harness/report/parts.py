"""A test split divided into parts: by text length, or by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

FEWEST, RANGES = 20, 5
"""The fewest examples of a length range, below which a class is said to be small; and the most length ranges."""

_FEWEST_RANGES, _FEWEST_CLASSES = 3, 2


@dataclass(frozen=True)
class Parts:
    """A test split in parts.

    Attributes:
        kind: "length" or "class".
        what: what distinguishes the parts, for axes and sentences.
        names: of the parts, in order.
        of: number of every example's part, (N,); -1 for none.
    """

    kind: str
    what: str
    names: list[str]
    of: np.ndarray

    @property
    def sizes(self) -> list[int]:
        """Examples of each part."""
        return [int((self.of == k).sum()) for k in range(len(self.names))]

    @property
    def members(self) -> np.ndarray:
        """(parts, N): 1 if an example belongs to a part, else 0."""
        return (self.of == np.arange(len(self.names))[:, None]).astype(float)


def by_class(texts: Mapping[str, tuple[str, str]]) -> Parts | None:
    """Examples by their right answer, every class; None if there are fewer than two.

    Args:
        texts: source and right answer by example id; those without a right answer are in no part.
    """
    answers = np.array([reference for _, reference in texts.values()], dtype=object)
    names, numbers = np.unique(answers, return_inverse=True)
    kept = [k for k in range(len(names)) if names[k]]
    if len(kept) < _FEWEST_CLASSES:
        return None
    new = np.full(len(names), -1)
    new[kept] = np.arange(len(kept))
    return Parts("class", "class", [str(names[k]) for k in kept], new[numbers])


def by_length(texts: Mapping[str, tuple[str, str]], *, of_answer: bool = False) -> Parts | None:
    """Examples by the length of their source, or of the right answer if most have no source; None if too few.

    Lengths are in words if texts have spaces, else in characters (languages that write without them).

    Args:
        texts: source and right answer by example id.
        of_answer: always use the right answer (the source of a recording is only its name).
    """
    sourced = not of_answer and sum(bool(source) for source, _ in texts.values()) > len(texts) / 2
    lines = [source if sourced else reference for source, reference in texts.values()]
    words = sum(" " in line.strip() for line in lines) > len(lines) / 5
    lengths = np.array([len(line.split()) if words else len(line) for line in lines])
    edges = range_edges(lengths)
    if len(edges) < _FEWEST_RANGES:
        return None
    starts = [int(lengths.min()), *(int(lengths[lengths > edge].min()) for edge in edges[:-1])]
    names = [f"{low}" if low == high else f"{low}–{high}" for low, high in zip(starts, edges, strict=True)]
    what = f"{'words' if words else 'characters'} in the {'source' if sourced else 'right answer'}"
    return Parts("length", what, names, np.searchsorted(edges, lengths))


def range_edges(lengths: np.ndarray, ranges: int = RANGES, fewest: int = FEWEST) -> list[int]:
    """Upper ends of ranges of roughly equal size; equal lengths share a range, and none has fewer than `fewest`.

    Args:
        lengths: whole numbers (N,).
        ranges: the most that are made.
        fewest: examples of the smallest.
    """
    if len(lengths) < fewest:
        return []
    number = max(1, min(ranges, len(lengths) // fewest))
    quantiles = np.quantile(lengths, np.arange(1, number + 1) / number, method="inverted_cdf")
    edges: list[int] = []
    done = 0
    for edge in sorted({int(q) for q in quantiles}):
        upto = int((lengths <= edge).sum())
        if upto - done >= fewest:
            edges.append(edge)
            done = upto
    if done < len(lengths):  # too few left for a separate range
        edges[-1:] = [int(lengths.max())]
    return edges
