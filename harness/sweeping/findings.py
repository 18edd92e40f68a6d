"""What a sweep's results show so far, comparison by comparison, by the judgements that the report makes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.report.comparisons import Comparison, compare
from harness.report.standing import Judgement, judge
from harness.report.standing.examples import rows_of_each
from harness.report.wording import listed, numbers, shown
from harness.store import Store
from harness.store.query import runs

State = Literal["decided", "tied", "undecided", "missing", "nothing"]


@dataclass(frozen=True)
class LookFinding:
    """What was found of one comparison.

    Attributes:
        name: of the comparison.
        state: "undecided": more seeds may decide it; "missing": seeds that were planned have no result; "nothing":
            there is nothing to decide.
        words: the state for people.
        keys: of the runs of its models, without pairs that cannot run.
    """

    name: str
    state: State
    words: str
    keys: frozenset[str]


def findings(
    store: Store, sweep: str, keys: Collection[str], environment: str, comparisons: int = 0
) -> list[LookFinding]:
    """Judge runs of a sweep as its report does.

    Args:
        store: where they are recorded.
        sweep: its name.
        keys: of the runs that are judged.
        environment: its hash; runs that finished in another one are not this sweep's to add seeds to.
        comparisons: how many the whole sweep has; 0: as many as these runs have.
    """
    chosen = [run for run in runs(store, sweep=sweep) if run.key in keys and run.environment in (None, environment)]
    found = [c for c in compare(chosen) if c.entries]  # no baselines alone
    rows = rows_of_each(comparisons or len(found))
    return [_finding(name, c, judge(store, c, rows)) for name, c in zip(_names(found), found, strict=True)]


def _finding(name: str, comparison: Comparison, of: Judgement) -> LookFinding:
    state, words = _state(of)
    ran = [run for e in comparison.entries for run in (*e.finished, *e.others)]
    return LookFinding(name, state, words, frozenset(run.key for run in ran if run.status != "incompatible"))


def _state(of: Judgement) -> tuple[State, str]:
    if of.missing:
        return "missing", _missing(of)
    if of.outcome == "best":
        return "decided", f"decided for {shown(of.best or '')}"
    if of.outcome == "tied":
        return "tied", f"{listed(of.may_be_best)} are tied for practical purposes"
    if not of.pairs.models:
        return "nothing", "nothing to decide, since no model can be ranked"
    if of.outcome == "no_contest":
        return "nothing", f"nothing to decide, since {shown(of.pairs.models[0])} has no rival"
    return _below(of) if of.outcome == "below_baseline" else ("undecided", _undecided(of))


def _missing(of: Judgement) -> str:
    lacking = [
        f"{shown(c.label)} lacks seed{'s' if len(c.missing) > 1 else ''} {numbers(c.missing)}" for c in of.missing
    ]
    again = " and --retry failed" if any(c.broken for c in of.missing) else ""
    return (
        f"undecided, since results are missing: {'; '.join(lacking)}. No seeds are added before these are there: give "
        f"the same command again{again}"
    )


def _below(of: Judgement) -> tuple[State, str]:
    """A best mean below a baseline's: decided if the difference is shown, else more seeds may show it or reverse it."""
    first, baseline = of.pairs.models[0], of.ranking.ahead[0]
    if of.pairs.between(baseline, first).shown(of.ranking.level):
        return "decided", f"decided, no model beats {shown(baseline)}"
    return "undecided", f"undecided, {shown(first)} cannot be told from {shown(baseline)}"


def _undecided(of: Judgement) -> str:
    rivals = [t.other(of.pairs.models[0]) for t in of.ranking.open]
    if len(of.may_be_best) == 1 and rivals:
        return f"undecided, {shown(of.may_be_best[0])} cannot be told from {listed(rivals)}"
    return f"undecided, {listed(of.may_be_best)} may be best"


def _names(comparisons: Sequence[Comparison]) -> list[str]:
    """Of each, the task, and the conditions in which it differs from others of the same task."""
    found = []
    for c in comparisons:
        others = [o.conditions for o in comparisons if o.task == c.task]
        parts = [c.conditions.dataset] if len({o.dataset for o in others}) > 1 else []
        for name, value in c.conditions.options:
            if len({repr(o.option(name)) for o in others}) > 1:
                parts.append(f"{name}={value}")
        found.append(shown(c.task) + (f" ({', '.join(parts)})" if parts else ""))
    return found
