"""The folder of a report: files are written atomically, and stale files of an earlier report are removed.

A report lists the files it wrote in `files.sha256`, in the format of `sha256sum -c`. A file is removed only if the list
of an earlier report names it in a place where reports write, it is not a link, and its content is unchanged. Names are
added before the files are written, so that the files of an interrupted report are removed too.
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
    r"([0-9a-f]{64})  (\.nojekyll|(?:index|across|about|reproduction|claims|stores)\.html"
    r"|report\.(?:md|json|schema\.json)"
    rf"|(?:tasks|runs)/{_NAME}\.html|tables/{_NAME}\.(?:csv|tex)|figures/{_NAME}\.(?:svg|png)"
    rf"|every_eval_ever/(?:left_out|data/{_NAME}/{_NAME}/{_NAME}/{_NAME})\.json)"
)
_LONGEST_LIST = 1 << 26  # bytes; a report of a hundred thousand runs needs a sixth of it


class ReportFolder:
    """Writes a report's files, each to a temporary file that is then moved into place, so no partial file is seen.

    Args:
        path: created if it does not exist, as are the folders in it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self._earlier = _read(path / LIST)
        self._written: dict[str, str] = {}
        _replace(path / LIST, "".join(f"{digest}  {name}\n" for digest, name in self._earlier).encode())

    def write(self, name: str, content: bytes) -> str:
        """Write a file unless it already has this content, and return its digest.

        Args:
            name: in the folder, with "/" between its parts.
            content: of the file.
        """
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._written[name] = hashlib.sha256(content).hexdigest()
        if not (path.is_file() and path.read_bytes() == content):
            with (self.path / LIST).open("a", encoding="utf-8") as file:
                file.write(f"{self._written[name]}  {name}\n")
            _replace(path, content)
        return self._written[name]

    def wrote(self, digests: Mapping[str, str]) -> None:
        """Count files as written that another process wrote through a copy of this object: digests by name."""
        self._written.update(digests)

    def finish(self) -> None:
        """Remove files that earlier reports wrote and this one did not, then write the list sorted."""
        for digest, name in self._earlier:
            if name not in self._written and self._is_unchanged(name, digest):
                (self.path / name).unlink()
        lines = [f"{self._written[name]}  {name}\n" for name in sorted(self._written)]
        _replace(self.path / LIST, "".join(lines).encode())

    def _is_unchanged(self, name: str, digest: str) -> bool:
        """Whether a file is unchanged since it was written; no link to it or a folder of it is followed."""
        path = self.path / name
        folders = [folder for folder in path.parents if self.path in folder.parents]
        if path.is_symlink() or not path.is_file() or any(folder.is_symlink() for folder in folders):
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest


def _read(path: Path) -> list[tuple[str, str]]:
    """Digest and name of every entry; lines that no report writes are skipped."""
    if not path.is_file() or path.stat().st_size > _LONGEST_LIST:
        return []
    lines = path.read_bytes().decode(errors="replace").split("\n")
    return [(entry[1], entry[2]) for line in lines if (entry := _ENTRY.fullmatch(line))]


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)
