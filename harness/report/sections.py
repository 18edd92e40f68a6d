"""The report as data: what the page and the Markdown file say, in their order. The templates only lay it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.report import across, breakdowns, cost, evidence, figures, outputs, overview, results, task_tables
from harness.report import formatting as fmt
from harness.report.load import Comparison, ReportData, flatten
from harness.report.panels import Panel
from harness.report.statistics import Band, band
from harness.report.tables import Cell, Column, Row, Table
from harness.store import Store, query
from harness.store.records import EnvironmentRecord


@dataclass
class Block:
    """One comparison on the page: runs under equal conditions."""

    name: str
    heading: str
    facts: list[tuple[str, str]]
    notes: list[tuple[str, str]]
    table: Table
    verdict: str
    synthetic: bool
    limited: str
    curves: list[figures.Figure] = field(default_factory=list)
    more_curves: list[figures.Figure] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)
    examples: list[Table] = field(default_factory=list)
    samples: list[Table] = field(default_factory=list)
    confusions: list[Table] = field(default_factory=list)
    phases: Table | None = None
    details: Table | None = None
    signatures: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Section:
    """A task on the page."""

    name: str
    title: str
    blocks: list[Block]


@dataclass
class Report:
    """Everything on the page."""

    title: str
    lead: list[str]
    counts: list[tuple[str, int, str]]
    summary: Table
    verdicts: list[tuple[str, str]]
    warnings: list[str]
    across: list[Panel]
    sections: list[Section]
    failures: Table | None
    tracebacks: list[tuple[str, str]]
    environments: list[Table]
    commands: list[tuple[str, str]]
    store_id: str

    def tables(self) -> list[Table]:
        """Every table, for the CSV files."""
        found = [self.summary, *([self.failures] if self.failures else []), *self.environments]
        found += [t for p in self.across for t in p.tables]
        for block in (b for s in self.sections for b in s.blocks):
            found += [t for p in block.panels for t in p.tables]
            found += [block.table, *block.examples, *block.samples, *block.confusions]
            found += [t for t in (block.phases, block.details) if t]
        return found

    def figures(self) -> list[figures.Figure]:
        """Every figure, for the SVG and PNG files."""
        blocks = [b for s in self.sections for b in s.blocks]
        panels = [*self.across, *(p for b in blocks for p in b.panels)]
        return [f for b in blocks for f in [*b.curves, *b.more_curves]] + [f for p in panels for f in p.figures]


def compose(store: Store, data: ReportData) -> Report:
    """Make the report of what was loaded."""
    machines = {h: f"machine {chr(65 + i)}" if i < 26 else f"machine {i + 1}" for i, h in enumerate(data.environments)}
    colours = {label: i for i, label in enumerate(data.models)}
    headings = [overview.heading(c, data, machines) for c in data.comparisons]
    sections = []
    for task in data.tasks:
        of_task = [(i, c) for i, c in enumerate(data.comparisons) if c.task == task]
        blocks = [
            _block(
                store, data, c, f"{_slug(task)}{f'-{n}' if len(of_task) > 1 else ''}", headings[i], machines, colours
            )
            for n, (i, c) in enumerate(of_task, 1)
        ]
        sections.append(Section(_slug(task), overview.words(task), blocks))
    return Report(
        title=f"Comparison of sequence models: {data.sweep}" if data.sweep else "Comparison of sequence models",
        lead=overview.lead(data, machines),
        counts=overview.counts(data),
        summary=results.matrix(data, headings),
        verdicts=[(h, results.verdict_of(c).sentence) for h, c in zip(headings, data.comparisons, strict=True)],
        warnings=overview.warnings(data),
        across=across.panels(data, headings, colours),
        sections=sections,
        failures=task_tables.failure_table(data),
        tracebacks=outputs.tracebacks(data.runs),
        environments=[_environment(data, e, machines[h]) for h, e in data.environments.items()],
        commands=_commands(data),
        store_id=data.store_id,
    )


# -- one comparison ----------------------------------------------------------------------------------


def _block(
    store: Store,
    data: ReportData,
    comparison: Comparison,
    name: str,
    heading: str,
    machines: Mapping[str, str],
    colours: Mapping[str, int],
) -> Block:
    scale = results.primary_of(comparison)
    limit = comparison.conditions.eval_limit
    block = Block(
        name=name,
        heading=heading,
        facts=_facts(comparison, machines),
        notes=_notes(comparison),
        table=task_tables.task_table(comparison, f"{name}-results", f"{heading}: results on the test split"),
        verdict=results.verdict_of(comparison).sentence,
        synthetic=comparison.synthetic,
        limited=f"Tested on at most {limit} examples, not on the whole test split." if limit is not None else "",
        phases=task_tables.phase_table(comparison, f"{name}-time"),
        details=task_tables.detail_table(comparison, f"{name}-details"),
        examples=outputs.example_tables(store, comparison, f"{name}-outputs"),
        samples=outputs.sample_tables(store, comparison, f"{name}-samples"),
        signatures=_signatures(comparison),
    )
    main = _curves(store, comparison, name, scale.name, colours)
    loss = _curves(store, comparison, name, "loss", colours)
    block.curves, block.more_curves = (main, loss) if main else (loss, [])
    block.panels = [
        *evidence.panels(store, comparison, f"{name}-evidence"),
        *cost.panels(comparison, f"{name}-cost", colours),
        *breakdowns.panels(store, comparison, f"{name}-parts", colours),
    ]
    best = results.verdict_of(comparison).best
    ordered = sorted(comparison.entries, key=lambda e: e.label != best)
    tables = [outputs.confusion_table(e, f"{name}-confusion-{i}") for i, e in enumerate(ordered, 1)]
    block.confusions = [t for t in tables if t]
    return block


def _facts(comparison: Comparison, machines: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was compared, in pairs of term and words."""
    facts = overview.conditions(comparison.conditions, machines)
    summaries = [r.summary for r in comparison.finished if r.summary]
    details: dict[str, Any] = summaries[0].details if summaries else {}
    sizes = {n: details.get(f"{n}_examples") for n in ("train", "val", "test")}
    shown = []
    for term, text in facts:
        size = {"test examples": sizes["test"], "training examples": sizes["train"]}.get(term)
        counted = _grouped(size) if isinstance(size, int) else ""
        shown.append((term, (counted if text == "all" else f"{counted} ({text})") if counted else text))
    if comparison.synthetic:
        shown.insert(1, ("kind of data", "synthetic: generated, not recorded"))
    return shown


def _notes(comparison: Comparison) -> list[tuple[str, str]]:
    """What the task says of its data."""
    summary = next((r.summary for r in comparison.finished if r.summary), None)
    notes = summary.details.get("data") if summary else None
    if not isinstance(notes, dict):
        return []
    return [(str(k).replace("_", " "), _grouped(v) if isinstance(v, int) else str(v)) for k, v in notes.items()]


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", fmt.NARROW_SPACE)


def _signatures(comparison: Comparison) -> list[tuple[str, str]]:
    """What every metric means, and its exact variant where its library has one."""
    found = []
    for name, declared in comparison.any_run.units.items():
        text = " ".join(t for t in (declared.get("description"), declared.get("signature")) if t)
        if text:
            found.append((name, text))
    return found


def _curves(
    store: Store, comparison: Comparison, name: str, metric: str, colours: Mapping[str, int]
) -> list[figures.Figure]:
    """A metric on the validation split against steps and against seconds; empty where nobody logged two points."""
    bands: dict[str, Band] = {}
    found = query.curves(store, [r.id for r in comparison.finished], f"val/{metric}")
    for entry in comparison.entries:
        joined = band([found.get(r.id, []) for r in entry.finished])
        if joined is not None:
            bands[entry.label] = joined
    if not any(len(b.mean) > 1 for b in bands.values()):
        return []
    scale = results.scale_of(comparison.any_run, metric)
    seeds = max(b.seeds for b in bands.values())
    spread = "; the line is the mean over seeds, the band runs from the lowest to the highest" if seeds > 1 else ""
    made = []
    for x, against in (("steps", "optimizer steps"), ("seconds", "seconds of training, validation excluded")):
        made.append(
            figures.learning_curves(
                f"{name}-{_slug(metric)}-by-{x}",
                bands,
                colours,
                x=x,
                metric=f"validation {scale.title}",
                unit=scale.note.removesuffix(scale.arrow).strip(),
                higher_is_better=scale.higher_is_better,
                caption=f"Validation {scale.title} against {against}{spread}.",
            )
        )
    return made


# -- the end of the page -----------------------------------------------------------------------------


def _environment(data: ReportData, environment: EnvironmentRecord, machine: str) -> Table:
    """What was hashed, and the range of what was observed beside it over its runs."""
    caption = f"{overview.words(machine)}: environment {environment.hash[:12]}"
    table = Table(_slug(machine), caption, "", [Column("value", numeric=False)], prose=True, sortable=False)
    for term, value in flatten(environment.fingerprint).items():
        if value not in (None, "", "[]"):
            table.rows.append(
                Row(
                    Cell(term.replace("_", " ").replace(".", ": ")),
                    [Cell(str(value))],
                    "Fingerprint: must be equal for times to be compared",
                )
            )
    seen: dict[str, list[Any]] = {}
    for run in data.runs:
        if run.environment == environment.hash:
            for term, value in flatten(run.observed).items():
                if value not in (None, ""):
                    seen.setdefault(term, []).append(value)
    for term, values in seen.items():
        table.rows.append(
            Row(
                Cell(term.replace("_", " ").replace(".", ": ")),
                [Cell(_seen(values))],
                "Observed at the start of the runs",
            )
        )
    return table


def _seen(values: list[Any]) -> str:
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        low, high = min(values), max(values)
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"
    return ", ".join(dict.fromkeys(str(v) for v in values))


def _commands(data: ReportData) -> list[tuple[str, str]]:
    """The command of one finished run of every task, as an example of how to repeat any."""
    found = []
    for task in data.tasks:
        run = next((r for r in data.runs if r.task == task and r.status == "finished" and r.command), None)
        if run is not None:
            found.append((f"{overview.words(task)}, {run.model}, seed {run.seed}", run.command))
    return found


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-")
