"""Filmed clips in a folder of class-named folders: found, split, decoded once into the cache, and read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from harness_tasks.action_clips import ActionClips
from harness_tasks.clip_sequences import ClipSequence
from harness_tasks.video_files import UnreadableVideoError, decode

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.cache import build_once, cache_dir
from harness.data.corrupt import OnCorrupt
from harness.data.sources import FolderSource, Source
from harness.errors import DataError, UnknownNameError
from harness_datasets._clip_options import ClipOptions
from harness_datasets.moving_squares import MovingSquares

HARNESS_CONTRACT = 2

_PREPARATION = 1
"""Raised whenever the same configuration begins to give other clips."""

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v")
"""File names that count as videos, in lower or upper case."""

_SHARES = {"val": 0.15, "test": 0.15}  # the rest is for training


@dataclass
class VideoFolder(ActionClips, ClipOptions):
    """One folder of videos a class; training clips are flipped and cropped at random unless options say otherwise.

    Fields:
        root: the folder.
        on_corrupt: refuse: one video that cannot be decoded stops the run and is named; skip: such videos are
            left out, for every model alike, and are counted and named in the notes.
    """

    name: ClassVar[str] = "folder"
    defaults: ClassVar = {"flip": 0.5, "crop": 0.7}

    root: Path | None = None
    on_corrupt: OnCorrupt = OnCorrupt.refuse

    def __post_init__(self) -> None:
        self.check_clips()
        self.on_corrupt = OnCorrupt(self.on_corrupt)
        self.root = None if self.root is None else Path(self.root)

    @property
    def label(self) -> str:
        """The name of the user's folder."""
        return self.root.name if self.root else self.name

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (folder_source(self.label, self.root),)

    def prepare(self) -> None:
        """Decode into the cache, once.

        Raises:
            DataError: the folder is missing, empty or of one class only, or a video cannot be decoded and
                `on_corrupt` is refuse.
            UnknownNameError: `classes` names what is not there.
        """
        self._prepared()

    def read(self) -> RawData:
        """Decoded videos, read from the cache when they are asked for.

        Raises:
            DataError, UnknownNameError: as for `prepare`.
        """
        decoded = read_videos(self._prepared())
        notes: dict[str, str | int | float] = {
            "split": "70/15/15 a class by the hash of file names; files of equal content stay in one split",
            "files with the content of another": decoded.repeated,
            "files skipped": len(decoded.skipped),
        }
        if decoded.skipped:
            notes["files skipped, names"] = ", ".join(decoded.skipped)
        splits = decoded.splits
        return RawData(splits["train"], splits["val"], splits["test"], labels=decoded.classes, notes=notes)

    def tiny(self) -> MovingSquares:
        """A square that moves."""
        return MovingSquares.of_few()

    def _prepared(self) -> Path:
        """The folder of the cache with the decoded clips."""
        source = folder_source(self.label, self.root)
        content = source.fingerprint()
        decides = [content, _PREPARATION, self.classes, self.frames, self.size, self.on_corrupt.value]
        digest = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
        return build_once(
            cache_dir() / "videos" / f"{self.label}-{digest}",
            lambda folder: write_videos(source, self.classes, self.frames, self.size, self.on_corrupt, folder),
            unchanged=lambda: source.fingerprint() == content,
        )


@dataclass(frozen=True)
class Video:
    """One file: its path relative to the root ("class/file.mp4"), its label, and the split it belongs to."""

    name: str
    label: int
    split: str


def folder_source(name: str, root: Path | None) -> FolderSource:
    """The user's folder as a source."""
    return FolderSource(
        name=name,
        root=root,
        licence="unknown (the user's own)",
        description=f"one folder a class, each with at least 3 videos ({', '.join(SUFFIXES)})",
        patterns=tuple(f"*/*{s}" for s in SUFFIXES) + tuple(f"*/*{s.upper()}" for s in SUFFIXES),
    )


def list_videos(source: FolderSource, classes: Sequence[str] | None) -> tuple[tuple[str, ...], list[Video], int]:
    """Class names, videos with their splits, and how many of them have the content of another.

    The split needs no list: within a class, files are ordered by the hash of their names and cut at 70 and 85 %.
    Files of equal content go where the first of them goes.

    Raises:
        DataError: no video, a single class, or a class of fewer than three different videos.
        UnknownNameError: `classes` names a folder that is not there.
    """
    root = source.fetch()
    files = source.files()
    found = sorted({path.parent.name for path in files})
    names = list(classes) if classes else found
    for name in names:
        if name not in found:
            raise UnknownNameError("class", name, found, f"the folders of {root}")
    if len(names) < 2:
        raise DataError(
            f"A classification needs two classes or more, but {root} has videos of one only: '{names[0]}'. "
            "Put the videos of each class into a folder of its own, all of them under task.root."
        )
    splits: dict[str, str] = {}  # by content
    rows: list[tuple[Path, str]] = [(p, _digest(p)) for p in files if p.parent.name in names]
    for name in names:
        own = [(hashlib.sha256(f"{name}/{p.name}".encode()).hexdigest(), d) for p, d in rows if p.parent.name == name]
        contents = list(dict.fromkeys(content for _, content in sorted(own)))
        if len(contents) < 3:
            raise DataError(
                f"Class '{name}' in {root} has {len(contents)} different videos; "
                "three are needed, one each for train, validation and test."
            )
        for rank, content in enumerate(contents):
            splits.setdefault(content, _split(rank, len(contents)))
    videos = [Video(f"{p.parent.name}/{p.name}", names.index(p.parent.name), splits[d]) for p, d in rows]
    return tuple(names), videos, len(videos) - len(splits)


def write_videos(
    source: FolderSource, classes: Sequence[str] | None, frames: int, size: int, on_corrupt: OnCorrupt, folder: Path
) -> None:
    """Decode every video into `clips.npy`, uint8 (N, T, Y, X, C), with `index.json` beside it.

    Raises:
        DataError: as for `list_videos`; a video cannot be decoded and `on_corrupt` refuses; or skipping left a
            class without a video in some split.
        UnknownNameError: as for `list_videos`.
    """
    from rich.console import Console
    from rich.progress import track

    names, videos, repeated = list_videos(source, classes)
    root = source.fetch()
    clips = np.lib.format.open_memmap(
        folder / "clips.npy", mode="w+", dtype=np.uint8, shape=(len(videos), frames, size, size, 3)
    )
    kept: list[dict[str, str | int]] = []
    skipped: list[str] = []
    console = Console(stderr=True)
    for video in track(videos, "Decoding videos", console=console, disable=not console.is_terminal, transient=True):
        try:
            clips[len(kept)] = decode(root / video.name, frames, (size, size))
        except UnreadableVideoError as error:
            if on_corrupt is OnCorrupt.refuse:
                raise DataError(
                    f"Cannot decode the video {root / video.name}: {error}. Repair or remove it, or leave such "
                    "files out with task.on_corrupt=skip."
                ) from error
            skipped.append(video.name)
            continue
        kept.append({"name": video.name, "label": video.label, "split": video.split})
    clips.flush()
    present = {(row["label"], row["split"]) for row in kept}
    lost = sorted({(v.name.split("/")[0], v.split) for v in videos if (v.label, v.split) not in present})
    if lost:
        raise DataError(
            f"After leaving out {len(skipped)} videos that cannot be decoded ({', '.join(skipped)}), "
            f"class '{lost[0][0]}' has none left for {lost[0][1]}. Repair them or add others to {root}."
        )
    (folder / "index.json").write_text(
        json.dumps({"classes": names, "videos": kept, "skipped": skipped, "repeated": repeated})
    )


class VideoClips(ClipSequence):
    """A split of decoded videos, read from the cache as needed.

    Args:
        clips: uint8 (N, T, Y, X, C), all splits together.
        rows: positions in `clips`.
        names, labels: of these rows; the names are the examples' ids.
        classes: class names.
    """

    def __init__(
        self,
        clips: np.ndarray,
        rows: Sequence[int],
        names: Sequence[str],
        labels: Sequence[int],
        classes: Sequence[str],
    ) -> None:
        self._clips, self._rows = clips, np.array(rows, dtype=np.int64)
        frames, y, x, channels = clips.shape[1:]
        self.shape = (frames, channels, y, x)
        self.ids = self.sources = list(names)
        self.actions = [classes[label] for label in labels]

    def fill(self, clips: np.ndarray, positions: np.ndarray, whole: Callable[[np.ndarray], object]) -> None:
        """Clips read as bytes, and made pixels where the batch holds them."""
        stored = self._clips[self._rows[positions]]  # uint8 (B, T, Y, X, C)
        for clip, pixels in zip(clips, stored, strict=True):
            clip[:] = pixels.transpose(0, 3, 1, 2)
            np.divide(clip, 255, out=clip)
            whole(clip)


@dataclass(frozen=True)
class DecodedFolder:
    """What `write_videos` left: splits by name, class names, files skipped, and files with another's content."""

    splits: dict[str, VideoClips]
    classes: tuple[str, ...]
    skipped: tuple[str, ...]
    repeated: int


def read_videos(folder: Path) -> DecodedFolder:
    """Read the cache; the clips themselves stay on disk until they are asked for."""
    index = json.loads((folder / "index.json").read_text())
    clips = np.load(folder / "clips.npy", mmap_mode="r")
    splits = {}
    for split in ("train", "val", "test"):
        rows = [i for i, video in enumerate(index["videos"]) if video["split"] == split]
        chosen = [index["videos"][i] for i in rows]
        names, labels = [v["name"] for v in chosen], [v["label"] for v in chosen]
        splits[split] = VideoClips(clips, rows, names, labels, index["classes"])
    return DecodedFolder(splits, tuple(index["classes"]), tuple(index["skipped"]), index["repeated"])


def _split(rank: int, count: int) -> str:
    test = max(1, round(count * _SHARES["test"]))
    val = max(1, round(count * _SHARES["val"]))
    return "test" if rank < test else "val" if rank < test + val else "train"


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"Cannot read the video {path}: {error.strerror}. Check the file's permissions.") from error


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [VideoFolder]
