"""`FolderSource`: the user's own copy of a standard data set, in its published layout."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from harness.data._verified import sha256_of
from harness.data.cache import cache_dir
from harness.data.progress import waiting
from harness.errors import DataError


@dataclass(frozen=True)
class FolderSource:
    """A folder of files provided by the user; it is only read, never written.

    Attributes:
        name: of the data set.
        root: the folder, or None if the user has not given one.
        licence: of the data, as far as known.
        description: the expected contents of the folder.
        patterns: the files that belong to the data set, relative to `root`; hidden files never do.
    """

    name: str
    root: Path | None
    licence: str
    description: str = ""
    patterns: tuple[str, ...] = ("**/*",)
    kind: str = field(default="folder", init=False)
    synthetic: bool = field(default=False, init=False)

    @property
    def origin(self) -> str:
        """Where it comes from, for lists and reports; not a path, which would identify this machine."""
        return "the user's own copy (task.root)"

    @property
    def size_mb(self) -> None:
        """Nothing is downloaded."""
        return None

    def fetch(self) -> Path:
        """The folder, after checking that it contains files of the data set.

        Raises:
            DataError: no folder was given, it does not exist, is not a folder, or contains no such file.
        """
        self.files()
        return self._root()

    def cached(self) -> bool:
        """Whether the folder is there and not empty."""
        try:
            return bool(self.files())
        except DataError:
            return False

    def verify(self) -> None:
        """Read every file once.

        Raises:
            DataError: a file cannot be read.
        """
        for path in self.files():
            sha256_of(path)

    def files(self) -> list[Path]:
        """The data set's files, sorted by relative path.

        Raises:
            DataError: as for `fetch`.
        """
        root = self._root()
        found = {p for pattern in self.patterns for p in root.glob(pattern) if p.is_file()}
        files = sorted(p for p in found if not any(part.startswith(".") for part in p.relative_to(root).parts))
        if not files:
            wanted = "" if self.patterns == ("**/*",) else f" of {', '.join(self.patterns)}"
            state = "is empty" if not any(root.iterdir()) else f"contains no file{wanted}"
            raise DataError(f"The folder of data set '{self.name}' {state}: {root}. {self._expected()}")
        return files

    def fingerprint(self) -> str:
        """Digest of relative paths, sizes and contents; unchanged files are not read twice.

        Raises:
            DataError: as for `fetch`, or a file cannot be read.
        """
        files, root = self.files(), self._root()
        memory = cache_dir() / "hashes" / f"{hashlib.sha256(str(root).encode()).hexdigest()[:32]}.json"
        known = _read(memory)
        rows, seen = [], {}
        with waiting(f"Reading {len(files)} files of {self.name}"):
            for path in files:
                status, relative = path.stat(), path.relative_to(root).as_posix()
                old = known.get(relative)
                fresh = old is not None and old[:2] == [status.st_size, status.st_mtime_ns]
                digest = old[2] if fresh and old is not None else sha256_of(path)
                seen[relative] = [status.st_size, status.st_mtime_ns, digest]
                rows.append([relative, status.st_size, digest])
        if seen != {k: known.get(k) for k in seen}:
            _write(memory, known | seen)
        return f"folder:{self.name}:{hashlib.sha256(json.dumps(rows).encode()).hexdigest()}"

    def _root(self) -> Path:
        if self.root is None:
            raise DataError(
                f"Data set '{self.name}' is read from a folder: give it as task.root=FOLDER. {self._expected()}"
            )
        root = Path(self.root).expanduser().absolute()
        if not root.exists():
            raise DataError(f"The folder of data set '{self.name}' does not exist: {root}. {self._expected()}")
        if not root.is_dir():
            raise DataError(f"The root of data set '{self.name}' is a file, not a folder: {root}. {self._expected()}")
        return root

    def _expected(self) -> str:
        return f"Expected: {self.description.rstrip('.')}." if self.description else ""


def _read(memory: Path) -> dict[str, list]:
    """Remembered hashes; empty if the file is missing or broken."""
    with contextlib.suppress(OSError, ValueError):
        content = json.loads(memory.read_text())
        return {k: v for k, v in content.items() if isinstance(v, list) and len(v) == 3}
    return {}


def _write(memory: Path, hashes: dict[str, list]) -> None:
    # Only a shortcut: if the cache cannot be written, the files are hashed again next time.
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        temporary = memory.with_name(f".{memory.name}.{os.getpid()}")
        temporary.write_text(json.dumps(hashes))
        os.replace(temporary, memory)
