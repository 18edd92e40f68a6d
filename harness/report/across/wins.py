"""Who beats whom on how many tasks: by the better mean, and by what the evidence shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.report.across.grid import Grid
from harness.report.panels import Panel
from harness.report.standing import Judgement
from harness.report.tables import Column, Table, TableCell, TableRow


def wins_panel(grid: Grid, ordered: Sequence[str], judgements: Mapping[str, Judgement]) -> Panel:
    """A table of models by models: on what share of the tasks the first has the better mean.

    Args:
        grid: what entered.
        ordered: its models, best average rank first.
        judgements: by the heading of the comparison.
    """
    columns = [Column("win rate", "↑"), *(Column(f"against {model}") for model in ordered)]
    table = Table(
        "across-wins", "On how many tasks the row’s mean is better; in brackets, is shown to be", "Model", columns
    )
    for one in ordered:
        cells, rates = [], []
        for two in ordered:
            if one == two:
                cells.append(TableCell("", hidden="itself", mark="quiet"))
                continue
            won = (
                sum(t.mean(one) > t.mean(two) for t in grid.tasks)
                + sum(t.mean(one) == t.mean(two) for t in grid.tasks) / 2
            )
            shown = sum(_shown(judgements[t.heading], one, two) for t in grid.tasks)
            rates.append(won / len(grid.tasks))
            cells.append(TableCell(f"{won:g} of {len(grid.tasks)} ({shown})", won))
        rate = sum(rates) / len(rates)
        table.rows.append(TableRow(TableCell(one), [TableCell(f"{100 * rate:.0f} %", rate), *cells]))
    words = [
        "Win rate: the share of rivals and tasks against which a model’s mean is better, equal means counting half. It "
        "says how often, not by how much, and depends on which rivals and tasks are here.",
    ]
    return Panel("across-wins-panel", "Win rates", words, [], [table])


def _shown(of: Judgement, one: str, two: str) -> bool:
    """Whether a comparison shows the first to be better."""
    if one not in of.pairs.order or two not in of.pairs.order:
        return False
    test = of.pairs.between(one, two)
    return test.first == one and test.shown(of.ranking.level)
