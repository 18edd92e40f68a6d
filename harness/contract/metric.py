"""What a model answered, and how answers are scored: statistics of each example, put together for the whole split."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.contract.batch import Example


@dataclass(frozen=True)
class Prediction:
    """What a model answered for one example.

    Attributes:
        id: the example's id.
        output: what the target makes of the network's outputs (`Target.answers`): int for a class; list of label or
            symbol ids (blanks, bos and eos removed) for sequences; list of lists for a forecast; None where nothing is
            answered.
        text: the output as a person reads it.
        scores: log-probabilities (K,) of classes; empty elsewhere.
        nats: total negative log-likelihood of the reference under the model, in nats; None where undefined.
        count: how many target symbols `nats` covers.
    """

    id: str
    output: Any
    text: str = ""
    scores: tuple[float, ...] = ()
    nats: float | None = None
    count: int = 0


Statistics = Mapping[str, Any]
"""Sufficient statistics of one example for one metric: numbers or lists of numbers, JSON-serialisable."""


@dataclass(frozen=True)
class Metric:
    """A score with its unit and direction, computed at corpus level from per-example statistics.

    Attributes:
        name: lower-case identifier ("bleu").
        unit: "BLEU", "%", "bits/character"...
        higher_is_better: the direction, declared and never guessed.
        statistics: (prediction, example) -> the example's sufficient statistics.
        aggregate: statistics of all examples -> the value.
        description: one sentence for the report.
        signature: the exact variant ("nrefs:1|case:mixed|..."), where the library has one.
        margin: the smallest difference that matters in practice, in the unit; models that differ by less are "tied
            for practical purposes". None: no such difference is known.
    """

    name: str
    unit: str
    higher_is_better: bool
    statistics: Callable[[Prediction, Example], Statistics]
    aggregate: Callable[[Sequence[Statistics]], float]
    description: str = ""
    signature: str = ""
    margin: float | None = None


def aggregate(metrics: Sequence[Metric], rows: Sequence[Mapping[str, Statistics]]) -> dict[str, float]:
    """Corpus-level value of every metric; NaN for an empty corpus."""
    if not rows:
        return {m.name: float("nan") for m in metrics}
    return {m.name: float(m.aggregate([row[m.name] for row in rows])) for m in metrics}
