"""A score over the seeds of a model: which runs are read for it, its spread, and that spread in words and in a cell."""

from __future__ import annotations

import math

import numpy as np

from harness.report import formatting as fmt
from harness.report import results
from harness.report.figures.groups import Spread
from harness.report.load import Comparison
from harness.report.tables import TableCell
from harness.store.query import RunView

MOST_MODELS = 12
MOST_ROWS = 60_000
"""Models whose examples are read for one comparison, and examples of all of them together."""


def readable_runs(comparison: Comparison, examples: int) -> tuple[dict[str, list[RunView]], list[str]]:
    """Finished runs by label, as many as can be read: the best means, the first seeds; and what was left out, in words.

    Args:
        comparison: runs under equal conditions.
        examples: of a run.
    """
    scale = results.primary_of(comparison)
    ranked = sorted(
        (e for e in comparison.entries if e.finished),
        key=lambda e: (_worth(results.primary_summary(e).mean, scale), e.label),
    )
    left_out = []
    if len(ranked) > MOST_MODELS:
        left_out.append(f"{len(ranked) - MOST_MODELS} models with worse means")
        ranked = ranked[:MOST_MODELS]
    seeds = max(1, MOST_ROWS // max(examples * len(ranked), 1))
    if any(len(e.finished) > seeds for e in ranked):
        left_out.append(f"seeds after the first {seeds} of a model, since that many examples would take long to read")
    return {e.label: e.finished[:seeds] for e in comparison.entries if e in ranked}, left_out


def _worth(mean: float, scale: results.Scale) -> float:
    if not math.isfinite(mean):
        return math.inf
    return -mean if scale.higher_is_better is not False else mean


def spread(values: np.ndarray) -> Spread:
    """Mean, lowest and highest of the finite values; NaN without any."""
    known = values[np.isfinite(values)]
    if not known.size:
        return Spread(math.nan, math.nan, math.nan)
    return Spread(float(known.mean()), float(known.min()), float(known.max()))


def spread_of_columns(values: np.ndarray) -> list[Spread]:
    """The spread of every column of (seeds, parts)."""
    return [spread(column) for column in values.T]


def said(value: float) -> str:
    """A mean in a sentence."""
    return "no value" if math.isnan(value) else f"{value:.3g}"


def cell(scores: np.ndarray, digits: int) -> TableCell:
    """A mean over seeds with the lowest and the highest."""
    s = spread(scores)
    if math.isnan(s.mean):
        return TableCell("–", hidden="no value", mark="quiet")
    note = f"{fmt.fixed(s.low, digits)} to {fmt.fixed(s.high, digits)}" if s.low < s.high else ""
    return TableCell(fmt.fixed(s.mean, digits), s.mean, note=note)


def capital(text: str) -> str:
    """The same with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]
