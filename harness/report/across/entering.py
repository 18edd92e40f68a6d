"""What entered the comparison across tasks and what did not, as text and tables."""

from __future__ import annotations

from harness.report import formatting as fmt
from harness.report.across.grid import RULE, Grid
from harness.report.figures import label
from harness.report.panels import Panel
from harness.report.tables import Column, Table, TableCell, TableRow


def nothing_panel(grid: Grid) -> Panel:
    """Why nothing is compared across tasks."""
    if len(grid.tasks) < 2:
        why = "fewer than two tasks have a result of at least two models under equal conditions"
    else:
        why = f"no two models have a result on all of {', '.join(t.heading for t in grid.tasks)}"
    panel = Panel("across-none", "No comparison across tasks", [f"Nothing can be compared across tasks: {why}.", RULE])
    panel.tables = [_left_out(grid)] if grid.left_out else []
    return panel


def entering_panel(grid: Grid) -> Panel:
    """The columns, the rule, and what was left out."""
    columns = [
        Column("metric", numeric=False),
        Column("data set", numeric=False),
        Column("precision", numeric=False),
        Column("models with a result"),
        Column("seeds a model"),
    ]
    table = Table("across-columns", "The columns of every comparison across tasks", "Column", columns, sortable=False)
    for task in grid.tasks:
        seeds = [len(task.values[m]) for m in grid.models]
        low, high = min(seeds), max(seeds)
        table.rows.append(
            TableRow(
                TableCell(task.heading),
                [
                    TableCell(task.measured),
                    TableCell(task.dataset),
                    TableCell(task.precision or "not recorded"),
                    TableCell(str(len(task.values)), len(task.values)),
                    TableCell(str(low) if low == high else f"{low} to {high}", low),
                ],
            )
        )
    text = [RULE]
    twice = sorted({t.task for t in grid.tasks if sum(o.task == t.task for o in grid.tasks) > 1})
    if twice:
        text.append(
            f"{', '.join(twice)}: several data sets of one task enter, so it has more weight than the others; they "
            "are not independent if they share texts or recordings."
        )
    panel = Panel("across-entering", "Which results enter across tasks", text, tables=[table], folded=True)
    if grid.left_out:
        panel.tables.append(_left_out(grid))
    return panel


def mixed_precisions(grid: Grid) -> str:
    """A note if columns of different precision are combined; else empty."""
    found: dict[str, list[str]] = {}
    for task in grid.tasks:
        found.setdefault(task.precision or "not recorded", []).append(task.task)
    if len(found) < 2:
        return ""
    listed = "; ".join(f"{precision}: {', '.join(tasks)}" for precision, tasks in sorted(found.items()))
    return f"Mixed precisions ({listed}): models are compared within a column, whose runs have one."


def _left_out(grid: Grid) -> Table:
    table = Table(
        "across-left-out",
        "What does not enter the comparison across tasks, and why",
        "Model or column",
        [Column("reason", numeric=False)],
        prose=True,
        sortable=False,
    )
    table.rows = [TableRow(TableCell(what), [TableCell(why)]) for what, why in grid.left_out]
    return table


def who(grid: Grid) -> str:
    """The number of models and tasks, and which are missing."""
    missing = [what for what, _ in grid.left_out if what not in {t.heading for t in grid.tasks}]
    text = f"{fmt.plural(len(grid.models), 'model')} with a result on each of {fmt.plural(len(grid.tasks), 'task')}."
    if missing:
        shown = ", ".join(label(what, 80) for what in missing[:6]) + (
            f" and {len(missing) - 6} more" if len(missing) > 6 else ""
        )
        text += f" Left out: {shown}; the reasons are under “Which results enter across tasks”."
    return text
