"""Where runs ran: the fingerprint of an environment, and what was observed during its runs."""

from __future__ import annotations

import json
from typing import Any

from harness.report import overview
from harness.report.load import ReportData, flatten
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store.records import EnvironmentRecord

_MOST_VALUES = 5


def environment_table(data: ReportData, environment: EnvironmentRecord, machine: str) -> Table:
    """What was hashed, and the range of what was observed during its runs."""
    caption = f"{overview.words(machine)}: environment {environment.hash[:12]}"
    table = Table(
        machine.replace(" ", "-").lower(), caption, "", [Column("value", numeric=False)], prose=True, sortable=False
    )
    for term, value in flatten(environment.fingerprint).items():
        if value not in (None, "", "[]"):
            table.rows.append(
                TableRow(
                    TableCell(term.replace("_", " ").replace(".", ": ")),
                    [TableCell(str(value))],
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
            TableRow(
                TableCell(term.replace("_", " ").replace(".", ": ")),
                [TableCell(_seen(values))],
                "Observed at the start of the runs",
            )
        )
    return table


def _seen(values: list[Any]) -> str:
    """Numbers as a range, lists of numbers as ranges per position, other values one by one, the first few only."""
    if all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        low, high = min(values), max(values)
        return f"{low:g}" if low == high else f"{low:g} to {high:g}"
    lists = [_numbers(v) for v in values]
    if all(lists) and len({len(one) for one in lists}) == 1:
        return "; ".join(_seen(list(place)) for place in zip(*lists, strict=True))
    unique = list(dict.fromkeys(str(v) for v in values))
    more = f", {len(unique) - _MOST_VALUES} more" if len(unique) > _MOST_VALUES else ""
    return ", ".join(unique[:_MOST_VALUES]) + more


def _numbers(value: Any) -> list[float]:
    """The numbers of a list, which `flatten` wrote as JSON; empty if it is something else."""
    try:
        found = json.loads(value) if isinstance(value, str) and value.startswith("[") else []
    except ValueError:  # text that only starts like a list
        return []
    return found if all(isinstance(v, int | float) for v in found) else []
