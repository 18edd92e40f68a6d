"""What is known of every contender of a comparison: its values, and what became of the runs without one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.comparisons import Comparison, Entry
from harness.report.statistics import SeedSample
from harness.store.query import RunView
from harness.store.states import DIVERGED, FAILED, OVER_LIMIT


@dataclass(frozen=True)
class Contender:
    """A model, or a baseline, over its seeds.

    Attributes:
        label: of its entry.
        is_model: whether it is a model; a baseline has no seeds.
        values: of the primary metric by seed, the finite ones.
        diverged: seeds whose training loss, or whose score, was no finite number.
        over_limit: seeds that were stopped because they used more time or memory than they may.
        missing: seeds that were planned, for it or for another model, and have no outcome.
        broken: those of the missing that failed for another reason than the model.
    """

    label: str
    is_model: bool
    values: dict[int, float]
    diverged: tuple[int, ...] = ()
    over_limit: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    broken: tuple[int, ...] = ()

    @property
    def unstable(self) -> bool:
        """Whether a run of it diverged or exceeded a limit, so that it cannot be best."""
        return bool(self.diverged or self.over_limit)

    @property
    def outcomes(self) -> int:
        """How many seeds have an outcome, good or bad."""
        return len({*self.values, *self.diverged, *self.over_limit})

    @property
    def ranked(self) -> bool:
        """Whether it can be ranked: it has values, and none of its runs diverged or exceeded a limit."""
        return bool(self.values) and not self.unstable

    @property
    def sample(self) -> SeedSample:
        """Its values for the tests."""
        values = tuple(self.values[seed] for seed in sorted(self.values))
        varies = self.is_model or len(set(values)) > 1
        return SeedSample(values if varies else values[:1], seeded=varies, is_model=self.is_model)


def contenders_of(comparison: Comparison) -> tuple[Contender, ...]:
    """Models in the order of the comparison, then baselines with a value.

    A model that was never planned under these conditions, or cannot do the task, is none.
    """
    models = [e for e in comparison.entries if e.finished or any(r.status != "incompatible" for r in e.others)]
    seeds = sorted({r.seed for e in models for r in [*e.finished, *e.others] if r.status != "incompatible"})
    baselines = [c for e in comparison.baselines if (c := _baseline(e)).values]
    return (*(_model(e, seeds) for e in models), *baselines)


def _model(entry: Entry, seeds: Sequence[int]) -> Contender:
    values = {r.seed: r.primary_value for r in entry.finished}
    finite = {seed: v for seed, v in values.items() if v is not None and math.isfinite(v)}
    odd = set(values) - set(finite)
    failed = [r for r in entry.others if r.status == FAILED]
    diverged = odd | {r.seed for r in failed if r.failure == DIVERGED}
    over = {r.seed for r in failed if r.failure == OVER_LIMIT}
    missing = [seed for seed in seeds if seed not in values and seed not in diverged | over]
    broken = {r.seed for r in failed if _is_broken(r)}
    return Contender(
        entry.label,
        True,
        finite,
        tuple(sorted(diverged)),
        tuple(sorted(over - diverged)),
        tuple(missing),
        tuple(seed for seed in missing if seed in broken),
    )


def _is_broken(run: RunView) -> bool:
    return run.failure not in (DIVERGED, OVER_LIMIT)


def _baseline(entry: Entry) -> Contender:
    """Its values; where all are equal, it draws nothing, and its runs are one."""
    values = {r.seed: v for r in entry.finished if (v := r.primary_value) is not None and math.isfinite(v)}
    return Contender(entry.label, False, values)
