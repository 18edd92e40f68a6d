"""Line-aligned text files, plain or gzipped: line n of one file translates line n of the other."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from pathlib import Path

from harness_tasks.parallel_text import clean

from harness.contract.dataset import RawData, RawExample
from harness.data.contamination import plain
from harness.data.sources import FolderSource
from harness.errors import DataError

Row = tuple[int, str, str]
"""Number of a pair, source and target."""


def raw_splits(rows: Mapping[str, list[Row]], notes: dict[str, str | int | float] | None = None) -> RawData:
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
    """Rows (line number from 1, source, target) of every split; lines empty on either side are left out.

    Args:
        root: the folder.
        stems: split -> file name without language, as in {"test": "test_2016_flickr"}.
        source, target: language codes, which are the files' suffixes ("train.de" or "train.de.gz").

    Raises:
        DataError: a file is missing, is no UTF-8 or gzip, or the two of a pair differ in their number of lines.
    """
    return {split: _read_pair(root, stem, source, target) for split, stem in stems.items()}


def without_held_out(rows: Mapping[str, list[Row]]) -> tuple[dict[str, list[Row]], dict[str, str | int | float]]:
    """The splits without what is held out: no training source stands in validation or test, no validation one in test.

    Test stays as it was published. The notes count what was left out, where anything was.
    """
    kept, notes = {"test": list(rows["test"])}, dict[str, str | int | float]()
    held = {plain(source) for _, source, _ in rows["test"]}
    for split, later in (("val", "test"), ("train", "validation or test")):
        kept[split] = [row for row in rows[split] if plain(row[1]) not in held]
        dropped = len(rows[split]) - len(kept[split])
        if dropped:
            name = {"val": "validation", "train": "training"}[split]
            notes[f"{name} pairs left out, whose source stands in {later}"] = dropped
        held |= {plain(source) for _, source, _ in kept[split]}
    return {split: kept[split] for split in rows}, notes


def _read_pair(root: Path, stem: str, source: str, target: str) -> list[Row]:
    files = _find(root, f"{stem}.{source}"), _find(root, f"{stem}.{target}")
    left, right = (_read_lines(file) for file in files)
    if len(left) != len(right):
        raise DataError(
            f"{files[0].name} has {len(left)} lines but {files[1].name} has {len(right)}, in {root}; "
            "line n of one must translate line n of the other."
        )
    cleaned = ((n, clean(a), clean(b)) for n, (a, b) in enumerate(zip(left, right, strict=True), start=1))
    rows = [row for row in cleaned if row[1] and row[2]]
    if not rows:
        raise DataError(f"{files[0].name} and {files[1].name}, in {root}, hold no line with text on both sides.")
    return rows


def _find(root: Path, name: str) -> Path:
    for candidate in (root / name, root / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    present = sorted(p.name for p in root.iterdir() if p.is_file())
    listed = ", ".join(present[:12]) + (", …" if len(present) > 12 else "")
    raise DataError(f"There is no {name} or {name}.gz in {root}. It holds: {listed or 'no files'}.")


def _read_lines(file: Path) -> list[str]:
    try:
        content = file.read_bytes()
        if file.suffix == ".gz":
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{file} is no complete gzip file: {error}.") from error
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror or error}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{file} is no UTF-8 text: line {line} cannot be decoded ({error.reason}).") from error
    # Not splitlines(): a line separator character inside a sentence would shift all lines after it.
    return text.removesuffix("\n").split("\n") if text else []
