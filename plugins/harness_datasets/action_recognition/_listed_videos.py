"""Standard sets of films whose official lists say which clip is for training and which for test."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import ClassVar

from harness_tasks.action_clips import ActionClips
from harness_tasks.video.video_files import SUFFIXES

from harness.contract.dataset import RawData
from harness.data.cache import build_once, cache_dir
from harness.data.corrupt import OnCorrupt, Unusable, skipped
from harness.data.foreign import shown
from harness.data.sources import FolderSource, Source
from harness.errors import DataError, UnknownNameError
from harness_datasets.action_recognition._clip_options import ClipOptions
from harness_datasets.action_recognition._video_classes import Video
from harness_datasets.action_recognition.moving_squares import MovingSquares
from harness_datasets.action_recognition.video_folder import read_videos, write_videos

_PREPARATION = 1
_HELD_OUT = 0.1


@dataclass(frozen=True)
class Listed:
    """A clip that an official list names.

    Attributes:
        path: of the file on disk.
        action: its class.
        split: "train", "val" or "test".
        group: of clips that were cut from one film or show one person: no group is in two splits.
    """

    path: Path
    action: str
    split: str
    group: str


@dataclass
class ListedVideos(ActionClips, ClipOptions):
    """Base of standard sets of films.

    Class variables:
        licence: of the films, as far as known.
        layout: what the folder holds, for people.
        lists: patterns of the official lists.
        split_rule: in words, for the notes.

    Fields:
        root: the folder.
        on_corrupt: refuse: one video that cannot be decoded stops the run and is named; skip: such videos are
            left out, for every model alike, and are counted and named in the notes.
    """

    defaults: ClassVar = {"flip": 0.5, "crop": 0.7}
    tried: ClassVar[bool] = False
    licence: ClassVar[str] = "unknown; research use"
    layout: ClassVar[str]
    lists: ClassVar[tuple[str, ...]] = ()
    split_rule: ClassVar[str]

    root: Path | None = None
    on_corrupt: OnCorrupt = OnCorrupt.refuse

    def __post_init__(self) -> None:
        self.check_clips()
        self.on_corrupt = OnCorrupt(self.on_corrupt)
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def prepare(self) -> None:
        """Decode into the cache, once.

        Raises:
            DataError: the folder, a list or a listed clip is missing, or a video cannot be decoded and `on_corrupt` is
                refuse.
            UnknownNameError: `classes` names what is not there.
        """
        self._prepared()

    def read(self) -> RawData:
        """Decoded videos, read from the cache when they are asked for.

        Raises:
            DataError, UnknownNameError: as for `prepare`.
        """
        decoded, source = read_videos(self._prepared()), self._folder()
        notes: dict[str, str | int | float] = {"split": self.split_rule, "files skipped": len(decoded.skipped)}
        notes |= skipped({name: Unusable(reason, name) for name, reason in decoded.skipped.items()}, OnCorrupt.skip)
        used = [one.path for one in self._chosen(source)] + self._list_files(source)
        notes |= source.unused(used, "not in the list, or of a class that task.classes leaves out")
        splits = decoded.splits
        return RawData(splits["train"], splits["val"], splits["test"], labels=decoded.classes, notes=notes)

    def tiny(self) -> MovingSquares:
        """A square that moves."""
        return MovingSquares.of_few()

    @abstractmethod
    def listed(self, films: Mapping[str, Path], lists: Sequence[Path]) -> list[Listed]:
        """The clips of the official lists; "val" only where the lists have it.

        Args:
            films: of the folder, by file name.
            lists: the files that match `lists`.

        Raises:
            DataError: a list is missing or damaged, or a clip that it names.
        """

    def _chosen(self, source: FolderSource) -> list[Listed]:
        """The clips of the classes that are asked for, with some of training held out where no list does."""
        films: dict[str, Path] = {}
        for path in source.files():
            if path.suffix.lower() in SUFFIXES:
                films[path.name] = path
        rows = self.listed(films, self._list_files(source))
        known = sorted({row.action for row in rows})
        for name in self.classes or ():
            if name not in known:
                raise UnknownNameError("class", name, known, f"the lists in {shown(self.root or '')}")
        rows = [row for row in rows if not self.classes or row.action in self.classes]
        return rows if any(row.split == "val" for row in rows) else _with_validation(rows)

    def _list_files(self, source: FolderSource) -> list[Path]:
        return [path for path in source.files() if path.suffix.lower() == ".txt"]

    def _prepared(self) -> Path:
        """The folder of the cache with the decoded clips."""
        source = self._folder()
        content = source.fingerprint()
        options = {name: value for name, value in vars(self).items() if name != "root"}
        decides = [content, _PREPARATION, {name: str(value) for name, value in options.items()}]
        digest = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]

        def write(folder: Path) -> None:
            root, rows = source.fetch(), self._chosen(source)
            names = list(self.classes or sorted({row.action for row in rows}))
            videos = [Video(PurePath(row.path.relative_to(root)), names.index(row.action), row.split) for row in rows]
            for split in ("train", "val", "test"):
                lacking = set(range(len(names))) - {video.label for video in videos if video.split == split}
                if lacking:
                    raise DataError(f"{shown(root)} has no {split} clip of '{names[min(lacking)]}'. {self._expected()}")
            videos.sort(key=lambda video: video.path.parts)
            write_videos((names, videos, 0), root, self.frames, self.size, self.on_corrupt, folder)

        return build_once(
            cache_dir() / "videos" / f"{self.name}-{digest}",
            write,
            unchanged=lambda: source.fingerprint() == content,
        )

    def _expected(self) -> str:
        return f"Expected: {self.layout}."

    def _folder(self) -> FolderSource:
        return FolderSource(
            name=self.name,
            root=self.root,
            licence=self.licence,
            description=self.layout,
            patterns=(*(f"**/*{ending}" for ending in SUFFIXES), *self.lists),
        )


def check_present(named: Sequence[str], films: Mapping[str, Path], root: Path | None, layout: str) -> None:
    """Raise DataError where a list names clips that are not there; the message counts them and names the first."""
    missing = [name for name in named if name not in films]
    if missing:
        raise DataError(
            f"{len(missing):,} of {len(named):,} listed clips are not in {shown(root or '')}, the first is "
            f"{shown(missing[0])}. Expected: {layout}."
        )


def _with_validation(rows: Sequence[Listed]) -> list[Listed]:
    """A tenth of each class's training groups, by the hash of their names, becomes validation."""
    groups: dict[str, set[str]] = {}
    for row in rows:
        if row.split == "train":
            groups.setdefault(row.action, set()).add(row.group)
    held = set()
    for action, names in groups.items():
        ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())
        held |= {(action, name) for name in ordered[: max(1, round(_HELD_OUT * len(ordered)))] if len(ordered) > 1}
    return [
        Listed(
            row.path,
            row.action,
            "val" if row.split == "train" and (row.action, row.group) in held else row.split,
            row.group,
        )
        for row in rows
    ]
