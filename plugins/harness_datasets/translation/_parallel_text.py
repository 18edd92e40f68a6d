"""Line-aligned text files, plain or gzipped: line n of one file translates line n of the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.contract.dataset import RawData, RawExample
from harness.contract.text import clean
from harness.data.contamination import plain
from harness.data.foreign import shown
from harness.data.sources import FolderSource
from harness.data.text_files import read_lines
from harness.errors import DataError

Notes = dict[str, str | int | float]

Row = tuple[int, str, str]
"""Number of a pair, source and target."""


def raw_splits(rows: Mapping[str, list[Row]], notes: Notes | None = None) -> RawData:
    """Rows as raw examples, which are named by split and number."""
    made = {split: [RawExample(f"{split}-{n:06d}", a, b) for n, a, b in part] for split, part in rows.items()}
    return RawData(made["train"], made["val"], made["test"], notes=notes or {})


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


def read_splits(root: Path, stems: Mapping[str, str], source: str, target: str) -> dict[str, list[Row]]:
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


def without_held_out(rows: Mapping[str, list[Row]]) -> tuple[dict[str, list[Row]], Notes]:
    """The splits without what is held out: no training source stands in validation or test, no validation one in test.

    Test stays as it was published. The notes count what was left out, where anything was. Empty sources are nobody's.
    """
    kept, notes = {"test": list(rows["test"])}, Notes()
    held = {plain(source) for _, source, _ in rows["test"]} - {""}
    for split, later in (("val", "test"), ("train", "validation or test")):
        kept[split] = [row for row in rows[split] if plain(row[1]) not in held]
        dropped = len(rows[split]) - len(kept[split])
        if dropped:
            name = {"val": "validation", "train": "training"}[split]
            notes[f"{name} pairs left out, whose source stands in {later}"] = dropped
        held |= {plain(source) for _, source, _ in kept[split]} - {""}
    return {split: kept[split] for split in rows}, notes


def _read_pair(root: Path, stem: str, source: str, target: str) -> list[Row]:
    files = _find(root, f"{stem}.{source}"), _find(root, f"{stem}.{target}")
    left, right = (read_lines(file) for file in files)
    if len(left) != len(right):
        raise DataError(
            f"{files[0].name} has {len(left)} lines but {files[1].name} has {len(right)}, in {shown(root)}; "
            "line n of one must translate line n of the other."
        )
    rows = [(n, clean(a), clean(b)) for n, (a, b) in enumerate(zip(left, right, strict=True), start=1)]
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
