"""Walking a user's folder: every file once, links followed, and whatever is not used named with its reason.

`FolderSource` finds its files with this module; the reasons are those that `FolderSource.unused` reports.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from pathlib import Path, PurePath

from harness.data.foreign import shown
from harness.errors import DataError

HIDDEN = "hidden, or left by an operating system"
"""The name, or that of a folder above, begins with a dot or is one that systems leave: `Thumbs.db`, `__MACOSX`."""
DEAD_LINK = "links that lead nowhere"
"""A symbolic link whose target is missing, out of reach, or the link itself."""
CIRCLE = "links to a folder that holds them"
"""A link to the folder walked, to one above it, or to one above the link."""
REPEATED = "links to what is read under another name"
"""A link to a file or folder that has been reached already."""
SPECIAL = "neither file nor folder"
"""A pipe, a socket or a device, which is never opened."""
OTHER_ENDING = "another ending"
"""No pattern of the data set matches the name."""
OTHER_PLACE = "in another place than expected"
"""The name matches a pattern, the folder that it lies in does not."""

_LEFT_BY_SYSTEMS = {
    "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "@recycle", "#recycle", "@tmp", "$recycle.bin",
    "__macosx", "system volume information", "lost+found",
}  # fmt: skip
_NAMED = 10
_WILD = re.compile(r"[*?\[]")
_ANY_FOLDERS = re.compile(r"(?s:.*)")  # what "**" stands for


@dataclass(frozen=True)
class Walk:
    """What lies in a folder; all paths are relative to it, and sorted by their parts.

    Attributes:
        files: regular files, each once: a file that is also reached by links has the name it has without them.
        folders: the folders they may lie in, empty ones included.
        left_out: what is in neither, with the reason: one of this module's constants. Hidden folders are counted
            file by file, links to folders as one.
    """

    files: tuple[PurePath, ...]
    folders: tuple[PurePath, ...]
    left_out: Mapping[PurePath, str]


def walk(root: Path) -> Walk:
    """Every file below a folder, at any depth.

    Symbolic links to files and folders are followed. What can be reached by several ways is read once, without a link
    where that is possible and by the first link in sorted order otherwise; links that form a circle, or lead nowhere,
    are left out. Hard links are files of their own, like copies.

    Raises:
        DataError: a folder cannot be listed.
    """
    state = _Walking(str(root), os.path.realpath(root))
    state.enter("", state.top)
    state.follow()
    return Walk(
        tuple(sorted(map(PurePath, state.files), key=_parts)),
        tuple(sorted(map(PurePath, state.folders), key=_parts)),
        {path: state.left_out[str(path)] for path in sorted(map(PurePath, state.left_out), key=_parts)},
    )


def matcher(patterns: Iterable[str]) -> Callable[[PurePath], bool]:
    """Whether a relative path matches one of the patterns.

    Patterns are those of `Path.glob`: `*`, `?` and `[...]` stand for characters within a name, `**/` for any number of
    folders. A part with such a wildcard is compared without case (`*.wav` finds `A.WAV`), a literal part exactly.
    """
    names: dict[str, list[str]] = {}  # by the folders in front of them
    for pattern in patterns:
        folders, _, name = pattern.rpartition("/")
        names.setdefault(folders, []).append(_part(name))
    groups = [
        ([_ANY_FOLDERS if part == "**" else re.compile(_part(part)) for part in filter(None, folders.split("/"))], last)
        for folders, last in ((folders, re.compile("|".join(last))) for folders, last in names.items())
    ]
    return lambda path: any(last.match(path.name) and _leads(way, path.parts[:-1]) for way, last in groups)


def is_literal(pattern: str) -> bool:
    """Whether a pattern is the name of one file."""
    return not _WILD.search(pattern)


def why_unmatched(patterns: Sequence[str], path: PurePath) -> str:
    """The reason why a file matches none of the patterns: its place, or else its ending."""
    named = matcher({pattern.rsplit("/", 1)[-1] for pattern in patterns})
    return OTHER_PLACE if named(PurePath(path.name)) else OTHER_ENDING


def notes_on(left_out: Mapping[PurePath, str]) -> dict[str, str | int | float]:
    """Notes for `RawData.notes`: how many files are not used, and for each reason how many, and the first names.

    Args:
        left_out: reason by relative path.

    Returns:
        No notes where nothing was left out.
    """
    if not left_out:
        return {}
    notes: dict[str, str | int | float] = {"files not used": len(left_out)}
    for reason in sorted(set(left_out.values())):
        paths = sorted((path for path, why in left_out.items() if why == reason), key=_parts)
        names = ", ".join(shown(path.as_posix()) for path in paths[:_NAMED])
        more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
        endings = f" ({_endings(paths)})" if reason == OTHER_ENDING else ""
        notes[f"files not used, {reason}"] = f"{len(paths)}{endings}: {names}{more}"
    return notes


class _Walking:
    """A walk under way: paths relative to the root as given, beside where they really are."""

    def __init__(self, root: str, top: str) -> None:
        self.root, self.top = root, top
        self.files: dict[str, str] = {}  # relative -> real
        self.folders: list[str] = []
        self.left_out: dict[str, str] = {}
        self._links: list[tuple[tuple[str, ...], str]] = []
        self._entered = {top}

    def enter(self, relative: str, real: str) -> None:
        """Collect what lies below a folder; links are put aside."""
        pending = [(relative, real)]
        while pending:
            above, real_above = pending.pop()
            for entry in self._entries(above):
                path, real = os.path.join(above, entry.name), os.path.join(real_above, entry.name)
                if _is_hidden(entry.name):
                    self.left_out |= dict.fromkeys(self._below(path), HIDDEN)
                elif entry.is_symlink():
                    heappush(self._links, (PurePath(path).parts, path))
                elif entry.is_dir():
                    if self._is_new(path, real):
                        pending.append((path, real))
                elif entry.is_file():
                    self.files[path] = real
                else:
                    self.left_out[path] = SPECIAL

    def follow(self) -> None:
        """Follow the links, in sorted order, and those that are found behind them."""
        reached = set(self.files.values())
        while self._links:
            path = heappop(self._links)[1]
            full = os.path.join(self.root, path)
            try:
                real = os.path.realpath(full, strict=True)
            except OSError:
                self.left_out[path] = DEAD_LINK
                continue
            if os.path.isdir(real):
                if self._is_above(real, path):
                    self.left_out[path] = CIRCLE
                elif self._is_new(path, real):
                    before = len(self.files)
                    self.enter(path, real)
                    reached.update(list(self.files.values())[before:])
            elif not os.path.isfile(real):
                self.left_out[path] = SPECIAL
            elif real in reached:
                self.left_out[path] = REPEATED
            else:
                reached.add(real)
                self.files[path] = real

    def _is_new(self, path: str, real: str) -> bool:
        if real in self._entered:
            self.left_out[path] = REPEATED
            return False
        self._entered.add(real)
        self.folders.append(path)
        return True

    def _is_above(self, real: str, path: str) -> bool:
        """Whether a folder holds the root, or the link that leads to it."""
        places = (self.top, os.path.realpath(os.path.join(self.root, os.path.dirname(path))))
        return any(PurePath(place).is_relative_to(real) for place in places)

    def _entries(self, relative: str) -> list[os.DirEntry[str]]:
        folder = os.path.join(self.root, relative)
        try:
            with os.scandir(folder) as entries:
                return list(entries)
        except OSError as error:
            raise DataError(
                f"The folder {shown(folder)} cannot be listed: {error.strerror or error}. "
                "Give permission to read it, or move it away."
            ) from error

    def _below(self, path: str) -> Iterator[str]:
        """A hidden file, or the files in a hidden folder; the folder itself where it cannot be listed."""
        full = os.path.join(self.root, path)
        if os.path.islink(full) or not os.path.isdir(full):
            yield path
        closed: list[OSError] = []
        for above, folders, names in os.walk(full, onerror=closed.append):
            links = [name for name in folders if os.path.islink(os.path.join(above, name))]
            yield from (os.path.relpath(os.path.join(above, name), self.root) for name in (*names, *links))
        yield from (os.path.relpath(error.filename, self.root) for error in closed)


def _leads(way: Sequence[re.Pattern[str]], folders: Sequence[str]) -> bool:
    """Whether the parts of a pattern, without the last, stand for these folders."""
    if not way:
        return not folders
    if way[0] is _ANY_FOLDERS:
        return len(way) == 1 or any(_leads(way[1:], folders[n:]) for n in range(len(folders) + 1))
    return bool(folders) and bool(way[0].match(folders[0])) and _leads(way[1:], folders[1:])


def _part(part: str) -> str:
    """A regular expression for one name."""
    return f"(?i:{fnmatch.translate(part)})" if _WILD.search(part) else rf"{re.escape(part)}\Z"


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _LEFT_BY_SYSTEMS


def _endings(paths: Iterable[PurePath]) -> str:
    counts = Counter(path.suffix.lower() or "none" for path in paths)
    most = counts.most_common(_NAMED)
    return ", ".join(f"{shown(ending)} {count}" for ending, count in most) + (", …" if len(counts) > len(most) else "")


def _parts(path: PurePath) -> tuple[str, ...]:
    return path.parts
