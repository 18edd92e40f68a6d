"""A score over the seeds of a model: which runs are read, its spread, and how the spread is shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from harness.report import formatting as fmt
from harness.report import results
from harness.report.figures import label
from harness.report.figures.groups import Spread
from harness.report.load import Comparison
from harness.report.tables import TableCell
from harness.store.query import RunView

MOST_MODELS = 12
MOST_ROWS = 60_000
"""The number of models whose examples are read for one comparison, and of examples in total."""

OTHER_EXAMPLES = "whose examples differ or do not reproduce the stored score"
"""The flaw of a run that a panel on parts of the test split leaves out."""


def readable_runs(comparison: Comparison, examples: int) -> tuple[dict[str, list[RunView]], list[str]]:
    """Finished runs by label, as many as can be read (best means, first seeds); and descriptions of what was left out.

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


def recomputed(
    runs: Mapping[str, Sequence[RunView]],
    metric: str,
    of_run: Callable[[RunView, float | None], np.ndarray | None],
    flaw: str,
) -> tuple[dict[str, list[np.ndarray]], list[str]]:
    """What the test examples of each run give, by label, one array a seed; and descriptions of what was left out.

    Args:
        runs: by label.
        metric: whose stored test score the examples must reproduce.
        of_run: given a run and that score (None where there is none), its values, or None to leave it out.
        flaw: of a run that is left out, for the description: "whose steps differ".
    """
    found: dict[str, list[np.ndarray]] = {}
    left_out = []
    for text, of_label in runs.items():
        stored = [r.summary.metrics.get(f"{r.summary.split}/{metric}") if r.summary else None for r in of_label]
        values = [v for run, score in zip(of_label, stored, strict=True) if (v := of_run(run, score)) is not None]
        if values:
            found[text] = values
        if len(values) < len(of_label):
            left_out.append(f"{fmt.plural(len(of_label) - len(values), 'run')} of {label(text)}, {flaw}")
    return found, left_out


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
    """The text with its first letter capitalised."""
    return text[:1].upper() + text[1:]
