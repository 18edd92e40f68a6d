"""Any table of texts with labels: CSV, TSV, JSON or JSON Lines, of one's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness_tasks.labelled_text import LabelledText

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.contamination import plain
from harness.data.foreign import shown
from harness.data.sources import FileSource, Source
from harness.data.splitting import SplitPositions, by_group, stratified
from harness.data.tables import DataTable, read_table, roles
from harness.errors import DataError
from harness.places import user_path
from harness_datasets.text_classification._labelled_texts import (
    Row,
    cleaned,
    held_out,
    raw_splits,
    without_held_out,
)
from harness_datasets.text_classification.colours import Colours

HARNESS_CONTRACT = 2

Notes = dict[str, str | int | float]
_SHARE = 0.1
_MOST_NAMED = 20
_EXPECTED = "a table with a column of texts and one of labels: CSV, TSV, JSON or JSON Lines"
_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development"), "val"),
    "test": "test",
}
"""The split that a cell of a split column means."""


@dataclass(frozen=True)
class _Columns:
    """Names of the columns that are read; None where there is none."""

    text: str
    label: str
    group: str | None
    split: str | None


@dataclass
class CsvTexts(LabelledText):
    """Texts with labels from a table; the columns are found by their names and contents unless they are named.

    Without a column of splits or a second file, a tenth of each label is test and a tenth validation, by the hash of
    the text; with a group column, whole groups. Rows without a text or a label are left out and counted.

    Fields:
        root: the file.
        text_column, label_column: their names; None: found.
        group_column: rows that have the same value there go into one split; None: found by a name such as "user".
        test_file: a second file with the same columns, all of it for test.
    """

    name: ClassVar[str] = "csv"

    root: Path | None = None
    text_column: str | None = None
    label_column: str | None = None
    group_column: str | None = None
    test_file: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)
        self.test_file = None if self.test_file is None else Path(self.test_file)

    @property
    def label(self) -> str:
        """With the file's name: "csv-reviews"."""
        return self.name if self.root is None else f"{self.name}-{shown(user_path(self.root, 'task.root').stem)}"

    def sources(self) -> tuple[Source, ...]:
        """The file, and the second one where it is given."""
        return (self._file(), *([] if self.test_file is None else [self._second()]))

    def read(self) -> RawData:
        """Rows with a text and a label, divided by the rule that the notes state.

        Raises:
            DataError: a file is missing or is no table, no column looks like a text or a label, or too few rows are
                left to hold any out.
            UnknownNameError: a column that is named is not there.
        """
        table = read_table(self._file().fetch())
        columns = self._columns(table)
        rows, notes = _rows(table, columns)
        if self.test_file is not None:
            splits, rule = self._with_second(rows, columns)
        elif columns.split is not None:
            splits, rule = _as_said(table, columns.split, rows)
        elif columns.group is not None:
            groups = table.texts(columns.group)
            # A row without a group is one of its own.
            parts = by_group([groups[at] or f"row {at}" for at, _ in rows], named=columns.group)
            splits, rule = _parts(rows, parts), parts.rule
        else:
            parts = stratified([plain(row.text) for _, row in rows], [row.label for _, row in rows])
            splits, rule = _parts(rows, parts), parts.rule
        kept, dropped = without_held_out(splits)
        for name, part in kept.items():
            if not part:
                raise DataError(
                    f"{shown(table.path)} has {len(rows):,} rows with a text and a label, too few to hold any out: the "
                    f"{name} split is empty. A label needs three different texts at least; with a group column, three "
                    "groups."
                )
        used = {"text": columns.text, "label": columns.label, "group": columns.group, "split": columns.split}
        notes = {
            "table": f"{len(table):,} rows, {table.written}",
            "columns": ", ".join(f"{role} '{name}'" for role, name in used.items() if name),
            "classes": _counted(Counter(row.label for _, row in rows)),
            **notes,
            "split": rule,
            **dropped,
        }
        if table.odd:
            notes["odd"] = "; ".join(table.odd)
        return raw_splits(kept, notes=notes)

    def tiny(self) -> Colours:
        """Sentences about colours."""
        return Colours.of_few()

    # -- private -------------------------------------------------------------------------------------

    def _file(self) -> FileSource:
        return FileSource("texts", self.root, "task.root", "the user's own", _EXPECTED)

    def _second(self) -> FileSource:
        return FileSource("test texts", self.test_file, "task.test_file", "the user's own", _EXPECTED)

    def _columns(self, table: DataTable) -> _Columns:
        """The columns as named, else as found."""
        found = roles(table)
        for name in (self.text_column, self.label_column, self.group_column):
            if name is not None:
                table.column(name)  # refuses a name that is not there
        text, label = self.text_column or found.text, self.label_column or found.label
        for role, name in (("text", text), ("label", label)):
            if name is None:
                raise DataError(
                    f"No column of {shown(table.path)} looks like a {role}. Its columns are "
                    f"{', '.join(table.names)}; name one with task.{role}_column=NAME."
                )
        assert text is not None
        assert label is not None
        if text == label:
            raise DataError(
                f"Column '{text}' cannot be both text and label; set task.text_column and task.label_column."
            )
        group = self.group_column or (found.group if found.group not in (text, label) else None)
        split = found.split if found.split not in (text, label, group) else None
        named = split is not None and {s.casefold() for s in table.texts(split)} <= _SPLITS.keys()
        return _Columns(text, label, group, split if named else None)

    def _with_second(self, rows: Sequence[tuple[int, Row]], columns: _Columns) -> tuple[dict[str, list[Row]], str]:
        """The first file for training and validation, the second for test."""
        second = read_table(self._second().fetch())
        for name in (columns.text, columns.label):
            second.column(name)
        test, _ = _rows(second, columns)
        train, val = held_out([row for _, row in rows], _SHARE)
        rule = f"all of task.test_file for test; {_SHARE:.0%} of each label for validation by the hash of the text"
        return {"train": train, "val": val, "test": [row for _, row in test]}, rule


def _rows(table: DataTable, columns: _Columns) -> tuple[list[tuple[int, Row]], Notes]:
    """Rows that have a text and a label, with their positions in the table, and notes on the others.

    Raises:
        DataError: none has, or there are nearly as many labels as rows.
    """
    texts, labels = map(cleaned, table.texts(columns.text)), map(cleaned, table.texts(columns.label))
    lines = table.lines.tolist()
    every = [(at, Row(lines[at], *pair)) for at, pair in enumerate(zip(texts, labels, strict=True))]
    rows = [(at, row) for at, row in every if row.text and row.label]
    notes: Notes = {}
    if lost := len(every) - len(rows):
        first = next(row.number for _, row in every if not (row.text and row.label))
        notes["rows left out, without a text or a label"] = f"{lost:,}, the first on line {first}"
    if not rows:
        raise DataError(
            f"No row of {shown(table.path)} has both a text (column '{columns.text}') and a label ('{columns.label}')."
        )
    classes = len({row.label for _, row in rows})
    if classes > 2 and classes > len(rows) // 2:
        raise DataError(
            f"Column '{columns.label}' of {shown(table.path)} has {classes:,} different values in {len(rows):,} rows, "
            "too many for labels; name another column with task.label_column=NAME."
        )
    said: dict[str, set[str]] = {}
    for _, row in rows:
        said.setdefault(plain(row.text), set()).add(row.label)
    if contrary := sum(len(labels) > 1 for labels in said.values()):
        notes["texts that have different labels in different rows"] = contrary
    return rows, notes


def _parts(rows: Sequence[tuple[int, Row]], parts: SplitPositions) -> dict[str, list[Row]]:
    return {name: [rows[at][1] for at in getattr(parts, name)] for name in ("train", "val", "test")}


def _as_said(table: DataTable, column: str, rows: Sequence[tuple[int, Row]]) -> tuple[dict[str, list[Row]], str]:
    """The splits that a column says; validation is taken from training where it names none."""
    cells = [_SPLITS[cell.casefold()] for cell in table.texts(column)]
    splits = {name: [row for at, row in rows if cells[at] == name] for name in ("train", "val", "test")}
    rule = f"as column '{column}' says"
    if not splits["val"]:
        splits["train"], splits["val"] = held_out(splits["train"], _SHARE)
        rule += f"; {_SHARE:.0%} of each training label for validation by the hash of the text"
    return splits, rule


def _counted(labels: Counter[str]) -> str:
    """Labels with how often each occurs, the most frequent first."""
    shown_ones = ", ".join(f"{label} {count:,}" for label, count in labels.most_common(_MOST_NAMED))
    more = f" and {len(labels) - _MOST_NAMED} more" if len(labels) > _MOST_NAMED else ""
    return f"{len(labels)}: {shown_ones}{more}"


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [CsvTexts]
