"""Line-aligned text files, plain or gzipped: line n of one file translates line n of the other.

Rows of large files that are not packed are made when they are asked for; all others are lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from harness.contract.dataset import RawData, RawExample
from harness.contract.text import clean
from harness.data.contamination import plain
from harness.data.foreign import shown
from harness.data.lazy_sequence import LazySequence
from harness.data.long_lines import LongLines, lines_of
from harness.data.sources import FolderSource
from harness.errors import DataError

Notes = dict[str, str | int | float]

Row = tuple[int, str, str]
"""Number of a pair, source and target."""


def raw_splits(rows: Mapping[str, Sequence[Row]], notes: Notes | None = None) -> RawData:
    """Rows as raw examples, which are named by split and number."""
    made = {split: _named(split, part) for split, part in rows.items()}
    return RawData(made["train"], made["val"], made["test"], notes=notes or {})


def aligned(left: Sequence[str], right: Sequence[str], first: int = 1) -> Sequence[Row]:
    """Rows of two texts of as many lines, cleaned and numbered from `first`."""
    if not isinstance(left, LongLines) and not isinstance(right, LongLines):
        return [(n, clean(a), clean(b)) for n, (a, b) in enumerate(zip(left, right, strict=True), start=first)]
    return LazySequence(lambda i: (first + i, clean(left[i]), clean(right[i])), len(left))


def joined(parts: Sequence[Sequence[Row]]) -> Sequence[Row]:
    """The rows of all parts, one part after the other."""
    if all(isinstance(part, list) for part in parts):
        return [row for part in parts for row in part]
    ends = np.array(list(accumulate(map(len, parts))))

    def row(index: int) -> Row:
        part = int(np.searchsorted(ends, index, side="right"))
        return parts[part][index - int(ends[part])]  # counted from the part's end

    return LazySequence(row, int(ends[-1]))


def folder_source(
    name: str, root: Path | None, stems: Mapping[str, str], codes: tuple[str, str], licence: str
) -> FolderSource:
    """A folder of line-aligned files: two languages of each split."""
    names = [f"{stem}.{code}" for stem in stems.values() for code in codes]
    return FolderSource(
        name=name,
        root=root,
        licence=licence,
        description=f"line-aligned text files, plain or .gz: {', '.join(names)}",
        patterns=tuple(f"{name}{end}" for name in names for end in ("", ".gz")),
    )


def read_splits(root: Path, stems: Mapping[str, str], source: str, target: str) -> dict[str, Sequence[Row]]:
    """Rows (line number from 1, source, target) of every split, a row for every line; either text may be empty.

    Args:
        root: the folder.
        stems: split -> file name without language, as in {"test": "test_2016_flickr"}.
        source, target: language codes, which are the files' suffixes ("train.de" or "train.de.gz").

    Raises:
        DataError: a file is missing or is not text, the two of a pair differ in their number of lines, or no line has
            text on both sides.
    """
    return {split: _read_pair(root, stem, source, target) for split, stem in stems.items()}


def unused_files(folder: FolderSource, stems: Mapping[str, str], codes: tuple[str, str]) -> Notes:
    """Notes on what lies in the folder and is not read.

    Raises:
        DataError: a file is missing.
    """
    root = folder.fetch()
    used = [_find(root, f"{stem}.{code}") for stem in stems.values() for code in codes]
    return folder.unused(used, "packed, beside the same file unpacked")


def without_held_out(rows: Mapping[str, Sequence[Row]]) -> tuple[dict[str, Sequence[Row]], Notes]:
    """The splits without what is held out: no training source stands in validation or test, no validation one in test.

    Test stays as it was published. The notes count what was left out, where anything was. Empty sources are nobody's.
    """
    test, notes = rows["test"], Notes()
    held = {plain(source) for _, source, _ in test} - {""}
    val = _without(rows["val"], held, notes, "validation pairs left out, whose source stands in test")
    held |= {plain(source) for _, source, _ in val} - {""}
    train = _without(rows["train"], held, notes, "training pairs left out, whose source stands in validation or test")
    kept = {"train": train, "val": val, "test": test}
    return {split: kept[split] for split in rows}, notes


def _named(split: str, rows: Sequence[Row]) -> Sequence[RawExample]:
    def name(row: Row) -> RawExample:
        return RawExample(f"{split}-{row[0]:06d}", row[1], row[2])

    return list(map(name, rows)) if isinstance(rows, list) else LazySequence(lambda i: name(rows[i]), len(rows))


def _without(rows: Sequence[Row], held: set[str], notes: Notes, note: str) -> Sequence[Row]:
    """The rows whose source is not held out; the others are counted in `notes` as `note`."""
    if isinstance(rows, list):
        kept: Sequence[Row] = [row for row in rows if plain(row[1]) not in held]
    else:
        places = np.flatnonzero(np.fromiter((plain(row[1]) not in held for row in rows), bool, len(rows)))
        kept = LazySequence(lambda i: rows[places[i]], len(places))
    if dropped := len(rows) - len(kept):
        notes[note] = dropped
    return kept


def _read_pair(root: Path, stem: str, source: str, target: str) -> Sequence[Row]:
    files = _find(root, f"{stem}.{source}"), _find(root, f"{stem}.{target}")
    left, right = (lines_of(file) for file in files)
    if len(left) != len(right):
        raise DataError(
            f"{files[0].name} has {len(left)} lines but {files[1].name} has {len(right)}, in {shown(root)}; "
            "line n of one must translate line n of the other."
        )
    rows = aligned(left, right)
    if not any(source and target for _, source, target in rows):
        raise DataError(f"{files[0].name} and {files[1].name}, in {shown(root)}, hold no line with text on both sides.")
    return rows


def _find(root: Path, name: str) -> Path:
    for candidate in (root / name, root / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    present = sorted(shown(p.name) for p in root.iterdir() if p.is_file())
    listed = ", ".join(present[:12]) + (", …" if len(present) > 12 else "")
    raise DataError(f"There is no {name} or {name}.gz in {shown(root)}. It holds: {listed or 'no files'}.")
