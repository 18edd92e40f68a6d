"""The panel of ranks, which claims no more than few tasks can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from harness.report import formatting as fmt
from harness.report.across import drawing, entering, ranks
from harness.report.across.grid import Grid
from harness.report.figures import label
from harness.report.panels import Panel
from harness.report.tables import Column, Table, TableCell, TableRow


def rank_panel(grid: Grid, names: Sequence[str], test: ranks.RankTest, colours: Mapping[str, int]) -> Panel:
    """The diagram of critical differences, all ranks, and what they show; `names` are those that were ranked."""
    columns = [Column("average rank", "↓"), *(Column(t.heading, t.measured) for t in grid.tasks)]
    table = Table(
        "across-ranks", "Rank of every model's mean, 1 is best; equal means share their ranks", "Model", columns
    )
    for i in test.order():
        cells = [
            TableCell(f"{v:.2f}" if n == 0 else f"{v:g}", float(v))
            for n, v in enumerate([test.average[i], *test.ranks[:, i]])
        ]
        table.rows.append(TableRow(TableCell(names[i]), cells))
    figure = drawing.critical_difference("across-critical-difference", names, test, colours)
    return Panel("across-ranks-panel", "Ranks", [entering.who(grid), *_verdict(grid, names, test)], [figure], [table])


def _verdict(grid: Grid, names: Sequence[str], test: ranks.RankTest) -> list[str]:
    """The conclusions from the ranks, within what the number of tasks allows."""
    n, k = len(grid.tasks), len(names)
    needed = ranks.tasks_needed(k)
    scope = (
        "Tasks are what this test counts: it asks whether the order of the models would hold on other tasks like "
        "these. The uncertainty of means over seeds does not enter."
    )
    if test.p is None:
        return [
            f"Nothing can be concluded from {fmt.plural(n, 'task')} about others, so nothing is tested. "
            f"{k} models need at least {needed} tasks."
        ]
    if not test.can_decide:
        return [
            f"Cannot be decided with {n} tasks and {k} models: even if one model were first and another last on every "
            f"task, p would be {_p_words(test.smallest_p)}. At least {needed} tasks are needed. {scope}"
        ]
    found = _pairs_apart(names, test)
    reach = (
        f"Two average ranks must differ by {test.critical_difference:.2f} to be told apart; the largest possible "
        f"difference is {k - 1}."
        if test.critical_difference is not None
        else "With so many equal ranks no difference can be shown."
    )
    overall = f"Friedman’s test: χ² = {test.friedman:.2f}, " if test.friedman is not None else ""
    overall += f"p = {_p_words(test.friedman_p)} by permutation." if overall else ""
    claim = (
        "Told apart at 5 %, corrected for all pairs: " + "; ".join(found) + "."
        if found
        else "No two models can be told apart."
    )
    return [" ".join(p for p in (claim, reach, overall) if p), scope]


def _pairs_apart(names: Sequence[str], test: ranks.RankTest, most: int = 8) -> list[str]:
    assert test.p is not None
    order = [int(i) for i in test.order()]
    apart = [(i, j) for i, j in combinations(order, 2) if test.p[i, j] <= ranks.ALPHA]
    shown = [
        f"{label(names[i])} before {label(names[j])} (p = {_p_words(float(test.p[i, j]))})" for i, j in apart[:most]
    ]
    return [*shown, *([f"{len(apart) - most} more pairs"] if len(apart) > most else [])]


def _p_words(p: float | None) -> str:
    if p is None:
        return "–"
    return "less than 0.0001" if p < 1e-4 else f"{p:.2g}" if p < 0.995 else "1"
