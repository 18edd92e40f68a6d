"""Films, or features of them, with captions: decoded once into the cache, and read back one clip at a time."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from harness_tasks.captioned_clips import CaptionedClips, ClipReader
from harness_tasks.video.video_files import SUFFIXES, UnreadableVideoError, decode_timed

from harness.contract.dataset import RawData
from harness.data.cache import build_once, cache_dir
from harness.data.corrupt import OnCorrupt, Unusable, skipped
from harness.data.foreign import shown
from harness.data.progress import waiting
from harness.data.sources import FolderSource, Source
from harness.errors import DataError
from harness_datasets.action_recognition._clip_options import check_between
from harness_datasets.video_captioning.moving_shapes import MovingShapes

_PREPARATION = 1
"""Raised whenever the same configuration begins to give other clips."""
SPLITS = ("train", "val", "test")


class Shown(Enum):
    """What a network sees of a film."""

    frames = "frames"
    features = "features"


@dataclass(frozen=True)
class Captioned:
    """A film as the data set lists it.

    Attributes:
        id: of the example.
        stem: of its file: "video7" of video7.mp4 or video7.npy.
        split: "train", "val" or "test".
        captions: of it, one or more.
    """

    id: str
    stem: str
    split: str
    captions: tuple[str, ...]


@dataclass
class CaptionedFilms(CaptionedClips):
    """Base of data sets of films in a folder, with lists of captions beside them.

    Fields:
        root: the folder; films or features lie in it at any depth, named by the data set's ids.
        shown: frames: films are decoded; features: `.npy` files (T, F) or (F,), computed elsewhere, are read instead.
        frames: T; films are sampled evenly. Features stay as long as they are.
        size: pixels a side; films are squeezed to that.
        on_corrupt: refuse: one film that is missing or cannot be read stops the run and is named; skip: such films
            are left out, for every model alike, and are counted and named in the notes.
    """

    root: Path | None = None
    shown: Shown = Shown.frames
    frames: int = 16
    size: int = 64
    on_corrupt: OnCorrupt = OnCorrupt.refuse

    def __post_init__(self) -> None:
        check_between(self, frames=(1,), size=(8,))
        self.shown, self.on_corrupt = Shown(self.shown), OnCorrupt(self.on_corrupt)
        self.root = None if self.root is None else Path(self.root)

    @property
    def features(self) -> bool:
        """As `shown` says."""
        return self.shown is Shown.features

    @property
    def label(self) -> str:
        """With what is shown: "msvd.frames"."""
        return f"{self.name}.{self.shown.value}"

    @property
    @abstractmethod
    def lists(self) -> tuple[str, ...]:
        """Patterns of the files with captions and splits."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """What the folder holds, in a sentence."""

    @abstractmethod
    def listed(self, root: Path) -> list[Captioned]:
        """All films with their captions, in the order of the lists.

        Raises:
            DataError: a list is missing or not as published; names the file and the line.
        """

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def prepare(self) -> None:
        """Decode films, or copy features, into the cache, once.

        Raises:
            DataError: a list is missing or damaged; or a film is missing or cannot be read, and `on_corrupt` is refuse.
        """
        self._prepared()

    def read(self) -> RawData:
        """Clips that are read from the cache when they are asked for.

        Raises:
            DataError: as for `prepare`.
        """
        folder = self._prepared()
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        clips = np.load(folder / "clips.npy", mmap_mode="r")
        listed = {one.id: one for one in self.listed(self._folder().fetch())}
        splits = {split: FilmReader(clips, index["films"], listed, split) for split in SPLITS}
        empty = [split for split, reader in splits.items() if not len(reader)]
        if empty:
            raise DataError(f"No usable film for the {empty[0]} split is in {shown(str(self.root))}.")
        notes: dict[str, str | int | float] = {
            "captions": sum(len(captions) for reader in splits.values() for captions in reader.captions)
        }
        unusable = {name: Unusable(*why) for name, why in index["skipped"].items()}
        notes |= skipped(unusable, OnCorrupt.skip)
        return RawData(splits["train"], splits["val"], splits["test"], notes=notes)

    def tiny(self) -> MovingShapes:
        """A square that moves."""
        return MovingShapes.of_few()

    # -- private -------------------------------------------------------------------------------------

    def _folder(self) -> FolderSource:
        endings = (".npy",) if self.features else SUFFIXES
        return FolderSource(
            name=self.name,
            root=self.root,
            licence="see the data set's own page",
            description=self.expected,
            patterns=(*self.lists, *(f"**/*{ending}" for ending in endings)),
        )

    def _prepared(self) -> Path:
        source = self._folder()
        content = source.fingerprint()
        decides = [content, _PREPARATION, self.shown.value, self.frames, self.size, self.on_corrupt.value]
        digest = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
        return build_once(
            cache_dir() / "captioned" / f"{self.label}-{digest}",
            self._write,
            unchanged=lambda: source.fingerprint() == content,
        )

    def _write(self, folder: Path) -> None:
        """`clips.npy`, all frames end to end, and `index.json` with the films and what was left out."""
        source = self._folder()
        listed = self.listed(source.fetch())
        endings = (".npy",) if self.features else SUFFIXES
        files = {path.stem: path for path in source.files() if path.suffix.lower() in endings}
        rows: list[dict[str, object]] = []
        pieces: list[np.ndarray] = []
        unusable: dict[str, Unusable] = {}
        with waiting(f"Reading {len(listed)} films"):
            for one in listed:
                try:
                    frames, seconds = self._film(one, files)
                except RefusedFilmError as refused:
                    unusable[one.stem] = Unusable(refused.reason, str(refused))
                    if self.on_corrupt is OnCorrupt.refuse:
                        raise DataError(
                            f"{refused} Repair it, or leave such films out with task.on_corrupt=skip."
                        ) from refused
                    continue
                if pieces and pieces[0].shape[1:] != frames.shape[1:]:
                    raise DataError(
                        f"The features of '{shown(one.stem)}' have shape {frames.shape}, others (T, "
                        f"{', '.join(map(str, pieces[0].shape[1:]))})."
                    )
                pieces.append(frames)
                rows.append({"id": one.id, "split": one.split, "frames": len(frames), "seconds": seconds})
        if not pieces:
            raise DataError(f"None of the {len(listed)} films listed in {shown(str(self.root))} can be used.")
        np.save(folder / "clips.npy", np.concatenate(pieces))
        left_out = {name: [one.reason, one.message] for name, one in unusable.items()}
        (folder / "index.json").write_text(json.dumps({"films": rows, "skipped": left_out}), encoding="utf-8")

    def _film(self, one: Captioned, files: Mapping[str, Path]) -> tuple[np.ndarray, float | None]:
        """uint8 (T, Y, X, 3) and how long it lasts; or features float32 (T, F)."""
        path = files.get(one.stem)
        if path is None:
            kind = "features" if self.features else "film"
            raise RefusedFilmError(
                "missing", f"The {kind} of '{shown(one.stem)}' is missing in {shown(str(self.root))}."
            )
        if not self.features:
            try:
                return decode_timed(path, self.frames, (self.size, self.size))
            except UnreadableVideoError as error:
                raise RefusedFilmError(error.reason, str(error)) from error
        try:
            found = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise RefusedFilmError("not readable", f"{shown(str(path))} is no plain .npy file: {error}.") from error
        table = np.atleast_2d(found)
        if table.ndim != 2 or table.dtype.kind != "f" or not len(table) or not np.isfinite(table).all():
            raise RefusedFilmError(
                "no features",
                f"{shown(str(path))} holds {found.dtype} {found.shape}; features are finite floating-point numbers "
                "(T, F) or (F,).",
            )
        return table.astype(np.float32), None


class RefusedFilmError(Exception):
    """A film that cannot be used.

    Args:
        reason: in a few words, the same for all films of a kind.
        message: a sentence that names the file.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class FilmReader(ClipReader):
    """A split of decoded films or features, read from the cache as needed.

    Args:
        clips: all frames end to end, uint8 (N, Y, X, 3) or float32 (N, F).
        films: of the index, in the order of their frames.
        listed: the films by id.
        split: its name.
    """

    def __init__(
        self, clips: np.ndarray, films: Sequence[Mapping[str, object]], listed: Mapping[str, Captioned], split: str
    ) -> None:
        lengths = np.array([film["frames"] for film in films], dtype=np.int64)
        starts = np.cumsum(lengths) - lengths
        mine = [i for i, film in enumerate(films) if film["split"] == split]
        self._clips, self._starts = clips, starts[mine]
        self.lengths = lengths[mine]
        self.ids = [str(films[i]["id"]) for i in mine]
        self.captions = [listed[name].captions for name in self.ids]
        seconds = [films[i]["seconds"] for i in mine]
        self.seconds = None if None in seconds else [float(str(s)) for s in seconds]

    def clip(self, index: int) -> np.ndarray:
        """float32 (T, 3, Y, X), or (T, F)."""
        start = int(self._starts[index])
        stored = self._clips[start : start + int(self.lengths[index])]
        if stored.dtype == np.uint8:
            return np.ascontiguousarray(stored.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(255)
        return np.array(stored, dtype=np.float32)
