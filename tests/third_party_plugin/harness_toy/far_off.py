"""A chart for `bracket_depth`: how far off the named depths are, from the confusion matrices of the runs."""

from __future__ import annotations

import numpy as np

from harness import hookimpl
from harness.report import Column, Panel, PanelContext, Table, TableCell, TableRow
from harness.report.figures.groups import Spread, over_ranges

HARNESS_CONTRACT = 2


def panels(context: PanelContext) -> list[Panel]:
    """The share of brackets whose depth is off by 0, 1, 2, ...; only for the task `bracket_depth`."""
    if context.comparison.task != "bracket_depth":
        return []
    shares: dict[str, list[np.ndarray]] = {}
    for entry in context.comparison.entries:
        for run in entry.finished:
            if run.summary and "confusion" in run.summary.charts:
                counts = np.asarray(run.summary.charts["confusion"]["matrix"])  # (K, K)
                shares.setdefault(entry.label, []).append(share_by_distance(counts))
    if not shares:
        return []
    groups = [str(distance) for distance in range(len(next(iter(shares.values()))[0]))]
    means = {label: np.mean(of_seeds, axis=0) for label, of_seeds in shares.items()}
    figure = over_ranges(
        f"{context.name}-figure",
        groups,
        {label: [Spread(m, lo, hi) for m, lo, hi in _spread(of_seeds)] for label, of_seeds in shares.items()},
        context.colours,
        titles=("levels between the named and the right depth", "brackets, %"),
        caption="How far off the named depths are; bars from the lowest to the highest seed.",
        alt=" ".join(f"{label}: {mean[0]:.1f} % exactly right." for label, mean in means.items()),
    )
    table = Table(f"{context.name}-table", "Brackets (%) by how far off their depth is", "Off by", [])
    table.columns = [Column(label) for label in means]
    for distance, group in enumerate(groups):
        cells = [TableCell(f"{mean[distance]:.1f}", float(mean[distance])) for mean in means.values()]
        table.rows.append(TableRow(TableCell(group), cells))
    return [Panel(context.name, "How far off", figures=[figure], tables=[table], folded=True, place=75)]


def share_by_distance(counts: np.ndarray) -> np.ndarray:
    """Per cent of all counts (actual, named) at each distance from the diagonal, (K,)."""
    size = len(counts)
    sums = [sum(np.trace(counts, d) for d in {distance, -distance}) for distance in range(size)]
    return 100 * np.array(sums) / counts.sum()


def _spread(of_seeds: list[np.ndarray]) -> np.ndarray:
    """Mean, lowest and highest of each column, (K, 3)."""
    return np.stack([np.mean(of_seeds, axis=0), np.min(of_seeds, axis=0), np.max(of_seeds, axis=0)], axis=1)


@hookimpl
def harness_panels():
    """The panel of this plug-in."""
    return {"far_off": panels}
