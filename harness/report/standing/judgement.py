"""The judgement of one comparison: who is best, who may be, and why it may be undecided.

The rules, in this order:

1. A model with a run that diverged or exceeded a limit is unstable: it is never best, and its other runs are never
   averaged as if they were all.
2. A seed without an outcome leaves the comparison undecided, since the missing run may have been the one that matters.
3. A model whose mean is not better than every baseline's is below a baseline, which is said before anything else.
4. The best of the others is named if rank verification supports it (`harness.report.statistics.ranking`).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.report.comparisons import Comparison
from harness.report.results import Scale, primary_of, primary_summary
from harness.report.standing.contenders import Contender, contenders_of
from harness.report.standing.examples import MOST_ROWS, ExampleTables, read_examples
from harness.report.statistics import FEW_SEEDS, PairTest, PairTests, Ranking, compare_pairs, rank_verified
from harness.store import Store
from harness.store.query import RunView

Outcome = Literal["best", "tied", "undecided", "below_baseline", "no_contest", "no_result"]
Standing = Literal["best", "tied", "worse", "below_baseline", "unstable", "undecided"]


@dataclass(frozen=True)
class Judgement:
    """What the runs of one comparison support.

    Attributes:
        scale: of the primary metric.
        contenders: models and baselines.
        pairs: tests between those that are ranked.
        ranking: rank verification of them.
        outcome: of the comparison; "tied" means tied for practical purposes, by the metric's margin.
        best: the model that is named; None unless the outcome is "best".
        may_be_best: models that may be best, the best mean first.
        standings: of every model with an outcome.
        margin: the smallest difference that matters, in the metric's unit; None: not declared.
        looks: how often the results were planned to be looked at.
        examples: statistics of test examples, and why some are missing.
        commands: that run missing seeds, one a model.
    """

    scale: Scale
    contenders: tuple[Contender, ...]
    pairs: PairTests
    ranking: Ranking
    outcome: Outcome
    best: str | None
    may_be_best: tuple[str, ...]
    standings: Mapping[str, Standing]
    margin: float | None
    looks: int
    examples: ExampleTables
    commands: tuple[str, ...]

    @property
    def leaders(self) -> tuple[str, ...]:
        """Models with the best mean of those that are ranked, several if equal; none without a contest."""
        others = len(self.pairs.order) > len(self.ranking.leaders)
        return self.ranking.leaders if others else ()

    @property
    def missing(self) -> tuple[Contender, ...]:
        """Models with a seed that has no outcome, without those that are unstable anyway."""
        return tuple(c for c in self.contenders if c.missing and not c.unstable)

    @property
    def unstable(self) -> tuple[Contender, ...]:
        """Models with a run that diverged or exceeded a limit."""
        return tuple(c for c in self.contenders if c.unstable)

    def contender(self, label: str) -> Contender:
        """The contender with this label.

        Raises:
            KeyError: there is none.
        """
        return {c.label: c for c in self.contenders}[label]

    def gap(self, label: str) -> PairTest | None:
        """The test between a contender and the best mean of the models; None for that one, or without a rank."""
        first = self.ranking.leaders[0] if self.ranking.leaders else label
        return None if label == first or label not in self.pairs.order else self.pairs.between(first, label)


def judge(store: Store | None, comparison: Comparison, rows: int = MOST_ROWS) -> Judgement:
    """Judge a comparison.

    Args:
        store: open, for the test examples; None: judged over seeds alone.
        comparison: runs under equal conditions.
        rows: the most test examples that are read.
    """
    scale = primary_of(comparison)
    higher = scale.higher_is_better is not False
    contenders = contenders_of(comparison)
    ranked = {c.label: c for c in contenders if c.ranked}
    entries = [e for e in (*comparison.entries, *comparison.baselines) if e.label in ranked]
    entries.sort(key=lambda e: -primary_summary(e).mean if higher else primary_summary(e).mean)
    worth_reading = sum(c.is_model for c in ranked.values()) > 0 and len(ranked) > 1
    examples = (
        read_examples(store, comparison, scale.name, entries, rows)
        if store is not None and worth_reading
        else ExampleTables()
    )
    samples = {label: c.sample for label, c in ranked.items()}
    pairs = compare_pairs(samples, examples.errors(entries), higher_is_better=higher)
    looks = looks_of(comparison)
    ranking = rank_verified(pairs, looks)
    margin = _margin(comparison, scale)
    outcome = _outcome(contenders, pairs, ranking, margin)
    best = (ranking.best or pairs.models[0]) if outcome == "best" else None
    may_be_best = (best,) if best is not None else _may_be_best(contenders, ranking)
    return Judgement(
        scale,
        contenders,
        pairs,
        ranking,
        outcome,
        best,
        may_be_best,
        _standings(contenders, pairs, best, may_be_best, higher=higher),
        margin,
        looks,
        examples,
        tuple(_commands(comparison, contenders)),
    )


def looks_of(comparison: Comparison) -> int:
    """How often the results were planned to be looked at while seeds were added: 1 unless a sweep said otherwise."""
    return max((r.looks for e in comparison.entries for r in [*e.finished, *e.others]), default=0) or 1


def _margin(comparison: Comparison, scale: Scale) -> float | None:
    declared = comparison.any_run.units.get(scale.name)
    margin = declared.get("margin") if isinstance(declared, dict) else None
    known = isinstance(margin, int | float) and not isinstance(margin, bool) and margin > 0
    return float(margin) if known and margin is not None else None


def _outcome(contenders: tuple[Contender, ...], pairs: PairTests, ranking: Ranking, margin: float | None) -> Outcome:
    models = [c for c in contenders if c.is_model]
    if not pairs.models:
        return "undecided" if any(c.outcomes for c in models) else "no_result"
    if ranking.ahead:
        return "below_baseline"
    if len(pairs.order) < 2 and len(models) < 2:
        return "no_contest"
    if any(c.missing and not c.unstable for c in models):
        return "undecided"
    alone = len(pairs.order) < 2 and pairs.samples[pairs.models[0]].enough  # its only rivals are unstable
    if ranking.best is not None or alone:
        return "best"
    return "tied" if margin is not None and _all_within(pairs, ranking, margin) else "undecided"


def _all_within(pairs: PairTests, ranking: Ranking, margin: float) -> bool:
    """Whether those that may be best are shown to differ by less than the margin, and beat every baseline."""
    if len(ranking.may_be_best) < 2 or any(t.other(pairs.models[0]) not in pairs.models for t in ranking.open):
        return False
    among = [t for t in pairs.tests if {t.first, t.second} <= set(ranking.may_be_best)]
    known = [(t.difference, t.half_width) for t in among if t.p is not None]
    return len(known) == len(among) and all(abs(d) + (h or 0.0) <= margin for d, h in known)


def _may_be_best(contenders: tuple[Contender, ...], ranking: Ranking) -> tuple[str, ...]:
    """As the ranking says, and models without any outcome, of which nothing is known."""
    unknown = tuple(c.label for c in contenders if c.is_model and not c.outcomes and c.missing)
    return (*ranking.may_be_best, *unknown)


def _standings(
    contenders: tuple[Contender, ...],
    pairs: PairTests,
    best: str | None,
    may_be_best: tuple[str, ...],
    *,
    higher: bool,
) -> dict[str, Standing]:
    levels = [s.mean for s in pairs.samples.values() if not s.is_model]
    baseline = (max(levels) if higher else min(levels)) if levels else None
    found: dict[str, Standing] = {}
    for c in contenders:
        if not c.is_model:
            continue
        if c.unstable:
            found[c.label] = "unstable"
        elif not c.values:
            found[c.label] = "undecided"
        elif baseline is not None and not (c.sample.mean > baseline if higher else c.sample.mean < baseline):
            found[c.label] = "below_baseline"
        elif c.label == best:
            found[c.label] = "best"
        elif c.missing or not c.sample.enough:
            found[c.label] = "undecided"
        else:
            found[c.label] = "tied" if c.label in may_be_best else "worse"
    return found


def _commands(comparison: Comparison, contenders: tuple[Contender, ...]) -> list[str]:
    """A command a model that runs its missing seeds, or those that make three."""
    entries = {e.label: e for e in comparison.entries}
    found = []
    for c in contenders:
        if not c.is_model or c.unstable:
            continue
        seeds = list(c.missing)
        few = FEW_SEEDS - c.outcomes - len(seeds)
        known = {*c.values, *c.diverged, *c.over_limit, *seeds}
        seeds += [s for s in range(FEW_SEEDS + len(known)) if s not in known][: max(few, 0)]
        entry = entries[c.label]
        run = next((r for r in [*entry.others, *entry.finished] if r.command), None)
        command = _with_seeds(run, seeds, retry=bool(c.broken)) if seeds and run is not None else ""
        found += [command] if command else []
    return found


def _with_seeds(run: RunView, seeds: list[int], *, retry: bool) -> str:
    """The command of a run as a sweep over other seeds; empty if it cannot be read."""
    try:
        words = [w for w in shlex.split(run.command)[2:] if not w.startswith("seed=")]
    except ValueError:  # a quotation that is not closed
        return ""
    listed = ",".join(map(str, sorted(seeds)))
    return shlex.join(["harness", "sweep", *words, f"seed={listed}", *(["--retry", "failed"] if retry else [])])
