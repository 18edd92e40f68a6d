"""What a table holds: columns, classes, texts and times."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np

from harness.data.inspection.finding import Command, Inspected, counted, listed
from harness.data.tables import DataColumn, DataTable, Roles, read_table, roles
from harness.data.tables.numbers import NumberFormat, parse_numbers
from harness.terminal import one_line

_CLASSES = 8
_FEW = 10
_LEAST = 3
_USUAL_WINDOW = 96 + 24
_SHOWN = 30


def inspect_table(path: Path) -> Inspected:
    """A table, as `read_table` understands it.

    Raises:
        DataError: it cannot be read.
    """
    return describe_table(read_table(path))


def describe_table(table: DataTable) -> Inspected:
    """A table that was read."""
    found = roles(table)
    classes = _classes(table, found.label) if found.label else {}
    times = _times(table, found.time) if found.time else np.array([])
    facts = [("rows", f"{len(table):,}")]
    facts += [(f"column '{column.name}'", _words(table, column, found, classes, times)) for column in table.columns]
    odd = [*table.odd, *(f"column '{column.name}': {said}" for column in table.columns for said in column.odd)]
    commands: list[Command] = []
    hint = ""
    if found.text and classes:
        odd += _odd_classes(found.label or "", classes, table)
        if len(classes) > 1 and max(classes.values()) < _LEAST:
            hint = f"A classifier needs {_LEAST} different texts of a label at least."
        elif len(classes) > 1:
            commands.append(Command("text_classification.csv"))
        else:
            hint = "A classifier needs rows of two classes or more."
    numbers = [column for column in table.columns if column.kind == "number" and column.distinct > 1]
    if found.time and numbers:
        odd += _odd_times(found.time, times)
        commands.append(Command("forecasting.csv", _windows(len(table)), models=("lstm", "stacked_lstm")))
    if not commands and not hint:
        hint = (
            "Forecasting needs a column of dates and one of numbers; text classification a column of text and one of "
            "labels."
        )
    return Inspected(f"table, {table.written}", tuple(facts), tuple(odd), tuple(commands), hint)


def _words(table: DataTable, column: DataColumn, found: Roles, classes: dict[str, int], times: np.ndarray) -> str:
    """Kind, extent, missing cells and role of a column."""
    words: list[str] = [column.kind]
    if column.name == found.label:
        most = ", ".join(f"{_short(name)} {count:,}" for name, count in list(classes.items())[:_CLASSES])
        words = [f"label, {_classes_words(len(classes))}", most + (", …" if len(classes) > _CLASSES else "")]
    elif column.kind == "number":
        values = _present_numbers(table, column)
        written = f" ({column.numbers})" if str(column.numbers) else ""
        words = [f"number{written}", f"{values.min():g} to {values.max():g}"]
    elif column.kind == "date":
        words = [f"date ({column.dates})", _period(times if column.name == found.time else _times(table, column.name))]
    elif column.kind == "text":
        lengths = sorted(len(text.split()) for text in table.texts(column.name) if text)
        words = ["text", f"{lengths[len(lengths) // 2]:,} words in the median, {lengths[-1]:,} at most"]
    elif column.kind == "category":
        words.append(f"{column.distinct:,} different")
    if column.missing and column.kind != "empty":
        words.append(f"{counted(column.missing, 'cell')} missing")
    role = {found.text: "the text", found.time: "the time", found.group: "the group"}.get(column.name)
    if role and column.name != found.label:
        words[0] = f"{role}, {words[0]}" if role != f"the {words[0]}" else role
    return "; ".join(word for word in words if word)


def _odd_classes(label: str, classes: dict[str, int], table: DataTable) -> list[str]:
    odd = []
    if len(classes) == 1:
        odd.append(f"column '{label}' has one class only: {next(iter(classes))}")
    rare = [_short(name) for name, count in classes.items() if count < _FEW]
    if rare and len(table) >= _FEW:
        odd.append(f"fewer than {_FEW} rows of {_classes_words(len(rare))}: {listed(rare)}")
    if len(classes) > 1 and max(classes.values()) > 0.9 * sum(classes.values()):
        odd.append(
            f"{100 * max(classes.values()) / sum(classes.values()):.0f} % of rows are of class {next(iter(classes))}"
        )
    return odd


def _times(table: DataTable, name: str) -> np.ndarray:
    """The times of a column that are there; none where day and month could be exchanged."""
    form = table.column(name).dates
    if form is None or form.ambiguous or any("no date" in said for said in table.column(name).odd):
        return np.array([], dtype="datetime64[us]")
    times = table.times(name)
    return times[~np.isnat(times)]


def _period(times: np.ndarray) -> str:
    """First and last time, and the step between rows."""
    if not len(times):
        return ""
    text = f"{_moment(times.min())} to {_moment(times.max())}"
    steps = np.diff(np.unique(times))
    if not len(steps):
        return text
    common, count = Counter(steps.tolist()).most_common(1)[0]
    return f"{text}, {'' if count == len(steps) else 'mostly '}every {_duration(common)}"


def _odd_times(name: str, times: np.ndarray) -> list[str]:
    """Disorder, repeated times and gaps."""
    odd: list[str] = []
    if not len(times):
        return odd
    if (np.diff(times) < np.timedelta64(0, "us")).any():
        odd.append(f"column '{name}': rows are not in the order of time")
    unique = np.unique(times)
    if len(unique) < len(times):
        odd.append(f"column '{name}': {counted(len(times) - len(unique), 'row')} of a time that another row has, too")
    steps = np.diff(unique)
    if len(steps) > 1:
        common, count = Counter(steps.tolist()).most_common(1)[0]
        longer = int((steps > np.timedelta64(common)).sum())
        if count < len(steps) / 2:
            odd.append(
                f"column '{name}': its steps differ; the most frequent, {_duration(common)}, is {count:,} of "
                f"{len(steps):,}"
            )
        elif longer:
            first = _moment(unique[np.flatnonzero(steps > np.timedelta64(common))[0]])
            odd.append(
                f"column '{name}': {counted(longer, 'gap')} longer than {_duration(common)}, the first after {first}"
            )
    return odd


def _windows(rows: int) -> tuple[tuple[str, str], ...]:
    """Options for a table so short that a tenth of it, which is validation, has no window of the usual lengths."""
    if rows // 10 >= _USUAL_WINDOW:
        return ()
    horizon = max(1, rows // 40)
    return ("task.lookback", str(max(1, rows // 10 - horizon))), ("task.horizon", str(horizon))


def _present_numbers(table: DataTable, column: DataColumn) -> np.ndarray:
    """The numbers of a column that are there, whatever else is."""
    cells = np.array(table.texts(column.name), dtype=object)
    values = parse_numbers(cells[cells != ""], column.numbers or NumberFormat())
    return values[~np.isnan(values)]


def _moment(time: np.datetime64) -> str:
    return str(time.astype("datetime64[s]")).replace("T", " ").removesuffix(" 00:00:00")


def _duration(step: timedelta) -> str:
    """ "1 hour", "15 minutes", "7 days"."""
    seconds = step.total_seconds()
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds >= size and seconds % size == 0:
            return counted(int(seconds // size), unit)
    return f"{seconds:g} seconds"


def _classes(table: DataTable, name: str) -> dict[str, int]:
    """Rows of each class, the largest first."""
    return dict(Counter(text for text in table.texts(name) if text).most_common())


def _classes_words(count: int) -> str:
    return f"{count:,} class{'' if count == 1 else 'es'}"


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
