"""Words of numbered symbols, and distinct random numbers."""

from __future__ import annotations

import numpy as np


def numbered(letter: str, count: int, first: int = 0) -> tuple[str, ...]:
    """ "k00", "k01" ... from a first number on: all of one width, so that texts without their blanks differ too."""
    width = len(str(first + count - 1))
    return tuple(f"{letter}{i:0{width}d}" for i in range(first, first + count))


def distinct(generator: np.random.Generator, rows: int, size: int, population: int) -> np.ndarray:
    """In each of (rows, size) different numbers below `population`, in random order."""
    if 2 * size * size > population:
        order = np.argsort(generator.random((rows, population)), axis=1)
        return order[:, :size]
    found = generator.integers(0, population, (rows, size))
    while True:  # rows with two equal numbers are drawn anew
        ordered = np.sort(found, axis=1)
        again = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(1))
        if not len(again):
            return found
        found[again] = generator.integers(0, population, (len(again), size))
