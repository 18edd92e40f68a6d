"""Whether our runs reproduce a published claim, cell by cell.

The 95 % interval of the mean over seeds (of a difference or ratio of two means: Welch's) is held against the cell's
bound. On the published side of it: reproduced; on the other: not reproduced; across it, or with fewer than three seeds:
undecided. A model that does not even fit what it was trained on is undertrained, whatever it scores elsewhere: that is
no evidence of what it cannot do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

import numpy as np

from harness.report import formatting as fmt
from harness.report.comparisons import Comparison, Entry
from harness.report.conditions import flatten
from harness.report.costs import Costs, costs_of
from harness.report.published_claims.claim import ClaimCell, PublishedClaim
from harness.report.reproduction.figures import values_of
from harness.report.results import primary_of
from harness.report.statistics import FEW_SEEDS, Summary
from harness.store.query import RunView
from harness.store.states import DIVERGED, OVER_LIMIT

COST_NAMES = tuple(item.name for item in fields(Costs) if "Summary" in str(item.type))
"""Costs that a cell may be about in place of a metric: "throughput", "training_s", "latency_1_ms" and so on."""


class ClaimOutcome(StrEnum):
    """What a published claim, or one cell of it, comes to."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    UNDERTRAINED = "undertrained"
    UNDECIDED = "undecided"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Measured:
    """What runs of one side of a cell gave.

    Attributes:
        entry: the model in its configuration.
        summary: over seeds.
        lost: how many further seeds diverged or exceeded a limit.
    """

    entry: Entry
    summary: Summary
    lost: int

    @property
    def seedless(self) -> bool:
        """Whether it is a baseline that draws nothing at random: one run is all there is."""
        return self.entry.kind == "baseline" and self.summary.seeds == 1


@dataclass(frozen=True)
class CellVerdict:
    """A published cell beside ours.

    Attributes:
        cell: what was published.
        ours, rival: of `of` and `against`; None where nothing was run, and without a rival.
        value, low, high: the value, difference or ratio with its interval; NaN where there is none.
        outcome: the verdict; why: its reason, a sentence without a full stop.
    """

    cell: ClaimCell
    ours: Measured | None
    rival: Measured | None
    value: float
    low: float
    high: float
    outcome: ClaimOutcome
    why: str


@dataclass(frozen=True)
class ClaimVerdict:
    """A claim with the verdict on every cell."""

    claim: PublishedClaim
    cells: tuple[CellVerdict, ...]

    @property
    def outcome(self) -> ClaimOutcome:
        """Reproduced if every cell is; not reproduced if one is not; else undecided."""
        found = {one.outcome for one in self.cells}
        if found == {ClaimOutcome.NOT_RUN}:
            return ClaimOutcome.NOT_RUN
        if ClaimOutcome.NOT_REPRODUCED in found:
            return ClaimOutcome.NOT_REPRODUCED
        return ClaimOutcome.REPRODUCED if found == {ClaimOutcome.REPRODUCED} else ClaimOutcome.UNDECIDED

    @property
    def words(self) -> str:
        """How many cells came to what: "3 reproduced, 1 undecided"."""
        counts = [(one, sum(c.outcome is one for c in self.cells)) for one in ClaimOutcome]
        return ", ".join(f"{number} {one.value}" for one, number in counts if number)


def judge_claim(claim: PublishedClaim, comparisons: Sequence[Comparison]) -> ClaimVerdict:
    """The verdict on every cell; runs of other sweeps than the claim's are passed over."""
    own = [_of_sweep(comparison, claim.sweep) for comparison in comparisons]
    return ClaimVerdict(claim, tuple(_judged(claim, cell, own) for cell in claim.cells))


def _of_sweep(comparison: Comparison, sweep: str) -> Comparison:
    def kept(entries: Sequence[Entry]) -> list[Entry]:
        return [
            replace(
                entry,
                finished=[r for r in entry.finished if sweep in r.sweeps],
                others=[r for r in entry.others if sweep in r.sweeps],
            )
            for entry in entries
        ]

    return replace(comparison, entries=kept(comparison.entries), baselines=kept(comparison.baselines))


def _judged(claim: PublishedClaim, cell: ClaimCell, data: Sequence[Comparison]) -> CellVerdict:
    sides = []
    for options in (cell.of, *([cell.against] if cell.against else [])):
        found = _matching(data, options)
        if len(found) != 1:
            outcome = ClaimOutcome.UNDECIDED if found else ClaimOutcome.NOT_RUN
            why = _ambiguous(found) if found else f"no finished run has {_told(options)}"
            return CellVerdict(cell, None, None, math.nan, math.nan, math.nan, outcome, why)
        comparison, entry = found[0]
        sides.append(_measured(comparison, entry, cell.metric or claim.metric))
    ours, rival = sides[0], sides[1] if cell.against else None
    value, low, high = _interval(cell, ours, rival)
    outcome, why = _outcome(cell, ours, rival, (value, low, high))
    low_score = (outcome is ClaimOutcome.NOT_REPRODUCED) == (cell.bound == "at_least")
    if low_score and outcome in (ClaimOutcome.REPRODUCED, ClaimOutcome.NOT_REPRODUCED):
        unfit = _unfit(claim, _matching(data, cell.of)[0])
        if unfit:
            outcome, why = ClaimOutcome.UNDERTRAINED, unfit
    return CellVerdict(cell, ours, rival, value, low, high, outcome, why)


# -- the runs ----------------------------------------------------------------------------------------


def _matching(data: Sequence[Comparison], options: Mapping[str, Any]) -> list[tuple[Comparison, Entry]]:
    """Models and baselines with these options that have finished runs."""
    return [
        (comparison, entry)
        for comparison in data
        for entry in [*comparison.entries, *comparison.baselines]
        if entry.finished and _has(entry.finished[0], options)
    ]


def _has(run: RunView, options: Mapping[str, Any]) -> bool:
    flat = {**flatten(run.config), "model": run.model, "task": run.task}
    return all(flat.get(name) == value for name, value in options.items())


def _measured(comparison: Comparison, entry: Entry, metric: str | None) -> Measured:
    """A metric, or a cost by its field in `Costs`, over seeds; of a time, only that of runs without other work."""
    name = metric or primary_of(comparison).name
    lost = sum(r.failure in (DIVERGED, OVER_LIMIT) for r in entry.others)
    if name in COST_NAMES:
        costs = costs_of(comparison).get(entry.label)
        return Measured(entry, (costs.comparable(name) if costs else None) or Summary(()), lost)
    return Measured(entry, Summary(values_of(comparison, entry, name)), lost)


def _unfit(claim: PublishedClaim, found: tuple[Comparison, Entry]) -> str:
    """That the model does not fit what it was trained on; empty if it does, or if the claim does not ask."""
    if claim.fits is None:
        return ""
    fit = _measured(*found, claim.fits.metric).summary
    if fit.mean >= claim.fits.at_least:
        return ""
    return (
        f"{claim.fits.metric} {fmt.fixed(fit.mean, 1)} is below {claim.fits.at_least:g}: it has not learnt what it was "
        "trained on, which says nothing of what it can learn"
    )


# -- the verdict -------------------------------------------------------------------------------------


def _interval(cell: ClaimCell, ours: Measured, rival: Measured | None) -> tuple[float, float, float]:
    """What the cell is about with its 95 % interval; NaN where there are too few seeds or values."""
    if not all(side.summary.seeds for side in (ours, rival) if side):
        return math.nan, math.nan, math.nan
    if rival is None:
        return _of_one(np.array(ours.summary.values), ours.seedless)
    first, second = np.array(ours.summary.values), np.array(rival.summary.values)
    if cell.compared == "ratio":
        if not (first > 0).all() or not (second > 0).all():
            return math.nan, math.nan, math.nan
        value, low, high = _of_two(np.log(first), np.log(second), ours.seedless, rival.seedless)
        return math.exp(value), math.exp(low), math.exp(high)
    return _of_two(first, second, ours.seedless, rival.seedless)


def _of_one(values: np.ndarray, seedless: bool) -> tuple[float, float, float]:
    summary = Summary(tuple(values.tolist()))
    low, high = (summary.mean, summary.mean) if seedless else summary.interval or (math.nan, math.nan)
    return summary.mean, low, high


def _of_two(
    first: np.ndarray, second: np.ndarray, first_seedless: bool, second_seedless: bool
) -> tuple[float, float, float]:
    """The difference of two means: Welch's interval, or that of one mean less a number that no seed changes."""
    from scipy import stats

    difference = float(first.mean() - second.mean())
    known = [seedless or len(values) > 1 for values, seedless in ((first, first_seedless), (second, second_seedless))]
    if not all(known):
        return difference, math.nan, math.nan
    # A side that no seed changes is a number: Welch's interval is then that of the other mean.
    if np.ptp(second) == 0:
        return _of_one(first - second.mean(), first_seedless)
    if np.ptp(first) == 0:
        return _of_one(first.mean() - second, second_seedless)
    found = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    return difference, float(found.low), float(found.high)


def _outcome(
    cell: ClaimCell, ours: Measured, rival: Measured | None, interval: tuple[float, float, float]
) -> tuple[ClaimOutcome, str]:
    _, low, high = interval
    sides = [ours, *([rival] if rival else [])]
    if lost := sum(side.lost for side in sides):
        return ClaimOutcome.UNDECIDED, f"{fmt.plural(lost, 'run')} diverged or exceeded a limit"
    seeds = min((side.summary.seeds for side in sides if not side.seedless), default=FEW_SEEDS)
    if seeds < FEW_SEEDS:
        return ClaimOutcome.UNDECIDED, f"{fmt.plural(seeds, 'seed')}: {FEW_SEEDS} are the fewest that count"
    if not all(map(math.isfinite, interval)):
        return ClaimOutcome.UNDECIDED, "a run has no finite value of this metric"
    if cell.bound == "at_least":
        inside, outside = low >= cell.limit, high < cell.limit
    else:
        inside, outside = high <= cell.limit, low > cell.limit
    expected = f"{cell.expectation} was expected"
    if inside:
        return ClaimOutcome.REPRODUCED, expected
    if outside:
        return ClaimOutcome.NOT_REPRODUCED, expected
    return ClaimOutcome.UNDECIDED, f"{expected}, and the interval holds values on both sides"


def _ambiguous(found: Sequence[tuple[Comparison, Entry]]) -> str:
    labels = "; ".join(f"{entry.label} ({comparison.conditions.dataset})" for comparison, entry in found)
    return f"{len(found)} groups of runs that are not compared with each other: {labels}"


def _told(options: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in options.items())
