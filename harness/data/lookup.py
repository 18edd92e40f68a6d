"""A name from a list, looked up on disk as the file system compares names; and what looks alike where it is missing."""

from __future__ import annotations

import difflib
import os
import posixpath
import stat
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from urllib.parse import unquote

from harness.data.foreign import shown

_MOST_COMPARED = 5_000


class Names:
    """The files of a folder by name.

    Args:
        root: the folder that names start from.
        files: those that may be named; below `root`.
    """

    def __init__(self, root: Path, files: Iterable[Path]) -> None:
        self._root = root
        self._files = {path.relative_to(root).as_posix(): path for path in files}
        self._identities: dict[tuple[int, int], Path] = {}
        for path in self._files.values():
            if (identity := _identity(path)) is not None:
                self._identities.setdefault(identity, path)

    def find(self, name: str) -> Path | None:
        """The file that the file system finds by that name, as it is called in `files`; None: it is none of them.

        A name that leads to one of the files by a link, or in other case where the file system does not tell cases
        apart, finds it; absolute paths, and paths that lead out of the folder, do not.
        """
        if name.startswith("/") or posixpath.normpath(name).split("/")[0] == "..":
            return None
        same = self._files.get(posixpath.normpath(name))
        identity = _identity(self._root / name)
        if identity is None:
            return None
        return same if same is not None and _identity(same) == identity else self._identities.get(identity)

    def identity(self, path: Path) -> tuple[int, int] | str:
        """What is the same for all names of one file, hard links included."""
        return _identity(path) or str(path)

    def why_not(self, name: str, endings: Sequence[str]) -> str:
        """Why `find` found nothing, in one sentence or two.

        Args:
            name: as it stands in the list.
            endings: of the files that may be named.
        """
        listed = f"{shown(name)} is listed but not in the folder"
        if name.startswith("/"):
            inside = os.path.relpath(name, self._root)
            hint = f" Write '{shown(inside)}'." if not inside.startswith("..") else ""
            return f"{listed}: a list has paths relative to the folder.{hint}"
        if posixpath.normpath(name).split("/")[0] == "..":
            return f"{listed}: the path leads out of it."
        if "\0" not in name and os.path.lexists(self._root / name):
            return f"{shown(name)} is listed, but {self._unused(self._root / name, name, endings)}."
        alike = self.alike(name)
        return f"{listed}.{f' There is {alike}.' if alike else ''}"

    def alike(self, name: str) -> str:
        """A file that the name may mean, in quotes, and how it differs; empty where none is alike."""
        wanted = fold(name)
        end, stem = posixpath.basename(wanted), _stem(wanted)
        ways: tuple[tuple[Callable[[str], str], str, str], ...] = (
            (lambda other: other, wanted, ""),
            (posixpath.basename, end, "in another folder"),
            (_stem, stem, "with another ending"),
            (lambda other: _stem(posixpath.basename(other)), _stem(end), "in another folder and with another ending"),
        )
        folded = {other: fold(other) for other in self._files}
        for part, sought, how in ways:
            found = sorted(other for other, plain in folded.items() if part(plain) == sought)
            if found:
                return f"'{shown(found[0])}', {how or _difference(name, found[0])}"
        close = difflib.get_close_matches(name, sorted(self._files)[:_MOST_COMPARED], n=1, cutoff=0.8)
        return f"'{shown(close[0])}'" if close else ""

    def _unused(self, path: Path, name: str, endings: Sequence[str]) -> str:
        if not path.exists():
            return "is a link that leads nowhere"
        if not path.is_file():
            return "is no file"
        if any(part.startswith(".") for part in posixpath.normpath(name).split("/")):
            return "hidden files are not read; rename it"
        return f"files are read that end in {', '.join(endings)}; convert or rename it"


def fold(name: str) -> str:
    """A path without what often differs between a list and a disk.

    That is case, Unicode form, invisible characters, percent escapes, outer blanks and backslashes.
    """
    parts = unicodedata.normalize("NFKC", _visible(unquote(name))).casefold().replace("\\", "/").split("/")
    return posixpath.normpath("/".join(part.strip() for part in parts))


def _visible(name: str) -> str:
    return "".join(character for character in name if unicodedata.category(character) != "Cf")


def _stem(name: str) -> str:
    return posixpath.splitext(name)[0]


def _difference(name: str, other: str) -> str:
    """How two names differ whose folded forms agree."""
    steps: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("in another Unicode form", lambda text: unicodedata.normalize("NFC", text)),
        ("in other case", str.casefold),
        ("without blanks around it" if name.strip() != name else "with blanks around it", str.strip),
        ("without percent escapes" if unquote(name) != name else "with percent escapes", unquote),
        ("without invisible characters" if _visible(name) != name else "with invisible characters", _visible),
        ("with / between folders", lambda text: text.replace("\\", "/")),
    )
    return next((how for how, plain in steps if plain(name) == plain(other)), "spelled differently")


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file; None where there is none of that name."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None
