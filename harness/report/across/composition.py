"""The panels across tasks, in their order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.report.across import bootstrap, ranks
from harness.report.across.entering import entering_panel, mixed_precisions, nothing_panel
from harness.report.across.grid import select
from harness.report.across.rank_panel import rank_panel
from harness.report.across.score_panels import improvement_panel, score_panels
from harness.report.across.wins import wins_panel
from harness.report.load import ReportData
from harness.report.panels import Panel
from harness.report.standing import Judgement

BASELINE = "strongest baseline"
"""How the best baseline of every task is ranked among the models."""


def panels(
    data: ReportData, headings: list[str], colours: Mapping[str, int], judgements: Sequence[Judgement]
) -> list[Panel]:
    """Comparisons of models over several tasks; empty with results on fewer than two tasks or of fewer than two models.

    Args:
        data: what was loaded.
        headings: of `data.comparisons`, one each.
        colours: colour number of each label, the same throughout a report.
        judgements: of `data.comparisons`, one each.
    """
    columns = {(c.task, c.conditions.dataset) for c in data.comparisons if c.finished}
    if len(columns) < 2 or len(data.models) < 2:
        return []
    grid = select(data, headings)
    if len(grid.tasks) < 2 or len(grid.models) < 2:
        return [nothing_panel(grid)]
    scores = [[t.mean(m) for m in grid.models] for t in grid.tasks]  # (N, k), more is better
    names = list(grid.models)
    if all(t.baseline is not None for t in grid.tasks):  # ranks need a result on every task
        names.append(BASELINE)
        colours = {**colours, BASELINE: len(colours)}
        for row, task in zip(scores, grid.tasks, strict=True):
            row.append(task.sign * task.baseline[1] if task.baseline else math.nan)
    test = ranks.compare_ranks(np.array(scores))
    ordered = [names[i] for i in test.order() if names[i] != BASELINE]
    resampled = {m: bootstrap.resample([len(t.values[m]) for t in grid.tasks], i) for i, m in enumerate(grid.models)}
    made = [
        wins_panel(grid, ordered, dict(zip(headings, judgements, strict=True))),
        rank_panel(grid, names, test, colours),
        *score_panels(grid, ordered, colours, resampled),
        improvement_panel(grid, ordered, resampled),
        entering_panel(grid),
    ]
    mixed = mixed_precisions(grid)
    for panel in made if mixed else []:
        panel.text.append(mixed)
        panel.figures = [replace(figure, caption=f"{figure.caption} {mixed}") for figure in panel.figures]
    return made
