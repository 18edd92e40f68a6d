"""Bits per character and perplexity, from the log-likelihood a model assigns to the reference.

A predictor that assigns no likelihood (`Prediction.nats` is None, for example a copying baseline) gets None as its
statistic and NaN as its value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.errors import DataError
from harness.metrics.ratios import total


def _nats_and_characters(prediction: Prediction, example: Example) -> Statistics:
    if "characters" not in example.units:
        raise DataError(
            f"Example '{example.id}' does not give the number of characters of its raw text, by which bits per "
            f"character divides; its units are {sorted(example.units)}. "
            "The task must set Example.units['characters']."
        )
    return {"nats": _nats(prediction), "characters": float(example.units["characters"])}


def _nats_and_count(prediction: Prediction, example: Example) -> Statistics:
    return {"nats": _nats(prediction), "count": int(prediction.count)}


def _nats(prediction: Prediction) -> float | None:
    return None if prediction.nats is None else float(prediction.nats)


def _bits_per_character(rows: Sequence[Statistics]) -> float:
    characters = total(rows, "characters")
    return total(rows, "nats") / (math.log(2) * characters) if characters else math.nan


def _perplexity(rows: Sequence[Statistics]) -> float:
    count = total(rows, "count")
    if not count:
        return math.nan
    try:
        return math.exp(total(rows, "nats") / count)
    except OverflowError:  # a diverged model: more than 709 nats per symbol
        return math.inf


BITS_PER_CHARACTER = Metric(
    name="bits_per_character",
    unit="bits/character",
    higher_is_better=False,
    statistics=_nats_and_characters,
    aggregate=_bits_per_character,
    description="Total nats / (ln 2 x characters of the raw text): comparable across vocabularies.",
    margin=0.01,
)

PERPLEXITY = Metric(
    name="perplexity",
    unit="per symbol",
    higher_is_better=False,
    statistics=_nats_and_count,
    aggregate=_perplexity,
    description="exp(nats per symbol); comparable only within one vocabulary.",
)

TOKEN_PERPLEXITY = Metric(
    name="token_perplexity",
    unit="per token",
    higher_is_better=False,
    statistics=_nats_and_count,
    aggregate=_perplexity,
    description="exp(nats per target token, end of sequence too); comparable only within one vocabulary.",
)
