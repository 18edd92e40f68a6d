"""What can be said of a few seeds: means, Student-t intervals, and whether the best is ahead of the next.

Bootstrap intervals of a mean over 3 to 10 seeds cover far less than they promise; Student-t keeps its 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
FEW_SEEDS = 3
"""With fewer seeds than this, no comparison of means is called evidence."""


@dataclass(frozen=True)
class Summary:
    """A mean over seeds.

    Attributes:
        mean: over `values`; NaN when there are none.
        half_width: of the 95 % Student-t interval of the mean; None with a single seed.
        values: one a seed, NaN left out.
    """

    mean: float
    half_width: float | None
    values: tuple[float, ...]

    @property
    def seeds(self) -> int:
        """How many seeds the mean is over."""
        return len(self.values)


@dataclass(frozen=True)
class Verdict:
    """Which model has the best mean, and in plain words what that is worth.

    Attributes:
        best: its name; None where no model has a value.
        contested: whether another model has a worse mean, so that being best says anything.
        supported: whether a 95 % test says that it is ahead of the next.
        sentence: for the reader.
    """

    best: str | None
    contested: bool
    supported: bool
    sentence: str


def summarise(values: Sequence[float | None]) -> Summary:
    """Mean and 95 % Student-t interval over seeds.

    With n values of standard deviation s (n - 1 in the denominator) the half width is t(0.975, n - 1) s / sqrt(n).
    """
    known = tuple(float(v) for v in values if v is not None and not math.isnan(v))
    if not known:
        return Summary(math.nan, None, ())
    if len(known) == 1:
        return Summary(known[0], None, known)
    mean = float(np.mean(known))
    spread = float(np.std(known, ddof=1)) if np.isfinite(known).all() else math.nan
    factor = float(stats.t.ppf(0.5 + CONFIDENCE / 2, len(known) - 1))
    return Summary(mean, factor * spread / math.sqrt(len(known)), known)


def judge(summaries: Mapping[str, Summary], *, higher_is_better: bool) -> Verdict:
    """Name the best mean and say whether the seeds support that it is ahead of the second best.

    The test is Welch's, two-sided at 5 %. It compares one pair that the data chose, so it is a description of
    these runs and no proof; with fewer than three seeds for either, nothing is claimed.
    """
    known = {name: s for name, s in summaries.items() if s.seeds and math.isfinite(s.mean)}
    if not known:
        return Verdict(None, False, False, "No model has finished.")
    order = sorted(known, key=lambda name: -known[name].mean if higher_is_better else known[name].mean)
    best = order[0]
    if len(order) == 1:
        return Verdict(best, False, False, f"{best} is the only model with a result.")
    second = order[1]
    one, two = known[best], known[second]
    if one.mean == two.mean:
        return Verdict(best, False, False, f"{best} and {second} have the same mean.")
    seeds = min(one.seeds, two.seeds)
    if seeds < FEW_SEEDS:
        count = "one seed" if seeds == 1 else f"{seeds} seeds"
        return Verdict(
            best,
            True,
            False,
            f"{best} has the best mean, but {count} cannot show that it is ahead of {second}; "
            f"run at least {FEW_SEEDS}.",
        )
    p = welch(one.values, two.values)
    if p < 1 - CONFIDENCE:
        return Verdict(
            best, True, True, f"{best} is ahead of {second} (Welch's t test over {seeds} seeds, p = {p:.2g})."
        )
    return Verdict(
        best,
        True,
        False,
        f"{best} has the best mean, but it cannot be told from {second} (Welch's t test over {seeds} seeds, "
        f"p = {p:.2g}).",
    )


def welch(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p value of Welch's t test; 0 where neither sample varies and the means differ."""
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return 1.0 if first[0] == second[0] else 0.0
    return float(stats.ttest_ind(first, second, equal_var=False).pvalue)


@dataclass(frozen=True)
class Band:
    """A learning curve over seeds, arrays of equal length (N,).

    Attributes:
        steps: optimizer steps; seconds: mean training seconds at them.
        mean, low, high: of the metric over seeds.
        seeds: how many.
    """

    steps: np.ndarray
    seconds: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    seeds: int


def band(curves: Sequence[Sequence[tuple[int, float, float]]]) -> Band | None:
    """Join the curves of several seeds, each (step, seconds, value) rows, at the steps that all of them have.

    Where seeds share fewer than two steps (a budget in seconds), positions count instead: the k-th validations
    are put together, at the mean of their steps. Values that are not finite are left out; None for nothing.
    """
    kept = [[row for row in curve if math.isfinite(row[2])] for curve in curves]
    kept = [curve for curve in kept if curve]
    if not kept:
        return None
    shared = sorted(set.intersection(*({row[0] for row in curve} for curve in kept)))
    if len(shared) >= 2:
        wanted = set(shared)
        aligned = [[row for row in curve if row[0] in wanted] for curve in kept]
    else:
        shortest = min(len(curve) for curve in kept)
        aligned = [curve[:shortest] for curve in kept]
    cube = np.array(aligned, dtype=float)  # (seeds, N, 3)
    steps, seconds, values = cube[..., 0], cube[..., 1], cube[..., 2]
    return Band(steps.mean(0), seconds.mean(0), values.mean(0), values.min(0), values.max(0), len(aligned))
