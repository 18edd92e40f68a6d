"""Texts with labels from files: lines that begin with a label, tables without a header, and copies across splits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.contract.dataset import RawData, RawExample
from harness.contract.text import normal_form
from harness.data import splitting
from harness.data.contamination import plain
from harness.data.foreign import shown
from harness.data.text_files import decode, lines, read_bytes
from harness.errors import DataError

Notes = dict[str, str | int | float]
_NAMES = {"train": "training", "val": "validation", "test": "test"}


class Row(NamedTuple):
    """A text with the number of its line, from 1, and the name of its class."""

    number: int
    text: str
    label: str


Rows = Mapping[str, Sequence[Row]]
"""Rows by split: train, val, test."""


def raw_splits(rows: Rows, labels: Sequence[str] = (), notes: Notes | None = None) -> RawData:
    """Rows as raw examples, which are named by split and number; the training labels, sorted, where none are given."""
    made = {
        split: [RawExample(f"{split}-{row.number:06d}", row.text, row.label) for row in part]
        for split, part in rows.items()
    }
    return RawData(made["train"], made["val"], made["test"], tuple(labels), notes=notes or {})


def without_held_out(rows: Rows) -> tuple[dict[str, list[Row]], Notes]:
    """The splits without what is held out: no training text stands in validation or test, no validation one in test.

    Texts are compared without case, punctuation and blanks. Test stays as it was published. The notes count what was
    left out, where anything was. Empty texts are nobody's.
    """
    kept, notes = {"test": list(rows["test"])}, Notes()
    held = {plain(row.text) for row in rows["test"]} - {""}
    for split, later in (("val", "test"), ("train", "validation or test")):
        kept[split] = [row for row in rows[split] if plain(row.text) not in held]
        if dropped := len(rows[split]) - len(kept[split]):
            notes[f"{_NAMES[split]} texts left out, which stand in {later}"] = dropped
        held |= {plain(row.text) for row in kept[split]} - {""}
    return {split: kept[split] for split in ("train", "val", "test")}, notes


def in_folds(rows: Sequence[Row], fold: int, folds: int = 10) -> dict[str, list[Row]]:
    """Cross-validation: one fold for test, the next for validation, the others for training.

    Each label is divided alike, in the order of the hash of its texts, so that the order of lines does not matter.
    Copies (without case, punctuation and blanks) count once: they stay in one fold, with the label of the first.
    """
    parts = splitting.in_folds([plain(row.text) for row in rows], [row.label for row in rows], fold, folds)
    return {split: [rows[i] for i in getattr(parts, split)] for split in ("train", "val", "test")}


def held_out(rows: Sequence[Row], share: float) -> tuple[list[Row], list[Row]]:
    """Training rows divided: what stays, and a share of each label by the hash of the text; copies stay together."""
    folds = round(1 / share)
    parts = in_folds(rows, 0, folds)
    return sorted([*parts["train"], *parts["val"]]), parts["test"]


def lines_with_labels(path: Path, names: Mapping[str, str]) -> list[Row]:
    """Lines "LABEL text" as rows.

    Args:
        path: of the file; in UTF-8, or else in Latin-1, as some of these sets are published.
        names: the class of each label.

    Raises:
        DataError: the file cannot be read, or a line does not begin with a label and a blank.
    """
    rows = []
    for number, line in enumerate(lines(read_western(path)), start=1):
        label, _, text = line.partition(" ")
        if label not in names:
            listed = ", ".join(names)
            raise DataError(
                f"Line {number} of {shown(path)} does not begin with a label ({listed}) and a blank: "
                f"{shown(line[:60])!r}."
            )
        rows.append(Row(number, text.strip(), names[label]))
    if not any(row.text for row in rows):
        raise DataError(f"{shown(path)} holds no text; expected lines of a label, a blank and a text.")
    return rows


def read_western(path: Path) -> str:
    """A file as text: UTF-8 where it is that, else Latin-1, in which several of these sets are published.

    Raises:
        DataError: the file cannot be read or is no text.
    """
    content = read_bytes(path)
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        if b"\0" not in content:
            content = content.decode("latin-1").encode("utf-8")
    return decode(content, shown(path))


def cleaned(text: str) -> str:
    """A text on one line, in normal form."""
    return " ".join(normal_form(text).split())
