"""Which results enter the comparison across tasks: the rule, and everything it leaves out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.report import formatting as fmt
from harness.report.comparisons import Comparison, Entry
from harness.report.load import ReportData
from harness.report.results import Scale, primary_of, primary_summary
from harness.report.standing import contenders_of

RULE = (
    "One set of conditions of every task and data set enters: the one in which most models have a result; in a tie "
    "the one with most finished runs, then the one planned first. Results under other conditions (budget, precision, "
    "machine, part of the data) are never mixed with it. Only models with a finite result in every column that enters "
    "are compared; while that leaves fewer than two models, the column with the fewest is left out."
)


@dataclass(frozen=True)
class TaskScores:
    """The primary metric on one task, of every model with a finite result there.

    Attributes:
        heading: of the comparison.
        task, dataset: whose it is.
        scale: the metric with its direction, which is declared.
        values: by model, one per seed, as measured; of models whose runs all trained.
        baseline: name and mean of the strongest baseline, or None.
        precision: of its runs' training; None: not recorded.
    """

    heading: str
    task: str
    dataset: str
    scale: Scale
    values: dict[str, tuple[float, ...]]
    baseline: tuple[str, float] | None = None
    precision: str | None = None

    @property
    def measured(self) -> str:
        """The metric with its unit and direction."""
        return f"{self.scale.title} {self.scale.note}".strip()

    @property
    def sign(self) -> float:
        """1.0 if higher is better, else -1.0."""
        return 1.0 if self.scale.higher_is_better else -1.0

    def oriented(self, model: str) -> np.ndarray:
        """A model's values (seeds,), signed so that larger is better."""
        return self.sign * np.array(self.values[model])

    def mean(self, model: str) -> float:
        """A model's mean over seeds, signed so that larger is better."""
        return float(np.mean(self.oriented(model)))


@dataclass(frozen=True)
class Grid:
    """Models with a result on every task: a complete block design, as required by the tests across tasks.

    Attributes:
        models: that have a finite result in every column.
        tasks: the columns.
        left_out: (what, why): models and comparisons that did not enter.
    """

    models: tuple[str, ...]
    tasks: tuple[TaskScores, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def fewest_seeds(self) -> int:
        """The smallest number of seeds behind a mean."""
        return min((len(t.values[m]) for t in self.tasks for m in self.models), default=0)


def select(data: ReportData, headings: Sequence[str]) -> Grid:
    """Apply `RULE`.

    Args:
        data: what was loaded.
        headings: of `data.comparisons`, one each.
    """
    left_out: list[tuple[str, str]] = []
    chosen: list[tuple[Comparison, TaskScores]] = []
    groups: dict[tuple[str, str], list[tuple[Comparison, TaskScores]]] = {}
    for comparison, heading in zip(data.comparisons, headings, strict=True):
        reason = _unusable(comparison)
        if reason:
            left_out.append((heading, reason))
            continue
        key = (comparison.task, comparison.conditions.dataset)
        groups.setdefault(key, []).append((comparison, _scores(comparison, heading)))
    for of_task in groups.values():
        best = max(of_task, key=lambda pair: (len(pair[1].values), len(pair[0].finished)))  # the first in a tie
        chosen.append(best)
        for _, scores in of_task:
            if scores is not best[1]:
                left_out.append((scores.heading, f"other conditions of a task that enters as “{best[1].heading}”"))
    models = _shared(data.models, [s for _, s in chosen])
    while len(models) < 2 and len(chosen) > 2:
        poorest = min(reversed(chosen), key=lambda pair: len(pair[1].values))  # the last in a tie
        chosen.remove(poorest)
        left_out.append((poorest[1].heading, "too few of the models that have results elsewhere have one here"))
        models = _shared(data.models, [s for _, s in chosen])
    elsewhere = [m for m in data.models if m not in models and not any(_ran(c, m) for c, _ in chosen)]
    for label in data.models:
        if label not in models and label not in elsewhere:
            left_out.append((label, _why(label, chosen)))
    if elsewhere and chosen:  # a search may have hundreds of trials
        what = (
            elsewhere[0]
            if len(elsewhere) == 1
            else fmt.plural(len(elsewhere), "other model or configuration", "other models or configurations")
        )
        left_out.append((what, "not run under the conditions that enter"))
    return Grid(tuple(models), tuple(s for _, s in chosen), tuple(left_out))


def _unusable(comparison: Comparison) -> str:
    """Why a comparison cannot enter, regardless of the others."""
    if not comparison.finished:
        return "nothing has finished"
    if comparison.conditions.split != "test":
        return f"taken on the {comparison.conditions.split} split, not on the test split"
    if primary_of(comparison).higher_is_better is None:
        return "the direction of its primary metric is not declared"
    found = len(_scores(comparison, "").values)
    if found < 2:
        return f"{fmt.plural(found, 'model')} with a finite result"
    return ""


def _scores(comparison: Comparison, heading: str) -> TaskScores:
    scale = primary_of(comparison)
    unstable = {c.label for c in contenders_of(comparison) if c.unstable}
    values = {e.label: primary_summary(e).values for e in comparison.entries if _finite(e) and e.label not in unstable}
    sign = 1.0 if scale.higher_is_better else -1.0
    baselines = [(e.label, primary_summary(e).mean) for e in comparison.baselines if _finite(e)]
    strongest = max(baselines, key=lambda pair: sign * pair[1], default=None)
    conditions = comparison.conditions
    return TaskScores(heading, comparison.task, conditions.dataset, scale, values, strongest, conditions.precision)


def _finite(entry: Entry) -> bool:
    summary = primary_summary(entry)
    return bool(summary.seeds) and math.isfinite(summary.mean)


def _shared(models: Sequence[str], tasks: Sequence[TaskScores]) -> list[str]:
    """Models with a result in every column, in the report's order."""
    return [m for m in models if tasks and all(m in t.values for t in tasks)]


def _ran(comparison: Comparison, label: str) -> bool:
    return any(e.label == label and (e.finished or e.others) for e in comparison.entries)


def _why(label: str, chosen: Sequence[tuple[Comparison, TaskScores]]) -> str:
    """Where a model has no result, and why: one reason per column."""
    parts = []
    for comparison, scores in chosen:
        if label in scores.values:
            continue
        entry = next((e for e in comparison.entries if e.label == label), None)
        if entry is None:
            reason = "not run under these conditions"
        elif not entry.finished:
            reason = entry.why_missing
        else:
            reason = "runs of it diverged or exceeded a limit"
        parts.append(f"{scores.heading}: {reason}")
    return "; ".join(parts)
