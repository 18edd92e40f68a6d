"""`compose`: the report as data, the content of the pages and the Markdown file, in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.report import across, overview, results, run_lists, task_tables
from harness.report.blocks import block
from harness.report.contents import LimitField, Report
from harness.report.costs import Costs, costs_of
from harness.report.decisions import axes_of, decision
from harness.report.environments import environment_table
from harness.report.load import ReportData
from harness.report.outline import empty_sections, machine_names
from harness.report.panel_makers import installed
from harness.report.published_claims.page import claim_sections
from harness.report.reproduction.page import reproduction
from harness.report.standing import Judgement, judge
from harness.report.standing.examples import rows_of_each
from harness.report.standing.recommend import AXES
from harness.store import Store


def judgements_of(store: Store, data: ReportData) -> list[Judgement]:
    """What the runs of every comparison support, in order."""
    rows = rows_of_each(len(data.comparisons))
    return [judge(store, c, rows) for c in data.comparisons]


def compose(store: Store, data: ReportData, judgements: Sequence[Judgement] | None = None) -> Report:
    """Compose the report from loaded data; `judgements` of its comparisons, if they are already made."""
    judgements = judgements_of(store, data) if judgements is None else judgements
    machines = machine_names(data)
    colours = {label: i for i, label in enumerate(data.models)}
    headings = [overview.heading(c, data, machines) for c in data.comparisons]
    costs = [costs_of(c) for c in data.comparisons]
    sections = empty_sections(data)
    makers = installed()
    decisions = []
    for section in sections:
        of_task = [(i, c) for i, c in enumerate(data.comparisons) if c.task == section.task]
        for n, (i, comparison) in enumerate(of_task, 1):
            name = f"{section.name}{f'_{n}' if len(of_task) > 1 else ''}"
            made = block(store, comparison, name, headings[i], machines, colours, makers, judgements[i])
            section.blocks.append(made)
            page = f"tasks/{section.name}.html#{name}"
            made.decision = decision(comparison, judgements[i], costs[i], name, headings[i], page)
            decisions.append(made.decision)
        section.axes = _limit_fields([costs[i] for i, _ in of_task])
    return Report(
        title=f"Comparison of sequence models: {data.sweep}" if data.sweep else "Comparison of sequence models",
        lead=overview.lead(data, machines) if data.runs else ["There are no runs yet."],
        counts=overview.counts(data),
        summary=results.matrix(data, headings, [j.leaders for j in judgements]),
        decisions=decisions,
        axes=_limit_fields(costs),
        warnings=overview.warnings(data),
        across=across.panels(data, headings, colours, judgements),
        sections=sections,
        failures=task_tables.failure_table(data),
        environments=[environment_table(data, e, machines[h]) for h, e in data.environments.items()],
        commands=_commands(data),
        store_id=data.store_id,
        machines=machines,
        links=run_lists.links(data.runs),
        runs=run_lists.all_runs(data, machines),
        reproduction=reproduction(data, headings),
        claims=claim_sections(data),
        stores=data.store_table,
        judgements=list(judgements),
    )


def _limit_fields(costs: Sequence[Mapping[str, Costs]]) -> list[LimitField]:
    """The costs that can be limited where these comparisons are shown."""
    made = []
    for name, steps in axes_of(costs).items():
        axis = AXES[name]
        unit, scale = ("MB", 1e6) if axis.unit == "bytes" else (axis.unit, 1.0)
        made.append(LimitField(name, axis.title, unit, scale, steps, tuple(axis.shown(v) for v in steps)))
    return made


def _commands(data: ReportData) -> list[tuple[str, str]]:
    """The command of one finished run of every task, as an example of how to repeat runs."""
    found = []
    for task in data.tasks:
        run = next((r for r in data.runs if r.task == task and r.status == "finished" and r.command), None)
        if run is not None:
            found.append((f"{overview.words(task)}, {run.model}, seed {run.seed}", run.command))
    return found
