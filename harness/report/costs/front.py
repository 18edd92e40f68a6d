"""Which models are beaten at a cost: another is shown to be better, and is cheaper beyond the intervals of the costs.

The others are the front. A model leaves it only for differences that the data carry: with one seed per model, or with
costs whose intervals overlap, nobody is beaten. Times of contended runs take no part, and neither do unstable models.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from harness.report import formatting as fmt
from harness.report.costs.entry import Costs
from harness.report.statistics import Summary

SAME_SIZE = 1.02
"""Ratio up to which numbers of parameters count as equal: what `match` allows."""


@dataclass(frozen=True)
class PricedModel:
    """An entry with what it is worth and what it costs."""

    quality: Summary
    costs: Costs

    @property
    def label(self) -> str:
        """Of the entry."""
        return self.costs.label


@dataclass(frozen=True)
class CostAxis:
    """A cost that quality is held against.

    Attributes:
        name: the field of `Costs`.
        key: in the names of figures.
        title: of the cost, in sentences.
        cheaper: what a model is that costs less.
        same: ratio of largest to smallest up to which the cost is no difference between models.
        units: that values are shown in.
        exact: whether the cost is counted rather than measured, so that one run is enough.
    """

    name: str
    key: str
    title: str
    cheaper: str
    same: float
    units: fmt.Units
    exact: bool = False

    def of(self, model: PricedModel) -> Summary | None:
        """The cost for ranking; None if it is unknown or from contended runs alone."""
        return model.costs.comparable(self.name)


AXES = (
    CostAxis("training_s", "time", "training time", "faster to train", 1.1, fmt.SECONDS),
    CostAxis("parameters", "parameters", "parameters", "smaller", SAME_SIZE, fmt.COUNTS, exact=True),
    CostAxis("latency_1_ms", "latency", "latency", "quicker to answer", 1.1, fmt.MILLISECONDS),
    CostAxis("inference_memory", "memory", "inference memory", "smaller in memory", 1.1, fmt.BYTES),
)
"""The costs of the front, in the order in which they are shown."""


@dataclass(frozen=True)
class Front:
    """The outcome for one cost.

    Attributes:
        members: labels of models that nobody beats, cheapest first.
        beaten: label of each other model, and of one that beats it.
        unranked: labels of models without a comparable cost, or with runs that failed.
    """

    members: tuple[str, ...]
    beaten: dict[str, str] = field(default_factory=dict)
    unranked: tuple[str, ...] = ()


def front(models: Sequence[PricedModel], axis: CostAxis, better: Mapping[str, Collection[str]]) -> Front:
    """The front of a cost.

    Args:
        models: with their costs; the unstable are not in `better`.
        axis: the cost.
        better: by label, the models that this one is shown to be better than.
    """
    ranked = [(m.label, cost) for m in models if m.label in better and (cost := axis.of(m)) is not None]
    ranked.sort(key=lambda pair: pair[1].mean)
    known = {label for label, _ in ranked}
    beaten: dict[str, str] = {}
    for loser, much in ranked:
        for winner, little in ranked:
            if loser in better[winner] and _cheaper(little, much, axis):
                beaten[loser] = winner
                break
    members = tuple(label for label, _ in ranked if label not in beaten)
    return Front(members, beaten, tuple(m.label for m in models if m.label not in known))


def _cheaper(one: Summary, other: Summary, axis: CostAxis) -> bool:
    """Whether the intervals of two costs lie apart, or two numbers of parameters do; never with a single seed."""
    if axis.exact:
        return one.mean * axis.same < other.mean
    return one.interval is not None and other.interval is not None and one.interval[1] < other.interval[0]
