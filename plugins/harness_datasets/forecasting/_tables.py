"""Tables of numbers with a time: read from published files whose layout is known, and put on an even grid of time."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np

from harness.errors import DataError

_MISSING = ("", "NA", "NaN", "nan")


def columns_of(text: str) -> dict[str, list[str]]:
    """Cells of a comma-separated table with a header, by column; blanks around a cell are not part of it."""
    rows = csv.reader(io.StringIO(text))
    header = next(rows)
    body = [row for row in rows if row]
    return {name: [row[k].strip() for row in body] for k, name in enumerate(header)}


def numbers(cells: Sequence[str], what: str) -> np.ndarray:
    """float64 (N,); NaN for "", "NA" and "NaN".

    Raises:
        DataError: a cell is no number.
    """
    try:
        return np.array([np.nan if cell in _MISSING else float(cell) for cell in cells])
    except ValueError as error:
        raise DataError(f"Column '{what}': {error}.") from error


def on_grid(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Rows at even steps of time, the most frequent one; rows that are not there are NaN.

    Args:
        times: datetime64[s] (N,), ascending, each once, all of them whole steps apart.
        values: (N, D).

    Returns:
        times: datetime64[s] (M,). values: (M, D). added: M - N.
    """
    seconds = times.astype(np.int64)
    steps, counts = np.unique(np.diff(seconds), return_counts=True)
    step = int(steps[np.argmax(counts)])
    places = (seconds - seconds[0]) // step
    made = np.full((int(places[-1]) + 1, values.shape[1]), np.nan)
    made[places] = values
    grid = times[0] + np.arange(len(made)) * np.timedelta64(step, "s")
    return grid, made, len(made) - len(times)
