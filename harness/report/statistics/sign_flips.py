"""The sign-flip test: a paired test that assumes only that a difference is as likely as its negative.

If two models are equal, swapping them at any seed changes nothing. So the signs of the n differences are flipped in all
2**n ways, and p is the share of ways in which the mean is at least as far from 0 as observed. The smallest possible p
is 2 / 2**n, which is 0.25 for 3 seeds and 0.0625 for 5.

Source: Fisher 1935, "The Design of Experiments", section 21; Phipson & Smyth 2010 for the draws' (1 + count) / (1 + N).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

EXACT_UP_TO = 15
"""With more seeds than this, ways are sampled instead of enumerated."""
DRAWS, DRAW_SEED = 9999, 0


def smallest_p(seeds: int) -> float:
    """The smallest possible p value, whatever the differences are."""
    return 2.0 ** (1 - seeds) if seeds <= EXACT_UP_TO else 1 / (1 + DRAWS)


def enough_seeds(level: float) -> int:
    """The smallest number of seeds for which full enumeration can reach this level."""
    return max(2, math.ceil(1 - math.log2(level)))


def sign_flip(differences: np.ndarray) -> float:
    """Two-sided p value.

    Args:
        differences: (n,), one per seed.
    """
    n = len(differences)
    observed = abs(differences.sum())
    sums = np.abs(_signs(n) @ differences)
    # The same sum in a different order differs in its last digits.
    extreme = int((sums >= observed - 1e-9 * np.abs(differences).sum()).sum())
    return extreme / len(sums) if n <= EXACT_UP_TO else (1 + extreme) / (1 + len(sums))


@lru_cache(maxsize=8)
def _signs(n: int) -> np.ndarray:
    """(ways, n) of +1 and -1; when enumerating, the first sign is fixed, since flipping all signs preserves the
    magnitude."""
    if n > EXACT_UP_TO:
        return np.random.default_rng(DRAW_SEED).choice((-1.0, 1.0), size=(DRAWS, n))
    bits = np.arange(2 ** max(n - 1, 0))[:, None] >> np.arange(n) & 1
    return 1.0 - 2.0 * bits
