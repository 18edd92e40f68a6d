"""Which column holds the text, the label, the time and the group: found by rule, so that a file alone is enough."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from harness.data.tables.table import DataColumn, DataTable

_LABEL_NAMES = (
    "label",
    "labels",
    "class",
    "category",
    "sentiment",
    "target",
    "intent",
    "polarity",
    "rating",
    "stars",
    "y",
)
_TEXT_NAMES = ("text", "sentence", "review", "comment", "message", "tweet", "utterance", "content", "document")
_GROUP_NAMES = ("speaker", "user", "group", "subject", "patient", "author", "participant", "session")
_SPLIT_NAMES = ("split", "fold", "subset", "partition")
_MOST_CLASSES = 1000


@dataclass(frozen=True)
class Roles:
    """Names of columns; None where no column looks like one.

    Attributes:
        text: of text columns the one whose name says so, else the longest on average.
        label: a column of few values, one whose name says so first, else the one with the fewest classes.
        time: the first column of dates, one without ambiguity first.
        group: one whose name says that its rows belong together: speaker, user, group, subject.
        split: one of "train", "test" and the like.
    """

    text: str | None
    label: str | None
    time: str | None
    group: str | None
    split: str | None = None


def roles(table: DataTable) -> Roles:
    """The columns' roles, by their names and kinds."""
    by_name = partial(_named, table.columns)
    texts = [column for column in table.columns if column.kind == "text"]
    named = [column for column in by_name(_TEXT_NAMES) if column.kind in ("text", "category")]
    text = next((c for c in named if c in texts), None) or max(texts, key=partial(_length, table), default=None)
    text = text or next(iter(named), None)
    dates = [column for column in table.columns if column.kind == "date"]
    time = next((c for c in dates if not (c.dates and c.dates.ambiguous)), next(iter(dates), None))
    group = next((c for c in by_name(_GROUP_NAMES) if c.kind in ("category", "number")), None)
    split = next((c for c in by_name(_SPLIT_NAMES) if c.distinct <= 10), None)
    others = [c for c in table.columns if c not in (text, time, group, split) and c.kind in ("category", "number")]
    label = next((c for c in by_name(_LABEL_NAMES) if c in others and c.distinct <= _MOST_CLASSES), None)
    if label is None:
        few = [c for c in others if 1 < c.distinct <= min(_MOST_CLASSES, max(2, len(table) // 2))]
        few = [c for c in few if not (c.kind == "number" and c.distinct > 20)]
        label = min(few, key=lambda column: column.distinct, default=None)
    if text is None and label is not None:  # short texts: whatever differs most
        rest = [c for c in others if c is not label and c.kind == "category" and c.distinct > label.distinct]
        text = max(rest, key=lambda column: column.distinct, default=None)
    return Roles(*(None if c is None else c.name for c in (text, label, time, group, split)))


def _named(columns: tuple[DataColumn, ...], names: tuple[str, ...]) -> list[DataColumn]:
    """Columns called so, or with that among the words of their names; an exact name first."""
    exact = [c for name in names for c in columns if c.name.casefold() == name]
    partly = [c for name in names for c in columns if name in re.split(r"[\W_]+", c.name.casefold())]
    return list(dict.fromkeys([*exact, *partly]))


def _length(table: DataTable, column: DataColumn) -> float:
    cells = table.texts(column.name)
    return sum(map(len, cells)) / max(1, len(cells))
