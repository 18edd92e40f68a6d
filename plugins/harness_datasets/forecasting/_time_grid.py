"""Times of a user's table brought to even steps: sorted, averaged over steps, or refused where they are irregular."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from harness.errors import DataError

_UNITS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_STEP = re.compile(r"(\d+) ?(s|min|h|d|w)")
_MOST_EMPTY = 20  # times as many rows on the grid as in the table: then the step is not what the table has
_DAY = 86_400


@dataclass(frozen=True)
class Gridded:
    """Rows at even steps.

    Attributes:
        times: datetime64[s] (M,).
        values: float64 (M, D); NaN where nothing was measured.
        notes: what was done.
    """

    times: np.ndarray
    values: np.ndarray
    notes: dict[str, str | int | float] = field(default_factory=dict)


def step_of(text: str) -> int:
    """Seconds of "15min", "1h", "1d".

    Raises:
        ValueError: it is none.
    """
    found = _STEP.fullmatch(text.strip().lower())
    if not found or not int(found[1]):
        raise ValueError(f"task.step is '{text}'; write a number and s, min, h, d or w, such as 15min or 1d.")
    return int(found[1]) * _UNITS[found[2]]


def averaged(times: np.ndarray, values: np.ndarray, step: int) -> Gridded:
    """Means over steps of so many seconds; steps without a row are missing."""
    bins = times.astype(np.int64) // step
    first = int(bins.min())
    places, rows = bins - first, int(bins.max()) - first + 1
    known = ~np.isnan(values)
    sums, counts = np.zeros((rows, values.shape[1])), np.zeros((rows, values.shape[1]))
    np.add.at(sums, places, np.where(known, values, 0.0))
    np.add.at(counts, places, known)
    made = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    grid = ((first + np.arange(rows)) * step).astype("datetime64[s]")
    return Gridded(grid, made, {"rows averaged": f"{len(times)} rows to {rows} steps of {step} s"})


def even(times: np.ndarray, values: np.ndarray, where: list[str]) -> Gridded:
    """Rows at the step that the table has: seconds, weekdays or months; rows that are not there are missing.

    Args:
        times: datetime64[s] (N,), ascending, each once.
        values: (N, D).
        where: of each row, for messages ("sales.csv, line 3").

    Raises:
        DataError: the steps are irregular; the message names the first row that is.
    """
    places, name = _places(times, where)
    rows = int(places[-1]) + 1
    if rows > _MOST_EMPTY * len(times):
        raise DataError(
            f"The {len(times)} rows would be {rows} at even steps of {name}: the series is nearly all gap. Set "
            "task.step=1d, or another step, to average over steps."
        )
    made = np.full((rows, values.shape[1]), np.nan)
    made[places] = values
    notes: dict[str, str | int | float] = {"step": name}
    if rows > len(times):
        notes["steps without a row"] = rows - len(times)
    return Gridded(_grid(times, rows, name), made, notes)


def _places(times: np.ndarray, where: list[str]) -> tuple[np.ndarray, str]:
    """The position of each row on the grid, and the name of its step."""
    months = times.astype("datetime64[M]")
    since = (times - months.astype("datetime64[s]")).astype(np.int64)
    apart: np.ndarray = np.diff(months.astype(np.int64))
    if (since == since[0]).all() and (apart > 0).all() and len(times) > 2:
        step = int(np.bincount(apart).argmax())
        if (apart % step == 0).all():
            return (months.astype(np.int64) - int(months[0].astype(np.int64))) // step, f"{step} months"
    seconds = times.astype(np.int64)
    gaps: np.ndarray = np.diff(seconds)
    steps, counts = np.unique(gaps, return_counts=True)
    step = int(steps[np.argmax(counts)])
    days = times.astype("datetime64[D]")
    if step == _DAY and (gaps % _DAY == 0).all() and np.is_busday(days).all() and (gaps == 3 * _DAY).any():
        return np.busday_count(days[0], days).astype(np.int64), "weekdays"
    wrong = np.flatnonzero(gaps % step)
    if len(wrong):
        row = int(wrong[0]) + 1
        raise DataError(
            f"{where[row]}: {gaps[row - 1]} s after the row before, where the step is {step} s ({counts.max()} of "
            f"{len(gaps)} times); {len(wrong)} rows are off that grid. Set task.step={_written(step)} to average over "
            "even steps, or write the table at even steps."
        )
    return (seconds - seconds[0]) // step, f"{step} s"


def _grid(times: np.ndarray, rows: int, name: str) -> np.ndarray:
    if name.endswith("months"):
        months = times[0].astype("datetime64[M]") + np.arange(rows) * int(name.split(maxsplit=1)[0])
        rest = times[0] - times[0].astype("datetime64[M]").astype("datetime64[s]")
        made: np.ndarray = months.astype("datetime64[s]") + rest
        return made
    if name == "weekdays":
        days = np.busday_offset(times[0].astype("datetime64[D]"), np.arange(rows))
        found: np.ndarray = days.astype("datetime64[s]") + (times[0] - times[0].astype("datetime64[D]"))
        return found
    seconds: np.ndarray = times[0] + np.arange(rows) * np.timedelta64(int(name.split(maxsplit=1)[0]), "s")
    return seconds


def _written(step: int) -> str:
    unit = next(unit for unit in ("w", "d", "h", "min", "s") if step % _UNITS[unit] == 0)
    return f"{step // _UNITS[unit]}{unit}"
