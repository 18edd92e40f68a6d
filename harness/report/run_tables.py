"""Tables of runs: where the time went, how they were run, what failed."""

from __future__ import annotations

from harness.report import formatting as fmt
from harness.report import guards, promises
from harness.report.load import Comparison, Entry, ReportData, one_line
from harness.report.statistics import summarise
from harness.report.tables import Column, Table, TableCell, TableRow


def phase_table(comparison: Comparison, name: str) -> Table | None:
    """Mean seconds of every phase of a run, by model."""
    entries = [e for e in comparison.entries if e.finished]
    phases = list(dict.fromkeys(p for r in comparison.finished if r.summary for p in r.summary.phases))
    if not phases:
        return None
    columns = [Column("whole run"), *(Column(p.replace("_", " ")) for p in phases), Column("not attributed")]
    table = Table(name, "Where the wall time went: mean over seeds", "Model", columns)
    for entry in entries:
        summaries = [r.summary for r in entry.finished if r.summary]
        total = summarise([s.total_s for s in summaries]).mean
        parts = [summarise([s.phases.get(p, 0.0) for s in summaries]).mean for p in phases]
        rest = total - sum(parts)
        cells = [TableCell(fmt.duration(v), v) for v in (total, *parts)]
        # Phases may overlap by the clock's resolution; clip negative remainders.
        cells.append(TableCell(f"{max(0.0, 100 * rest / total):.1f} %" if total else "–", rest))
        busy = len(guards.contended(entry))
        note = f"{busy} of {len(entry.finished)} contended" if busy else ""
        remarks = [guards.contended_sentence(comparison) if busy else "", guards.backend_sentence(comparison)]
        number = table.footnote(" ".join(filter(None, remarks))) if any(remarks) else 0
        table.rows.append(TableRow(TableCell(entry.label, note=note, footnote=number), cells))
    return table


def detail_table(comparison: Comparison, name: str) -> Table | None:
    """How every model was run: decoder, steps, learning rate, tuning, and what else it recorded."""
    entries = [e for e in comparison.entries if e.finished]
    if not entries:
        return None
    facts = {e.label: _facts(e) for e in entries}
    titles = list(dict.fromkeys(t for f in facts.values() for t in f))
    table = Table(name, "How each model was run", "Model", [Column(t, numeric=False) for t in titles])
    for entry in entries:
        table.rows.append(TableRow(TableCell(entry.label), [TableCell(facts[entry.label].get(t, "–")) for t in titles]))
    return table


def _facts(entry: Entry) -> dict[str, str]:
    run = entry.finished[0]
    details = run.summary.details if run.summary else {}
    facts = {}
    for name, value in details.items():
        if isinstance(value, str | int | float | bool) and not name.endswith("_examples") and name != "eval_limit":
            facts[name.replace("_", " ")] = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
        elif name == "context" and value is None:
            facts["context"] = "all before"
    optimizer = run.config.get("optimizer")
    if isinstance(optimizer, dict):
        facts |= {
            n.replace("_", " "): str(optimizer[k])
            for k, n in (("lr", "learning rate"), ("clip", "clipping"))
            if k in optimizer
        }
    contract = promises.of_model(entry)
    if contract is not None:
        facts["contract"] = contract.text
    facts["tuning"] = guards.tuning_words(run)
    facts["run"] = ", ".join(f"{r.key[:12]} (seed {r.seed})" for r in entry.finished)
    if entry.superseded:
        facts["older runs not shown"] = str(entry.superseded)
    return facts


def failure_table(data: ReportData) -> Table | None:
    """Runs that failed, with the last line of their error."""
    failed = [r for r in data.runs if r.status == "failed"]
    if not failed:
        return None
    columns = [
        Column("task", numeric=False),
        Column("seed"),
        Column("error", numeric=False),
        Column("attempts"),
        Column("run", numeric=False),
    ]
    table = Table("failures", "The error of every run that failed", "Model", columns, prose=True)
    for run in failed:
        error = one_line(run.reason or "no reason was recorded")
        cells = [
            TableCell(run.task),
            TableCell(str(run.seed), run.seed),
            TableCell(error),
            TableCell(str(run.attempts), run.attempts),
            TableCell(run.key[:12], links=(run.key,)),
        ]
        table.rows.append(TableRow(TableCell(run.model), cells))
    return table
