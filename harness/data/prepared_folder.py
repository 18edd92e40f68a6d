"""What a folder of prepared data contained when it was made, so that damage is noticed before it is used.

The list `.contents.json` in the folder has the digest and the stamp of each file. A file of another stamp (another
disk, a copy, an editor) is hashed again.
"""

from __future__ import annotations

import json
import os
from dataclasses import astuple
from pathlib import Path

from harness.data.content_hash import Stamp, hashed, reading_anew, write_quietly
from harness.errors import DataError

CONTENTS = ".contents.json"


def seal(folder: Path) -> None:
    """Write down what a folder contains, once it is complete; nobody else may be writing to it."""
    _write(folder, {name: hashed(folder / name)[:2] for name in _files(folder)})


def damage(folder: Path) -> str:
    """The name of a file that is not as it was made, or an empty text if all are.

    Files that were added are not looked at.
    """
    try:
        content = json.loads((folder / CONTENTS).read_text())
        made = {name: (Stamp(*map(int, row[:5])), str(row[5])) for name, row in content.items()}
    except (OSError, ValueError, TypeError, AttributeError, IndexError):
        return CONTENTS
    now = dict(made)
    for name, (stamp, digest) in made.items():
        try:
            if Stamp.of(os.stat(folder / name)) == stamp and reading_anew() is None:
                continue
            found, content_now, _ = hashed(folder / name)
        except (OSError, DataError):
            return name
        if content_now != digest:
            return name
        now[name] = found, digest
    if now != made:
        _write(folder, now)
    return ""


def _files(folder: Path) -> list[str]:
    found = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sorted(path.relative_to(folder).as_posix() for path in found if path.name != CONTENTS)


def _write(folder: Path, made: dict[str, tuple[Stamp, str]]) -> None:
    write_quietly(
        folder / CONTENTS,
        json.dumps({name: [*astuple(stamp), digest] for name, (stamp, digest) in made.items()}),
    )
