"""Two ways of doing the same thing, timed alternately in one run: only ratios are meaningful on a shared machine."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Better = Literal["smaller", "larger"]


@dataclass(frozen=True)
class BenchRow:
    """One comparison.

    Attributes:
        name: of the benchmark.
        ratio: median over rounds of the first time divided by the second; for growth, the exponent.
        spread: half the width of the 95 % interval of that median.
        a, b: medians of the two, in `unit`; for growth, at the smallest and the largest size.
        limit: target for the ratio: at most this if smaller is better, at least this if larger is; None: no target.
        about: what was compared, for people.
        better: which ratios are better: larger if the first is a rival's time and the second ours.
        unit: of a and b, "s" or "bytes".
    """

    name: str
    ratio: float
    spread: float
    a: float
    b: float
    limit: float | None = None
    about: str = ""
    better: Better = "smaller"
    unit: str = "s"

    @property
    def wanted(self) -> str:
        """The limit as text: "≤ 1.05", or "smaller" without a limit."""
        if self.limit is None:
            return self.better
        return f"{'≤' if self.better == 'smaller' else '≥'} {self.limit:g}"

    @property
    def kept(self) -> bool:
        """Whether the ratio meets the limit."""
        if self.limit is None:
            return True
        return self.ratio <= self.limit if self.better == "smaller" else self.ratio >= self.limit


def row(
    name: str,
    first: Sequence[float],
    second: Sequence[float],
    *,
    limit: float | None,
    about: str,
    better: Better = "smaller",
) -> BenchRow:
    """The comparison of times measured in pairs, round by round."""
    ratios = sorted(a / b for a, b in zip(first, second, strict=True))
    low, high = _median_interval(len(ratios))
    return BenchRow(
        name,
        statistics.median(ratios),
        (ratios[high] - ratios[low]) / 2,
        statistics.median(first),
        statistics.median(second),
        limit,
        about,
        better,
    )


def in_turn(
    name: str,
    first: Callable[[], object],
    second: Callable[[], object],
    *,
    rounds: int,
    limit: float | None = None,
    about: str = "",
    better: Better = "smaller",
) -> BenchRow:
    """Call both once to warm up, then alternately, with the order reversed each round."""
    first(), second()
    times: dict[Callable[[], object], list[float]] = {first: [], second: []}
    for number in range(rounds):
        for act in (first, second) if number % 2 == 0 else (second, first):
            times[act].append(timed(act))
    return row(name, times[first], times[second], limit=limit, about=about, better=better)


def timed(act: Callable[[], object]) -> float:
    """Seconds a call takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _median_interval(count: int) -> tuple[int, int]:
    """Positions in sorted values that contain the true median with 95 % probability (binomial, normal
    approximation)."""
    half = 1.96 * math.sqrt(count) / 2
    return max(0, math.floor(count / 2 - half)), min(count - 1, math.ceil(count / 2 + half))
