"""`FolderSource`: the user's own copy of a standard data set, in its published layout."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from harness.data.progress import waiting
from harness.data.remembered_hashes import RememberedHashes
from harness.data.walking import REPEATED, Walk, is_literal, matcher, notes_on, walk, why_unmatched
from harness.errors import DataError
from harness.places import user_path

_NAMED = 5  # patterns in a message


@dataclass(frozen=True)
class FolderSource:
    """A folder of files provided by the user; it is only read, never written.

    Attributes:
        name: of the data set.
        root: the folder, or None if the user has not given one.
        licence: of the data, as far as known.
        description: the expected contents of the folder.
        patterns: the files that belong to the data set, relative to `root`, as for `Path.glob`; names with a wildcard
            are compared without case, and hidden files never belong to it.
        or_file: whether `root` may also be one file, which then stands for a folder that holds nothing else.
    """

    name: str
    root: Path | None
    licence: str
    description: str = ""
    patterns: tuple[str, ...] = ("**/*",)
    or_file: bool = False
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
        """The folder, after checking that it contains files of the data set; of a single file, the folder it lies in.

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
        """Read every file that may have changed since it was last read.

        Raises:
            DataError: a file cannot be read.
        """
        self.fingerprint()

    def files(self) -> list[Path]:
        """The data set's files, sorted by relative path; each once, though links may lead to it as well.

        Raises:
            DataError: as for `fetch`, or a folder cannot be listed.
        """
        root, found = self._root(), self.walk()
        files = [root / path for path in self._matching(found)]
        if not files:
            more = f" or {len(self.patterns) - _NAMED} others" if len(self.patterns) > _NAMED else ""
            wanted = "" if self.patterns == ("**/*",) else f" of {', '.join(self.patterns[:_NAMED])}{more}"
            state = "is empty" if not any(root.iterdir()) else f"contains no file{wanted}"
            if (file := self._file()) is not None:
                raise DataError(f"{file} is no file of data set '{self.name}': it is none{wanted}. {self._expected()}")
            raise DataError(
                f"The folder of data set '{self.name}' {state}: {root}. {self._expected()}{self._instead(found)}"
            )
        return files

    def walk(self) -> Walk:
        """Everything that lies in the folder, whether it belongs to the data set or not.

        Raises:
            DataError: no folder was given, it does not exist or is not a folder, or a folder cannot be listed.
        """
        if (file := self._file()) is not None:
            return Walk((PurePath(file.name),), (), {})
        return walk(self._root())

    def unused(
        self, used: Iterable[Path], why: str | Callable[[PurePath], str] = "not asked for"
    ) -> dict[str, str | int | float]:
        """Notes on the files in the folder that are not used; they belong into `RawData.notes`.

        Args:
            used: the files that the reader uses, or names and counts elsewhere ("files skipped"), as paths below
                `root` or however the user spelled them.
            why: the reason for files that belong to the data set (they match `patterns`) and are not used, or a
                function from the path relative to `root` to the reason: "not listed in train.tsv, val.tsv or
                test.tsv". All other files have a reason already: ending, place, hidden, links.

        Returns:
            Empty where every file is used. Otherwise `{"files not used": 3, "files not used, REASON": "2: a.x, b.x",
            "files not used, another ending": "1 (.gif 1): c.gif"}`: their number, and for each reason how many, and
            the names of the first ten.

        Raises:
            DataError: as for `fetch`.
        """
        root, found = os.path.normpath(self._root()), self.walk()
        names = {os.path.normpath(os.path.join(root, path)) for path in used}
        above = {os.path.dirname(name) for name in names}
        above |= {str(folder) for name in above for folder in PurePath(name).parents}
        left_out = {}
        for path, reason in found.left_out.items():
            if (name := os.path.join(root, path)) not in names and name not in above:
                left_out[path] = reason
        matching, real = set(self._matching(found)), None
        for path in found.files:
            if (name := os.path.join(root, path)) in names:
                continue
            if real is None:  # it may be used by the name of a link
                real = {os.path.realpath(name) for name in names}
            if os.path.realpath(name) in real:
                continue
            if path not in matching:
                left_out[path] = why_unmatched(self.patterns, path)
            else:
                left_out[path] = why if isinstance(why, str) else why(path)
        return notes_on(left_out)

    def fingerprint(self) -> str:
        """Digest of relative paths, sizes and contents; files that cannot have changed are not read twice.

        Raises:
            DataError: as for `fetch`, or a file cannot be read.
        """
        files, root = self.files(), self._root()
        hashes, rows = RememberedHashes(root), []
        with waiting(f"Reading {len(files)} files of {self.name}"):
            for path in files:
                relative = path.relative_to(root).as_posix()
                rows.append([relative, *hashes.digest(path, relative)])
        hashes.save()
        return f"folder:{self.name}:{hashlib.sha256(json.dumps(rows).encode()).hexdigest()}"

    def _matching(self, found: Walk) -> list[PurePath]:
        """The files that match the patterns; the names that a pattern spells out may be links to what matches, too."""
        literal = matcher(pattern for pattern in self.patterns if is_literal(pattern))
        links = {path for path, reason in found.left_out.items() if reason == REPEATED and literal(path)}
        matches = matcher(self.patterns)
        chosen = [path for path in found.files if matches(path)]
        chosen += [path for path in links if (self._root() / path).is_file()]
        return sorted(chosen, key=lambda path: path.parts)

    def _instead(self, found: Walk) -> str:
        """What lies there in place of the data set's files."""
        left_out = {path: why_unmatched(self.patterns, path) for path in found.files} | dict(found.left_out)
        notes = [f"{reason.removeprefix('files not used, ')}: {text}" for reason, text in notes_on(left_out).items()]
        return f" Found instead: {'; '.join(notes[1:])}." if notes else ""

    def _root(self) -> Path:
        if self.root is None:
            raise DataError(
                f"Data set '{self.name}' is read from a folder: give it as task.root=FOLDER. {self._expected()}"
            )
        root = user_path(self.root, "task.root").absolute()
        if not os.path.exists(root):  # unlike Path.exists, False where permission is denied
            raise DataError(f"The folder of data set '{self.name}' does not exist: {root}. {self._expected()}")
        if self._file() is not None:
            return root.parent
        if not root.is_dir():
            raise DataError(f"The root of data set '{self.name}' is a file, not a folder: {root}. {self._expected()}")
        return root

    def _file(self) -> Path | None:
        """The one file that `root` is, where it may be one."""
        if not self.or_file or self.root is None:
            return None
        path = user_path(self.root, "task.root").absolute()
        return path if path.is_file() else None

    def _expected(self) -> str:
        return f"Expected: {self.description.rstrip('.')}." if self.description else ""
