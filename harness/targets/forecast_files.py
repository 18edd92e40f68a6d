"""Forecasts in full: packed in a run's folder, and as tables that any other tool reads.

answers/forecasts.npz    in the run's folder: forecasts and truth on the normalised scale, float32, and the scale
forecasts.csv            window, step, variable, truth, forecast, and a column a quantile, in units of the data
scales.csv               variable, unit, mean, sd: of each variable on the training split

Metrics in "sd" and "sd²" are on the normalised scale: divide errors of a variable by its sd to get them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness.errors import DataError

if TYPE_CHECKING:
    from harness.contract.hypotheses import Content

_FILE = "forecasts.npz"


@dataclass(frozen=True)
class Scales:
    """Name, unit, and mean and deviation on the training split, of each variable."""

    names: Sequence[str]
    units: Sequence[str]
    means: Sequence[float]
    deviations: Sequence[float]


def packed(
    windows: Sequence[str], truth: np.ndarray, forecast: np.ndarray, quantiles: Sequence[float], scales: Scales
) -> dict[str, bytes]:
    """The file of a run's folder.

    Args:
        windows: ids of the examples, N.
        truth: float32 (N, horizon, dim), normalised.
        forecast: float32 (N, horizon, dim, Q), normalised; Q is 1 for points.
        quantiles: Q of them, or none.
        scales: of the variables.
    """
    content = io.BytesIO()
    np.savez(
        content,
        windows=np.array(windows, dtype=np.str_),
        truth=truth,
        forecast=forecast,
        quantiles=np.array(quantiles, dtype=np.float64),
        names=np.array(scales.names, dtype=np.str_),
        units=np.array(scales.units, dtype=np.str_),
        means=np.array(scales.means, dtype=np.float64),
        deviations=np.array(scales.deviations, dtype=np.float64),
    )
    return {_FILE: content.getvalue()}


def tables(kept: Path) -> dict[str, Content]:
    """The two tables, from what `packed` left in a folder.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        with np.load(kept / _FILE, allow_pickle=False) as file:
            found = dict(file)
        scales = [*zip(*(found[name].tolist() for name in ("names", "units", "means", "deviations")), strict=True)]
        return {
            "forecasts.csv": _forecasts(found),
            "scales.csv": _written([("variable", "unit", "mean", "sd"), *scales]),
        }
    except FileNotFoundError as error:
        raise DataError(
            f"The forecasts in full are in the run's folder, and {kept / _FILE} is not here: the run was made "
            "elsewhere, or its folder was moved. Copy it here, or set HARNESS_RESULTS."
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{kept / _FILE} is damaged: {error}. Repeat the run in another store (HARNESS_RESULTS)."
        ) from error


def _forecasts(found: dict[str, np.ndarray]) -> Iterator[str]:
    """A window at a time, since all of them may be millions of rows."""
    quantiles = found["quantiles"].tolist()
    yield _written([("window", "step", "variable", "truth", "forecast", *(f"q{q:g}" for q in quantiles))])
    names, means, deviations = found["names"].tolist(), found["means"], found["deviations"]
    for window, truth, forecast in zip(found["windows"].tolist(), found["truth"], found["forecast"], strict=True):
        right = means + deviations * truth  # (horizon, dim)
        said = means[:, None] + deviations[:, None] * forecast  # (horizon, dim, Q)
        point = said[..., said.shape[-1] // 2]
        yield _written(
            (window, step + 1, name, f"{right[step, k]:.12g}", f"{point[step, k]:.12g}")
            + (tuple(f"{value:.12g}" for value in said[step, k]) if quantiles else ())
            for step in range(len(right))
            for k, name in enumerate(names)
        )


def _written(rows: Iterable[Iterable[object]]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()
