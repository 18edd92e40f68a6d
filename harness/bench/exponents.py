"""The growth of a cost: the exponent p of cost = c * size^p, from a straight line through logarithms."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from harness.bench.comparison import BenchRow


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> tuple[float, float]:
    """Slope of log cost over log size by least squares, and half the width of its 95 % interval (Student's t).

    A cost that is not a power of the size also widens the interval.

    Raises:
        ValueError: fewer than three sizes, or one that is not above 0.
    """
    from scipy import stats

    if len(sizes) < 3:
        raise ValueError(f"an exponent with an interval needs three sizes or more, not {len(sizes)}")
    if min(*sizes, *costs) <= 0:
        raise ValueError("sizes and costs must be above 0")
    x, y = ([math.log(value) for value in values] for values in (sizes, costs))
    line = statistics.linear_regression(x, y)
    rest = sum((b - line.intercept - line.slope * a) ** 2 for a, b in zip(x, y, strict=True))
    error = math.sqrt(rest / (len(x) - 2) / sum((a - statistics.mean(x)) ** 2 for a in x))
    return line.slope, error * float(stats.t.ppf(0.975, len(x) - 2))


def growth_row(
    name: str, costs: Mapping[int, Sequence[float]], *, limit: float | None, about: str, unit: str = "s"
) -> BenchRow:
    """The exponent of the median costs (size -> one for each round) as a row; a and b are the ends."""
    sizes = sorted(costs)
    medians = [statistics.median(costs[size]) for size in sizes]
    slope, half = exponent(sizes, medians)
    return BenchRow(name, slope, half, medians[0], medians[-1], limit, about, unit=unit)
