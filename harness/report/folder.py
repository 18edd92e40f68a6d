"""The folder of a report: files are written whole, and those of an earlier report that are not in this one go.

What a report wrote stands in its list, `files.sha256`, in the form that `sha256sum -c` reads. A file is removed only if
the list of an earlier report names it in a place where a report writes, it is no link, and its content is still what
was written. Names are entered before their files are written, so that what an interrupted report leaves goes, too.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

LIST = "files.sha256"

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_ENTRY = re.compile(
    rf"([0-9a-f]{{64}})  (index\.html|report\.md|(?:tasks|runs)/{_NAME}\.html|tables/{_NAME}\.(?:csv|tex)"
    rf"|figures/{_NAME}\.(?:svg|png))"
)
_LONGEST_LIST = 1 << 26  # bytes; a report of a hundred thousand runs needs a sixth of it


class ReportFolder:
    """Writes a report's files, each aside and then moved into place, so that a reader never sees half a file.

    Args:
        path: made where it does not exist, as are the folders in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._earlier = _read(path / LIST)
        self._written: dict[str, str] = {}
        _replace(path / LIST, "".join(f"{digest}  {name}\n" for digest, name in self._earlier).encode())

    def write(self, name: str, content: bytes) -> str:
        """Write a file unless it is there with this content; its digest.

        Args:
            name: in the folder, with "/" between its parts.
            content: of the file.
        """
        path = self.path / name
        path.parent.mkdir(exist_ok=True)
        self._written[name] = hashlib.sha256(content).hexdigest()
        if not (path.is_file() and path.read_bytes() == content):
            with (self.path / LIST).open("a", encoding="utf-8") as file:
                file.write(f"{self._written[name]}  {name}\n")
            _replace(path, content)
        return self._written[name]

    def wrote(self, digests: Mapping[str, str]) -> None:
        """Count as written what another process did, through a copy of this folder: digests by name."""
        self._written.update(digests)

    def finish(self) -> None:
        """Remove what earlier reports wrote and this one did not, then put the list in order."""
        for digest, name in self._earlier:
            if name not in self._written and self._is_unchanged(name, digest):
                (self.path / name).unlink()
        lines = [f"{self._written[name]}  {name}\n" for name in sorted(self._written)]
        _replace(self.path / LIST, "".join(lines).encode())

    def _is_unchanged(self, name: str, digest: str) -> bool:
        """Whether a file is still the one that was written; no link is followed, neither to it nor to its folder."""
        path = self.path / name
        if path.is_symlink() or not path.is_file() or (path.parent != self.path and path.parent.is_symlink()):
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest


def _read(path: Path) -> list[tuple[str, str]]:
    """Digest and name of every entry; lines that no report writes are passed over."""
    if not path.is_file() or path.stat().st_size > _LONGEST_LIST:
        return []
    lines = path.read_bytes().decode(errors="replace").split("\n")
    return [(entry[1], entry[2]) for line in lines if (entry := _ENTRY.fullmatch(line))]


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
