"""Whether a published figure was reproduced: what was published, what we measured, and the verdict.

A score is held against a published figure only if both were measured alike: on the same kind of data, the same split
and number of examples, with the same variant of the metric, under the options that the figure names. Training may
differ (budget, size): that is told, and no reason. The verdict compares the published value with the 95 % interval of
our mean over seeds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from harness.report import formatting as fmt
from harness.report.comparisons import Comparison, Entry
from harness.report.conditions import flatten
from harness.report.results import Scale, scale_of
from harness.report.statistics import Summary
from harness.report.statistics.summaries import FEW_SEEDS
from harness.store.states import DIVERGED, OVER_LIMIT


class Outcome(StrEnum):
    """What a comparison with a published figure comes to."""

    REPRODUCED = "reproduced"
    BETTER = "better"
    WORSE = "worse"
    NO_INTERVAL = "no interval"
    NOT_COMPARABLE = "not comparable"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Published:
    """A published figure as a run has it from its data set; the fields are those of `harness.contract.task.Reference`.

    The store may hold anything, so what is no text or number counts as not said.
    """

    metric: str
    value: float
    system: str
    source: str
    model: str = ""
    protocol: str = ""
    signature: str = ""
    split: str = "test"
    test_examples: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    synthetic: bool = False
    tolerance: float = 0.0

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Published | None:
        """From a row of the store; None without a metric or a finite value."""
        value, options, examples = _number(stored.get("value")), stored.get("options"), stored.get("test_examples")
        if value is None or not stored.get("metric"):
            return None
        told = {name: str(stored[name]) for name in ("model", "protocol", "signature", "split") if stored.get(name)}
        return cls(
            metric=str(stored["metric"]),
            value=value,
            system=str(stored.get("system") or "not named"),
            source=str(stored.get("source") or "not named"),
            test_examples=examples if isinstance(examples, int) and not isinstance(examples, bool) else None,
            options=options if isinstance(options, dict) else {},
            synthetic=stored.get("synthetic") is True,
            tolerance=abs(_number(stored.get("tolerance")) or 0.0),
            **told,
        )


@dataclass(frozen=True)
class Ours:
    """What we measured to hold against a published figure.

    Attributes:
        entry: the model in its configuration.
        summary: the metric over its seeds.
        same_kind: whether the figure names this model; otherwise it is the best of the comparison.
    """

    entry: Entry
    summary: Summary
    same_kind: bool


@dataclass(frozen=True)
class FigureVerdict:
    """A published figure beside one model of ours.

    Attributes:
        comparison: the runs under equal conditions.
        scale: of the metric.
        ours: None if nothing was run that has this metric.
        outcome: the verdict; why: its reason, one sentence without a full stop.
        remarks: what differs and is no reason, such as the budget.
    """

    comparison: Comparison
    published: Published
    scale: Scale
    ours: Ours | None
    outcome: Outcome
    why: str
    remarks: tuple[str, ...] = ()


def findings(comparison: Comparison) -> list[FigureVerdict]:
    """Every published figure that the comparison's runs declare, in their order, beside each model that matches it."""
    found = []
    for stored in comparison.any_run.references:
        published = Published.of(stored) if isinstance(stored, dict) else None
        if published is not None:
            scale = scale_of(comparison.any_run, published.metric)
            found += [_finding(comparison, published, scale, ours) for ours in _matching(comparison, published, scale)]
    return found


def values_of(comparison: Comparison, entry: Entry, metric: str) -> tuple[float, ...]:
    """A metric on the scored split by seed; NaN for a run without a value, empty if no run has the metric."""
    name = f"{comparison.conditions.split}/{metric}"
    scores = [r.summary.metrics.get(name) if r.summary else None for r in entry.finished]
    return () if all(s is None for s in scores) else tuple(math.nan if s is None else float(s) for s in scores)


def _matching(comparison: Comparison, published: Published, scale: Scale) -> list[Ours | None]:
    """The models that the figure names, else the best of the comparison; [None] if none was run."""
    summaries = [(e, Summary(values_of(comparison, e, published.metric))) for e in comparison.entries]
    run = [(e, s) for e, s in summaries if s.seeds]
    named = [Ours(e, s, same_kind=True) for e, s in run if published.model and e.model == published.model]
    if named:
        return [*named]
    scored = [(e, s) for e, s in run if math.isfinite(s.mean)]
    if not scored:
        return [None] if not run else [Ours(*run[0], same_kind=False)]
    sign = 1 if scale.higher_is_better is False else -1
    entry, summary = min(scored, key=lambda pair: sign * pair[1].mean)
    return [Ours(entry, summary, same_kind=False)]


def _finding(comparison: Comparison, published: Published, scale: Scale, ours: Ours | None) -> FigureVerdict:
    if ours is None:
        return FigureVerdict(comparison, published, scale, None, Outcome.NOT_RUN, "No finished run has this metric")
    reasons = _reasons(comparison, published, ours)
    if reasons:
        outcome, why = Outcome.NOT_COMPARABLE, "; ".join(reasons)
    else:
        outcome, why = _verdict(published, scale, ours.summary)
    return FigureVerdict(comparison, published, scale, ours, outcome, why, tuple(_remarks(published, ours)))


# -- comparable? -------------------------------------------------------------------------------------


def _reasons(comparison: Comparison, published: Published, ours: Ours) -> list[str]:
    """Why our score may not be held against the figure; empty if it may."""
    conditions, found = comparison.conditions, []
    if comparison.synthetic != published.synthetic:
        found.append("our data is synthetic" if comparison.synthetic else "it was measured on synthetic data")
    if conditions.split != published.split:
        found.append(f"measured on another split: {published.split}, ours on {conditions.split}")
    if conditions.eval_limit is not None:
        found.append(f"ours is on a part of the test split (task.eval_limit={conditions.eval_limit})")
    examples = _test_examples(ours.entry)
    if None not in (published.test_examples, examples) and published.test_examples != examples:
        found.append(f"measured on {published.test_examples} test examples, ours on {examples}")
    found += _signature_reasons(comparison, published)
    lost = sum(r.failure in (DIVERGED, OVER_LIMIT) for r in ours.entry.others)
    if lost:
        found.append(f"{fmt.plural(lost, 'run')} of ours diverged or exceeded a limit, and our mean leaves them out")
    flat = flatten(ours.entry.finished[0].config)
    for name, value in published.options.items():
        if flat.get(name) != value:
            found.append(f"measured with {name}={_word(value)}, ours with {name}={_word(flat.get(name))}")
    return found


def _signature_reasons(comparison: Comparison, published: Published) -> list[str]:
    """How the variants of the metric differ, part by part."""
    declared = comparison.any_run.units.get(published.metric)
    own = str(declared.get("signature") or "") if isinstance(declared, dict) else ""
    if own and not published.signature:
        return [f"it does not say which variant of {published.metric} (ours: {own})"]
    have = _parts(own)
    differing = [(n, v, have.get(n, "")) for n, v in _parts(published.signature).items() if have.get(n, "") != v]
    return [
        f"another variant of {published.metric}: {name}:{theirs}, ours {f'{name}:{mine}' if mine else 'without it'}"
        for name, theirs, mine in differing
    ]


def _parts(signature: str) -> dict[str, str]:
    """ "case:lc|tok:13a" -> {"case": "lc", "tok": "13a"}."""
    return dict(part.strip().partition(":")[::2] for part in signature.split("|") if part.strip())


def _test_examples(entry: Entry) -> int | None:
    summary = entry.finished[0].summary
    number = summary.details.get("test_examples") if summary else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


# -- the verdict -------------------------------------------------------------------------------------


def _verdict(published: Published, scale: Scale, summary: Summary) -> tuple[Outcome, str]:
    if not all(map(math.isfinite, summary.values)):
        return Outcome.NOT_COMPARABLE, "a seed of ours has no finite value"
    difference = summary.mean - published.value
    distance = fmt.fixed(abs(difference), fmt.decimals([summary.mean, published.value]))
    place = f"{distance} {'above' if difference > 0 else 'below'}" if difference else "equal"
    interval = summary.interval
    if summary.seeds < FEW_SEEDS or interval is None:
        runs = "one run" if summary.seeds == 1 else fmt.plural(summary.seeds, "run")
        return Outcome.NO_INTERVAL, f"{runs}, no interval: {place}"
    if interval[0] <= published.value <= interval[1]:
        return Outcome.REPRODUCED, f"the published value is inside our 95 % interval ({place})"
    if abs(difference) <= published.tolerance:
        return Outcome.REPRODUCED, f"{place}, within the declared tolerance of {published.tolerance:g}"
    if scale.higher_is_better is None:
        return Outcome.NOT_COMPARABLE, "the metric does not say which direction is better"
    better = (difference > 0) == scale.higher_is_better
    return (Outcome.BETTER if better else Outcome.WORSE), f"{place}, and outside our 95 % interval"


def _remarks(published: Published, ours: Ours) -> list[str]:
    """What differs in training: told, and no reason against a comparison."""
    found = []
    if not ours.same_kind:
        asked = f"{published.model} was not run; " if published.model else ""
        found.append(f"{asked}our best model, not the system published")
    run = ours.entry.finished[0]
    if budget := run.config.get("budget"):
        found.append(f"ours trained for {_budget(budget)}")
    if run.summary and run.summary.parameters:
        found.append(f"{fmt.count(run.summary.parameters)} parameters")
    limit = flatten(run.config).get("task.train_limit")
    return [*found, *([f"at most {limit} training examples"] if limit is not None else [])]


def _budget(budget: object) -> str:
    from harness.report.overview import budget_words

    return budget_words(budget).removesuffix(" of training")


def _word(value: object) -> str:
    """As it is typed on the command line."""
    return json.dumps(value) if value is None or isinstance(value, bool) else str(value)


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None
