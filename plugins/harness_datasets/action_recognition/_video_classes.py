"""Class-named folders of videos: which files are whose, how they are split, and what in the folder is not used."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from harness_tasks.video.video_files import SUFFIXES

from harness.data.foreign import shown
from harness.data.sources import FolderSource
from harness.errors import DataError, UnknownNameError

_NAMED = 10
_SHARES = {"val": 0.15, "test": 0.15}  # the rest is for training
_SPLIT_NAME = re.compile(
    r"(?<![^\W_])(train|training|val|valid|validation|dev|test|testing|eval|evaluation)(?![^\W_])", re.IGNORECASE
)
"""What folders of splits are called; also a part of a name, as in `ucf_train`, but not of a word."""


@dataclass(frozen=True)
class Video:
    """One file.

    Attributes:
        path: relative to the root: "class/any/folders/file.mp4".
        label: its class.
        split: "train", "val" or "test".
        content: a digest of the file; empty where copies are not looked for.
    """

    path: PurePath
    label: int
    split: str
    content: str = ""

    @property
    def name(self) -> str:
        """The path as text for reports and stores."""
        return shown(self.path.as_posix())


def folder_source(name: str, root: Path | None) -> FolderSource:
    """The user's folder as a source."""
    return FolderSource(
        name=name,
        root=root,
        licence="unknown (the user's own)",
        description=f"one folder a class, each with at least 3 videos at any depth ({', '.join(SUFFIXES)})",
        patterns=tuple(f"*/**/*{s}" for s in SUFFIXES),
    )


def notes_on_folder(source: FolderSource, classes: Sequence[str] | None) -> dict[str, str | int | float]:
    """What lies in the folder and is not used: files by reason, and folders of no class.

    Raises:
        DataError: the folder is missing or empty, or folders of classes look alike or are named as splits.
        UnknownNameError: as for `list_videos`.
    """
    root = source.fetch()
    found = _classes(source)
    chosen = set(_chosen(classes, found, root))
    used = [path for name in chosen for path in found[name]]
    notes = source.unused(used, "of a class that task.classes leaves out")
    without = _folders_beside(source, found)
    if without:
        notes["folders without a video"] = _listed(without)
    below = [path for path in source.walk().folders if len(path.parts) == 2 and _class_name(path.parts[0]) in chosen]
    splits = [shown(path.as_posix()) for path in below if _SPLIT_NAME.fullmatch(path.name)]
    if splits:
        notes["folders named as splits, of which the split takes no notice"] = _listed(splits)
    alike = _alike(found, str.casefold)
    if alike:
        notes["classes that differ in upper and lower case only"] = ", ".join(alike)
    return notes


def list_videos(source: FolderSource, classes: Sequence[str] | None) -> tuple[tuple[str, ...], list[Video], int]:
    """Class names, videos with their splits, and how many of them have the content of another.

    The split needs no list: within a class, files are ordered by the hash of their names and cut at 70 and 85 %.
    Files of equal content go where the first of them goes.

    Raises:
        DataError: no video, a single class, folders of splits instead of classes, or a class of fewer than three
            different videos.
        UnknownNameError: `classes` names a folder that is not there.
    """
    root = source.fetch()
    found = _classes(source)
    names = _chosen(classes, found, root)
    if len(names) < 2:
        without = _folders_beside(source, found)
        empty = f" Folders without a video: {_listed(without)}." if without else ""
        inner = root / found[names[0]][0].relative_to(root).parts[0]
        if len({path.relative_to(inner).parts[0] for path in found[names[0]] if path.parent != inner}) > 1:
            empty += f" If the folders in it are the classes, set task.root={shown(inner)}."
        raise DataError(
            f"A classification needs two classes or more, but {shown(root)} has videos of one only: '{names[0]}'."
            f"{empty} Put the videos of each class into a folder of its own, all of them under task.root."
        )
    splits: dict[str, str] = {}  # by content
    videos: list[tuple[PurePath, int, str]] = []
    for label, name in enumerate(names):
        own = [(path.relative_to(root), _digest(path)) for path in found[name]]
        videos += [(path, label, content) for path, content in own]
        contents = list(dict.fromkeys(content for _, content in sorted((_hash(path), c) for path, c in own)))
        if len(contents) < 3:
            raise DataError(
                f"Class '{name}' in {shown(root)} has {len(contents)} different videos; "
                "three are needed, one each for train, validation and test."
            )
        for rank, content in enumerate(contents):
            splits.setdefault(content, _split(rank, len(contents)))
    videos.sort(key=lambda row: row[0].parts)
    return tuple(names), [Video(path, k, splits[c], c) for path, k, c in videos], len(videos) - len(splits)


def _classes(source: FolderSource) -> dict[str, list[Path]]:
    """The videos of each class, by the name of its folder in the composed form of Unicode.

    Raises:
        DataError: as for `FolderSource.files`; or two folders have one name in it.
    """
    root = source.fetch()
    folders: dict[str, list[Path]] = {}
    for path in source.files():
        folders.setdefault(path.relative_to(root).parts[0], []).append(path)
    twins = _alike(folders, _class_name)
    if twins:
        raise DataError(
            f"The folders {' and '.join(map(ascii, twins))} in {shown(root)} have one name in two spellings of "
            "Unicode. Rename one of them, or put their videos together."
        )
    return {_class_name(folder): files for folder, files in sorted(folders.items())}


def _class_name(folder: str) -> str:
    return shown(unicodedata.normalize("NFC", folder))


def _chosen(classes: Sequence[str] | None, found: Mapping[str, object], root: Path) -> list[str]:
    if not classes:
        _check_no_splits(found, root)
    names = [_class_name(name) for name in classes] if classes else list(found)
    for name in names:
        if name not in found:
            raise UnknownNameError("class", name, list(found), f"the folders of {shown(root)}")
    return names


def _check_no_splits(names: Iterable[str], root: Path) -> None:
    """Whether the folders are classes, as `train`, `val` and `test` beside each other are not."""
    splits: dict[str, list[str]] = {}  # by what else stands in the name
    for name in names:
        if _SPLIT_NAME.search(name):
            splits.setdefault(_SPLIT_NAME.sub("", name, count=1).casefold(), []).append(name)
    for found in splits.values():
        if len(found) > 1:
            first = next((name for name in found if "train" in name.casefold()), found[0])
            raise DataError(
                f"The folders {', '.join(map(repr, found))} in {shown(root)} are named as splits, not as classes. The "
                "harness makes the split itself, so put the videos of each class into one folder, or use one of them: "
                f"task.root={shown(root / first)}. If they are classes all the same, name all classes in task.classes."
            )


def _alike(names: Iterable[str], form: Callable[[str], str]) -> list[str]:
    """The names that have the same form as another."""
    names = list(names)
    forms = Counter(form(name) for name in names)
    return sorted(name for name in names if forms[form(name)] > 1)


def _folders_beside(source: FolderSource, found: Container[str]) -> list[str]:
    """Folders that could be classes but hold no video."""
    first = [_class_name(path.name) for path in source.walk().folders if len(path.parts) == 1]
    return [name for name in first if name not in found]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)}: {', '.join(names[:_NAMED])}{more}"


def _hash(path: PurePath) -> str:
    return hashlib.sha256(os.fsencode(path.as_posix())).hexdigest()


def _split(rank: int, count: int) -> str:
    test = max(1, round(count * _SHARES["test"]))
    val = max(1, round(count * _SHARES["val"]))
    return "test" if rank < test else "val" if rank < test + val else "train"


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(
            f"Cannot read the video {shown(path)}: {error.strerror}. Check the file's permissions."
        ) from error
