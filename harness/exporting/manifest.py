"""`export.json`, which is written last: a folder that has it is a whole export, and its checksums say of what."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.data.json_object import read_object
from harness.errors import DataError, UserError
from harness.training.model_files import checksum

MANIFEST = "export.json"
FORMAT = 1
"""Version of `export.json`."""


@contextmanager
def new_folder(place: Path) -> Iterator[Path]:
    """A folder to write to that becomes `place` when all is written; after an error nothing is left of it.

    Raises:
        UserError: `place` exists and is not an empty folder, or cannot be written.
    """
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise UserError(f"'{place}' exists already: give a new folder with --out.")
    partial = place.with_name(f"{place.name}.partial-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"Cannot write '{place}': {error.strerror}. Choose another folder with --out.") from error
    try:
        yield partial
        os.replace(partial, place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_manifest(folder: Path, facts: dict[str, Any]) -> None:
    """Write `export.json`: the facts, and a SHA-256 of every other file."""
    files = {p.relative_to(folder).as_posix(): checksum(p) for p in sorted(folder.rglob("*")) if p.is_file()}
    (folder / MANIFEST).write_text(json.dumps({"version": FORMAT, **facts, "files": files}, indent=2), "utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """`export.json` of an export whose files are as they were written.

    Raises:
        DataError: it is no export, an unfinished one, or one of its files is missing or damaged; names it.
    """
    if not (folder / MANIFEST).is_file():
        raise DataError(f"The folder {folder} is no finished export: there is no {MANIFEST}.")
    found = read_object(folder / MANIFEST)
    if found.get("version") != FORMAT or not isinstance(found.get("files"), dict):
        raise DataError(f"{folder / MANIFEST} is damaged, or of another version of the harness: export the run again.")
    for name, wanted in found["files"].items():
        file = folder / name
        if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
            raise DataError(f"The export in {folder} is not whole: {name} is missing. Copy or export it again.")
        if checksum(file) != wanted:
            raise DataError(f"{file} is damaged or cut off: its checksum is not that of {MANIFEST}. Export it again.")
    return found
