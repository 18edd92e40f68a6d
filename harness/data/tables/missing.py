"""Words that stand for a missing cell."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

MISSING = frozenset(["", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "<NA>", "#N/A", "#NA", "null", "NULL", "Null", "\\N"])
"""In every column."""

MISSING_AMONG_VALUES = MISSING | {
    "-",
    "--",
    "---",
    "?",
    ".",
    "*",
    "None",
    "none",
    "NONE",
    "missing",
    "#VALUE!",
    "#DIV/0!",
}
"""In columns of numbers and dates too; elsewhere "none" may be a class, and "?" a mark of punctuation."""


def is_in(cells: np.ndarray, words: Iterable[str]) -> np.ndarray:
    """(N,) bool: which cells are one of the words."""
    import pandas as pd

    return pd.Series(cells, dtype=object).isin(list(words)).to_numpy()
