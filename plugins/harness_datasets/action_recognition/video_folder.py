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
from harness_tasks.video.clip_sequences import ClipSequence
from harness_tasks.video.video_files import UnreadableVideoError, decode_timed

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.cache import build_once, cache_dir
from harness.data.corrupt import OnCorrupt, Unusable, skipped
from harness.data.foreign import shown
from harness.data.sources import Source
from harness.errors import DataError
from harness_datasets.action_recognition._clip_options import ClipOptions
from harness_datasets.action_recognition._folds import Decoded, check_folds, fold_label, folded
from harness_datasets.action_recognition._video_classes import Video, folder_source, list_videos, notes_on_folder
from harness_datasets.action_recognition.moving_squares import MovingSquares

HARNESS_CONTRACT = 2

_PREPARATION = 6
"""Raised whenever the same configuration begins to give other clips."""


@dataclass
class VideoFolder(ActionClips, ClipOptions):
    """One folder of videos a class; training clips are flipped and cropped at random unless options say otherwise.

    Where nobody published a split, a score on one small test split says little: run all folds, `task.fold=0,1,2,3,4`.
    Videos are decoded once for all of them.

    Fields:
        root: the folder.
        fold: which fold is test, from 0; half of the next is validation; null: 70/15/15 %.
        folds: how many there are.
        group: a regular expression whose first group, in a file's name, is what clips were cut from ('_g([0-9]+)_');
            clips of one source are then in one fold.
        on_corrupt: refuse: one video that cannot be decoded stops the run and is named; skip: such videos are
            left out, for every model alike, and are counted and named in the notes.
    """

    name: ClassVar[str] = "folder"
    defaults: ClassVar = {"flip": 0.5, "crop": 0.7}

    root: Path | None = None
    fold: int | None = None
    folds: int = 5
    group: str | None = None
    on_corrupt: OnCorrupt = OnCorrupt.refuse

    def __post_init__(self) -> None:
        self.check_clips()
        check_folds(self.fold, self.folds, self.group)
        self.on_corrupt = OnCorrupt(self.on_corrupt)
        self.root = None if self.root is None else Path(self.root)

    @property
    def label(self) -> str:
        """The name of the user's folder, with the fold: "films.fold0of5"."""
        return fold_label(self._named, self.fold, self.folds)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (folder_source(self._named, self.root),)

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
            DataError: a file's name does not match `group`, or a class has too few videos for the folds.
        """
        decoded = read_videos(self._prepared(), self._split)
        notes: dict[str, str | int | float] = {
            "split": decoded.rule
            or "70/15/15 a class by the hash of file names; files of equal content stay in one split",
            "files with the content of another": decoded.repeated,
            "files skipped": len(decoded.skipped),
        }
        notes |= skipped({name: Unusable(reason, name) for name, reason in decoded.skipped.items()}, OnCorrupt.skip)
        notes |= notes_on_folder(folder_source(self._named, self.root), self.classes)
        splits = decoded.splits
        return RawData(splits["train"], splits["val"], splits["test"], labels=decoded.classes, notes=notes)

    def tiny(self) -> MovingSquares:
        """A square that moves."""
        return MovingSquares.of_few()

    @property
    def _named(self) -> str:
        return shown(self.root.name) if self.root else self.name

    def _split(self, videos: Sequence[Decoded], classes: Sequence[str]) -> tuple[list[str], str]:
        """The split of each video, and the rule."""
        if self.fold is None:
            return [video["split"] for video in videos], ""
        return folded(videos, classes, self.fold, self.folds, self.group)

    def _prepared(self) -> Path:
        """The folder of the cache with the decoded clips."""
        source = folder_source(self._named, self.root)
        content = source.fingerprint()
        decides = [content, _PREPARATION, self.classes, self.frames, self.size, self.on_corrupt.value]
        digest = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
        return build_once(
            cache_dir() / "videos" / f"{self._named}-{digest}",
            lambda folder: write_videos(
                list_videos(source, self.classes), source.fetch(), self.frames, self.size, self.on_corrupt, folder
            ),
            unchanged=lambda: source.fingerprint() == content,
        )


def write_videos(
    listed: tuple[Sequence[str], Sequence[Video], int],
    root: Path,
    frames: int,
    size: int,
    on_corrupt: OnCorrupt,
    folder: Path,
) -> None:
    """Decode every video into `clips.npy`, uint8 (N, T, Y, X, C), with `index.json` beside it.

    Args:
        listed: class names, videos, and how many of them have the content of another.
        root: the folder of the videos.
        frames, size: of the clips.
        on_corrupt: what a video that cannot be decoded does.
        folder: to write to.

    Raises:
        DataError: a video cannot be decoded and `on_corrupt` refuses; or skipping left a class without a video in some
            split.
    """
    from rich.console import Console
    from rich.progress import track

    names, videos, repeated = listed
    clips = np.lib.format.open_memmap(
        folder / "clips.npy", mode="w+", dtype=np.uint8, shape=(len(videos), frames, size, size, 3)
    )
    kept: list[Decoded] = []
    unusable: dict[str, str] = {}  # reason by name
    console = Console(stderr=True)
    for video in track(videos, "Decoding videos", console=console, disable=not console.is_terminal, transient=True):
        try:
            clips[len(kept)], seconds = decode_timed(root / video.path, frames, (size, size))
        except UnreadableVideoError as error:
            if on_corrupt is OnCorrupt.refuse:
                raise DataError(
                    f"{error} Repair or remove it, or leave such files out with task.on_corrupt=skip."
                ) from error
            unusable[video.name] = error.reason
            continue
        kept.append(
            {
                "name": video.name,
                "label": video.label,
                "split": video.split,
                "seconds": seconds,
                "content": video.content,
            }
        )
    clips.flush()
    present = {(row["label"], row["split"]) for row in kept}
    lost = sorted({(names[v.label], v.split) for v in videos if (v.label, v.split) not in present})
    if lost:
        raise DataError(
            f"After leaving out {len(unusable)} videos that cannot be decoded ({', '.join(list(unusable)[:10])}), "
            f"class '{lost[0][0]}' has none left for {lost[0][1]}. Repair them or add others to {shown(root)}."
        )
    (folder / "index.json").write_text(
        json.dumps({"classes": names, "videos": kept, "skipped": unusable, "repeated": repeated})
    )


class VideoClips(ClipSequence):
    """A split of decoded videos, read from the cache as needed.

    Args:
        clips: uint8 (N, T, Y, X, C), all splits together.
        rows: positions in `clips`.
        names, labels: of these rows; the names are the examples' ids.
        classes: class names.
        seconds: that each film lasts.
    """

    def __init__(
        self,
        clips: np.ndarray,
        rows: Sequence[int],
        names: Sequence[str],
        labels: Sequence[int],
        classes: Sequence[str],
        seconds: Sequence[float],
    ) -> None:
        self._clips, self._rows = clips, np.array(rows, dtype=np.int64)
        frames, y, x, channels = clips.shape[1:]
        self.shape = (frames, channels, y, x)
        self.ids = self.sources = list(names)
        self.actions = [classes[label] for label in labels]
        self.seconds = seconds

    def fill(self, clips: np.ndarray, positions: np.ndarray, whole: Callable[[np.ndarray], object]) -> None:
        """Clips read as bytes, and made pixels where the batch holds them."""
        stored = self._clips[self._rows[positions]]  # uint8 (B, T, Y, X, C)
        for clip, pixels in zip(clips, stored, strict=True):
            clip[:] = pixels.transpose(0, 3, 1, 2)
            np.divide(clip, 255, out=clip)
            whole(clip)


@dataclass(frozen=True)
class DecodedFolder:
    """What `write_videos` left.

    Attributes:
        splits: the clips.
        classes: their names.
        skipped: files left out, with the reason.
        repeated: how many files have the content of another.
        rule: how the splits were made, where it was not as they were written.
    """

    splits: dict[str, VideoClips]
    classes: tuple[str, ...]
    skipped: dict[str, str]
    repeated: int
    rule: str = ""


SplitRule = Callable[[Sequence[Decoded], Sequence[str]], tuple[list[str], str]]
"""From decoded videos and class names to the split of each video, and the rule in words."""


def read_videos(folder: Path, rule: SplitRule | None = None) -> DecodedFolder:
    """Read the cache; the clips themselves stay on disk until they are asked for.

    Args:
        folder: as `write_videos` left it.
        rule: divides the videos; None: as they were written.
    """
    index = json.loads((folder / "index.json").read_text())
    clips = np.load(folder / "clips.npy", mmap_mode="r")
    split_of, said = rule(index["videos"], index["classes"]) if rule else ([v["split"] for v in index["videos"]], "")
    splits = {}
    for split in ("train", "val", "test"):
        rows = [i for i, name in enumerate(split_of) if name == split]
        chosen = [index["videos"][i] for i in rows]
        names, labels = [v["name"] for v in chosen], [v["label"] for v in chosen]
        seconds = [v["seconds"] for v in chosen]
        splits[split] = VideoClips(clips, rows, names, labels, index["classes"], seconds)
    return DecodedFolder(splits, tuple(index["classes"]), index["skipped"], index["repeated"], said)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [VideoFolder]
