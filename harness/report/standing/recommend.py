"""What to use under limits on cost: the recommended model, what is as good, what is cheaper, and what to avoid.

A model keeps a limit if every run of it did; one whose cost was not measured does not. Among those that keep all limits
and trained every time, the one with the best mean is recommended, and those that it is not shown to beat are within
noise of it. The page's script (templates/decide.js) repeats this rule for other limits; a test holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from harness.report import formatting as fmt
from harness.report.costs import Costs
from harness.report.standing.judgement import Judgement
from harness.report.standing.words import unstable_words
from harness.report.statistics import Summary


@dataclass(frozen=True)
class CostLimits:
    """The most that a model may cost; None: no limit.

    Attributes:
        training_s: seconds of training.
        training_memory, inference_memory: bytes.
        parameters: all weights.
        latency_1_ms: milliseconds for one example.
    """

    training_s: float | None = None
    parameters: float | None = None
    latency_1_ms: float | None = None
    training_memory: float | None = None
    inference_memory: float | None = None

    @property
    def given(self) -> dict[str, float]:
        """The limits that are set, by name."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) is not None}

    @property
    def words(self) -> str:
        """ "training time at most 1 min 0 s"; "no limit"."""
        parts = [f"{AXES[name].title} at most {AXES[name].shown(value)}" for name, value in self.given.items()]
        return " and ".join(parts) or "no limit"


@dataclass(frozen=True)
class LimitedCost:
    """A cost that can be limited: its words, and the limits that people usually have, in its unit."""

    title: str
    unit: str
    usual: tuple[float, ...]

    def shown(self, value: float) -> str:
        """A value in words."""
        if self.unit == "s":
            return fmt.duration(value)
        if self.unit == "bytes":
            return fmt.size(value)
        return f"{value:g} ms" if self.unit == "ms" else fmt.count(value, trim=True)


_MEMORY = tuple(m * 1e6 for m in (50, 100, 250, 500, 1000, 2000, 4000, 8000, 16000))
AXES = {
    "training_s": LimitedCost("training time", "s", (5, 10, 30, 60, 120, 300, 600, 1800, 3600, 10800, 43200, 86400)),
    "parameters": LimitedCost("parameters", "", (1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7, 1e8, 1e9)),
    "latency_1_ms": LimitedCost("latency", "ms", (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
    "training_memory": LimitedCost("training memory", "bytes", _MEMORY),
    "inference_memory": LimitedCost("inference memory", "bytes", _MEMORY),
}
"""What may be limited, in the order in which it is asked for."""

_MOST_USUAL = 2  # usual limits of one cost in the table


@dataclass(frozen=True)
class Recommendation:
    """What to use under limits.

    Attributes:
        limits: that were asked for.
        model: the recommended one; None if no model keeps the limits and trained every time.
        below: the strongest baseline, if its value is at least as good as the recommended model's mean.
        best: whether the model is shown to be better than every other that keeps the limits, and every baseline.
        order: models that keep the limits and trained every time, best mean first.
        within_noise: those of them that the recommended one is not shown to beat.
        cheapest: the cheapest of the recommended one and those whose mean is inside its interval or closer than the
            metric's margin, if it is another. Being within noise is not enough: a model of large spread always is.
        overall: the best mean without limits, if it is another, and whether it is shown to be better.
        worst: the recommended model's worst seed.
        excluded: why each other model is not considered, by label.
    """

    limits: CostLimits
    model: str | None
    below: str | None = None
    best: bool = False
    order: tuple[str, ...] = ()
    within_noise: tuple[str, ...] = ()
    cheapest: str | None = None
    overall: tuple[str, bool] | None = None
    worst: float = math.nan
    excluded: Mapping[str, str] | None = None


def recommend(of: Judgement, costs: Mapping[str, Costs], limits: CostLimits | None = None) -> Recommendation:
    """Apply the rule to one comparison.

    Args:
        of: its judgement.
        costs: of its models by label.
        limits: the most that a model may cost.
    """
    limits = limits or CostLimits()
    excluded: dict[str, str] = {}
    order = []
    for label in of.standings:
        contender = of.contender(label)
        if contender.unstable:
            excluded[label] = unstable_words(contender)
        elif not contender.values:
            excluded[label] = "no result"
        elif reason := _exceeds(costs.get(label), limits):
            excluded[label] = reason
        else:
            order.append(label)
    order.sort(key=of.pairs.models.index)
    if not order:
        return Recommendation(limits, None, excluded=excluded)
    first = order[0]
    beaten = beaten_by(of, first)
    ahead = [b for b in of.pairs.order[: of.pairs.order.index(first)] if b not in of.pairs.models]
    baselines = [label for label in of.pairs.order if label not in of.pairs.models]
    within = tuple(label for label in order[1:] if label not in beaten)
    cheapest = cheapest_of([first, *(label for label in within if _as_good(of, first, label))], costs)
    overall = of.pairs.models[0]
    values = of.contender(first).values.values()
    complete = not any(of.contender(label).missing for label in order)
    return Recommendation(
        limits,
        first,
        ahead[0] if ahead else None,
        best=complete and not within and set(baselines) <= beaten and of.contender(first).sample.enough,
        order=tuple(order),
        within_noise=within,
        cheapest=cheapest if cheapest != first else None,
        overall=None if overall == first else (overall, first in beaten_by(of, overall)),
        worst=min(values) if of.scale.higher_is_better is not False else max(values),
        excluded=excluded,
    )


def _as_good(of: Judgement, first: str, label: str) -> bool:
    """Whether a mean lies inside the interval of the recommended model's, or no further from it than the margin."""
    one, other = of.pairs.samples[first], of.pairs.samples[label]
    half = Summary(one.values).half_width or 0.0
    return abs(one.mean - other.mean) <= max(half, of.margin or 0.0)


def beaten_by(of: Judgement, label: str) -> set[str]:
    """The contenders that this one is shown to beat, each at the level of the judgement."""
    return {t.second for t in of.pairs.of(label) if t.first == label and t.shown(of.ranking.level)}


def cheapest_of(labels: Sequence[str], costs: Mapping[str, Costs]) -> str:
    """The one that is cheapest to train, or smallest where times are unknown; the first of several."""
    for name in ("training_s", "parameters"):
        known = {label: c.mean for label in labels if (c := _cost(costs.get(label), name)) is not None}
        if len(known) == len(labels) and max(known.values()) > 1.1 * min(known.values()):
            return min(known, key=lambda label: known[label])
    return labels[0]


def usual_limits(of: Judgement, costs: Mapping[str, Costs]) -> list[CostLimits]:
    """No limit, then for each cost the usual limits that change what is recommended, tightest last, two at most."""
    found = [CostLimits()]
    for name, axis in AXES.items():
        seen = [recommend(of, costs).model]
        chosen = []
        for value in reversed(axis.usual):
            limits = CostLimits(**{name: value})
            model = recommend(of, costs, limits).model
            if model is None:
                break
            if model not in seen:
                seen.append(model)
                chosen.append(limits)
        found += chosen[:_MOST_USUAL]
    return found


def _exceeds(costs: Costs | None, limits: CostLimits) -> str:
    """Why these costs break a limit; empty if they keep them all."""
    for name, most in limits.given.items():
        cost = _cost(costs, name)
        if cost is None:
            return f"{AXES[name].title} not measured"
        if max(cost.values) > most:
            return f"{AXES[name].title} {AXES[name].shown(max(cost.values))}"
    return ""


def _cost(costs: Costs | None, name: str) -> Summary | None:
    return None if costs is None else costs.comparable(name)
