"""Outputs of the models: the same test examples side by side, generated samples, confusion matrices."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from harness.report.differences import LONGEST, SAME, marks
from harness.report.load import Comparison, Entry
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store import Store, query
from harness.store.records import PredictionRow

EXAMPLES, SAMPLES = 5, 2
"""How many test examples are shown, and how many generated texts of each model."""

_SHORT, _LARGEST_MATRIX = 28, 30
_NO_TEXT = ("class", "horizon")  # what scores are divided by, where answers are names or figures


def chosen_ids(ids: Sequence[str], number: int = EXAMPLES) -> list[str]:
    """The ids with the smallest SHA-256: not hand-picked, and the same for every model."""
    return sorted(set(ids), key=lambda i: hashlib.sha256(i.encode()).hexdigest())[:number]


def example_tables(store: Store, comparison: Comparison, name: str) -> list[Table]:
    """Outputs for the same examples: one table if texts are short, else one table per example.

    If outputs are texts rather than class names or figures, their differences from the right answer are marked.
    """
    runs = [(e.label, e.finished[0]) for e in [*comparison.entries, *comparison.baselines] if e.finished]
    if not runs:
        return []
    shared = set.intersection(*(set(query.prediction_ids(store, r.id)) for _, r in runs))
    ids = chosen_ids(sorted(shared))
    rows = {label: {p.example_id: p for p in query.predictions(store, run.id, ids)} for label, run in runs}
    if not any(p.output for of_run in rows.values() for p in of_run.values()):
        return []
    compare = not any(r.summary and r.summary.charts.get("parts") in _NO_TEXT for _, r in runs)
    first = next(iter(rows.values()))
    texts = [t for of_run in rows.values() for p in of_run.values() for t in (p.reference, p.output, p.source)]
    if max(map(len, texts)) <= _SHORT:
        return [_short_table(ids, rows, name, compare=compare)]
    tables = []
    for number, i in enumerate(ids, 1):
        table = Table(
            f"{name}-{number}", f"Test example {i}", "", [Column("text", numeric=False)], prose=True, sortable=False
        )
        if first[i].source:
            table.rows.append(TableRow(TableCell("input"), [TableCell(_cut(first[i].source))]))
        table.rows.append(TableRow(TableCell("right answer"), [TableCell(_cut(first[i].reference))]))
        for label, of_run in rows.items():
            table.rows.append(TableRow(TableCell(label), [_answer(of_run[i], compare=compare)]))
        tables.append(table)
    return tables


def _short_table(
    ids: Sequence[str], rows: Mapping[str, Mapping[str, PredictionRow]], name: str, *, compare: bool
) -> Table:
    first = next(iter(rows.values()))
    source = any(first[i].source for i in ids)
    columns = [*(["input"] if source else []), "right answer", *rows]
    table = Table(
        name,
        "Outputs for the same test examples",
        "Example",
        [Column(c, numeric=False) for c in columns],
        prose=True,
        sortable=False,
    )
    for i in ids:
        cells = [*([TableCell(first[i].source)] if source else []), TableCell(first[i].reference)]
        cells += [_answer(of_run[i], compare=compare) for of_run in rows.values()]
        table.rows.append(TableRow(TableCell(i), cells))
    return table


def _answer(row: PredictionRow, *, compare: bool) -> TableCell:
    if not row.output:
        return TableCell("(empty)", mark="quiet")
    if row.output == row.reference:
        return TableCell(_cut(row.output), mark="right", hidden="exactly right")
    parts = marks(row.output, row.reference) if compare else ()
    if parts and len(row.output) > LONGEST:
        parts += ((SAME, "…"),)
    return TableCell(_cut(row.output), marks=parts)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def sample_tables(store: Store, comparison: Comparison, name: str) -> list[Table]:
    """Generated texts (samples without a right answer) of every model, by title."""
    by_title: dict[str, Table] = {}
    for entry in comparison.entries:
        if not entry.finished:
            continue
        texts = [s for s in query.samples(store, entry.finished[0].id) if not s.reference and s.output]
        for number, sample in enumerate(texts[:SAMPLES], 1):
            table = by_title.setdefault(
                sample.title,
                Table(
                    f"{name}-{len(by_title) + 1}",
                    f"Generated: {sample.title or f'sample {number}'}",
                    "",
                    [Column("text", numeric=False)],
                    prose=True,
                    sortable=False,
                ),
            )
            if sample.source and not table.rows:
                table.rows.append(TableRow(TableCell("prompt"), [TableCell(_cut(sample.source))]))
            table.rows.append(TableRow(TableCell(entry.label), [TableCell(_cut(sample.output))]))
    return list(by_title.values())


def confusion_table(entry: Entry, name: str) -> Table | None:
    """Actual classes in rows, predicted ones in columns, of the entry's first seed; None without one."""
    run = entry.finished[0] if entry.finished else None
    chart = run.summary.charts.get("confusion") if run and run.summary else None
    if run is None or not chart or not 0 < len(chart["labels"]) <= _LARGEST_MATRIX:
        return None
    labels = [str(v) for v in chart["labels"]]
    table = Table(
        name,
        f"How often {entry.label} (seed {run.seed}) predicted each class: actual in rows, predicted in columns",
        "actual \\ predicted",
        [Column(v) for v in labels],
        sortable=False,
    )
    for i, (label, counts) in enumerate(zip(labels, chart["matrix"], strict=True)):
        total = sum(counts) or 1
        cells = [
            TableCell(str(n), n, shade=round(n / total, 3), mark="diagonal" if i == j else "")
            for j, n in enumerate(counts)
        ]
        table.rows.append(TableRow(TableCell(label), cells))
    return table
