"""`compose`: the report as data, the content of the pages and the Markdown file, in order."""

from __future__ import annotations

from harness.report import across, overview, results, run_lists, task_tables
from harness.report.blocks import block
from harness.report.contents import Block, PageSection, Report, ReportOutcome
from harness.report.environments import environment_table
from harness.report.load import Comparison, ReportData
from harness.report.outline import empty_sections, machine_names
from harness.report.statistics.verdicts import listed
from harness.store import Store


def compose(store: Store, data: ReportData) -> Report:
    """Compose the report from loaded data."""
    machines = machine_names(data)
    colours = {label: i for i, label in enumerate(data.models)}
    headings = [overview.heading(c, data, machines) for c in data.comparisons]
    sections = empty_sections(data)
    for section in sections:
        of_task = [(i, c) for i, c in enumerate(data.comparisons) if c.task == section.task]
        section.blocks += [
            block(store, c, f"{section.name}{f'_{n}' if len(of_task) > 1 else ''}", headings[i], machines, colours)
            for n, (i, c) in enumerate(of_task, 1)
        ]
    return Report(
        title=f"Comparison of sequence models: {data.sweep}" if data.sweep else "Comparison of sequence models",
        lead=overview.lead(data, machines) if data.runs else ["There are no runs yet."],
        counts=overview.counts(data),
        summary=results.matrix(data, headings),
        outcomes=[_outcome(s, b, c) for s in sections for b, c in zip(s.blocks, _of_task(data, s.task), strict=True)],
        warnings=overview.warnings(data),
        across=across.panels(data, headings, colours),
        sections=sections,
        failures=task_tables.failure_table(data),
        environments=[environment_table(data, e, machines[h]) for h, e in data.environments.items()],
        commands=_commands(data),
        store_id=data.store_id,
        machines=machines,
        links=run_lists.links(data.runs),
        runs=run_lists.all_runs(data, machines),
    )


def _of_task(data: ReportData, task: str) -> list[Comparison]:
    return [c for c in data.comparisons if c.task == task]


def _outcome(section: PageSection, part: Block, comparison: Comparison) -> ReportOutcome:
    verdict = results.verdict_of(comparison)
    best = verdict.best
    if best is None:
        standing, tone = "no result", "quiet"
    elif not verdict.contested and sum(bool(e.finished) for e in comparison.entries) > 1:
        best, standing, tone = None, "all alike", "quiet"
    elif not verdict.contested:
        standing, tone = "no contest", "quiet"
    elif verdict.supported:
        standing, tone = "supported by the evidence", "good"
    elif len(verdict.leaders) > 1:
        best, standing, tone = listed(verdict.leaders), "tied", "warn"
    else:
        standing, tone = "not decided", "warn"
    page = f"tasks/{section.name}.html"
    return ReportOutcome(part.heading, page, part.name, best, standing, tone, verdict.sentence)


def _commands(data: ReportData) -> list[tuple[str, str]]:
    """The command of one finished run of every task, as an example of how to repeat runs."""
    found = []
    for task in data.tasks:
        run = next((r for r in data.runs if r.task == task and r.status == "finished" and r.command), None)
        if run is not None:
            found.append((f"{overview.words(task)}, {run.model}, seed {run.seed}", run.command))
    return found
