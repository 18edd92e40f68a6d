"""In which order the pixels of a picture are read: row by row, or by one of the permutations of the papers."""

from __future__ import annotations

import numpy as np

ORDERS = ("rows", "permuted", "bit_reversed")

USUAL_SEED = 92916
"""Of the permutation in the public code of Wisdom et al. 2016 (stwisdom/urnn) and Helfrich et al. 2018 (scoRNN)."""


def pixel_order(order: str, pixels: int, seed: int = USUAL_SEED) -> np.ndarray:
    """Which pixel, counted row by row, is read at each step, int64 (T,).

        rows           t
        permuted       numpy.random.RandomState(seed).permutation(T)[t]
        bit_reversed   the numbers below 2^ceil(log2 T) whose bits are read backwards, less those not below T
                       (state-spaces/s4, `bitreversal_permutation`)

    Args:
        order: one of `ORDERS`.
        pixels: T.
        seed: of "permuted".
    """
    if order == "permuted":
        # The legacy generator, whose stream never changes between versions of numpy, is the one the papers drew from.
        return np.random.RandomState(seed).permutation(pixels).astype(np.int64)
    if order == "bit_reversed":
        bits = max(1, (pixels - 1).bit_length())
        backwards = [int(f"{step:0{bits}b}"[::-1], 2) for step in range(1 << bits)]
        return np.array([place for place in backwards if place < pixels], dtype=np.int64)
    return np.arange(pixels, dtype=np.int64)
