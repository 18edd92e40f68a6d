"""Options of data sets of audio files, and the frames of all of their files, computed once and kept on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from harness_tasks.sound.audio_features import Features, FeatureSettings, frames_of
from harness_tasks.sound.audio_files import CLIPPED, RecordingError, read_recording

from harness.data.cache import build_once, cache_dir
from harness.data.corrupt import OnCorrupt, Unusable, named
from harness.data.foreign import shown
from harness.data.frame_file import FrameFile, write_frames
from harness.data.progress import waiting
from harness.data.sources import FolderSource

_PREPARATION = 4
_NAMES = "names.json"


@dataclass
class AudioOptions:
    """What data sets of audio files have as fields.

    Fields:
        features: what an audio file becomes, frame by frame.
        feature_count: how many of them; None: 40 log-mel bands or 13 MFCCs.
        sample_rate: in Hz; None: the data set's own.
        window_ms: length of a frame.
        hop_ms: from the start of one frame to the next.
        on_corrupt: refuse: one unusable file stops the run and is named; skip: such files are left out, for
            every model alike, and are counted and named in the notes.
    """

    features: Features = Features.log_mel
    feature_count: int | None = None
    sample_rate: int | None = None
    window_ms: float = 25.0
    hop_ms: float = 10.0
    on_corrupt: OnCorrupt = OnCorrupt.refuse

    def check_audio(self) -> None:
        """Raise ValueError where an option makes no sense; words become members of their enumerations."""
        self.features, self.on_corrupt = Features(self.features), OnCorrupt(self.on_corrupt)
        check_least(self, feature_count=1, sample_rate=1_000, window_ms=1, hop_ms=1)

    def settings(self, sample_rate: int) -> FeatureSettings:
        """How waves become frames, at that rate unless another is set."""
        count = self.feature_count or (40 if self.features is Features.log_mel else 13)
        return FeatureSettings(self.features, count, self.sample_rate or sample_rate, self.window_ms, self.hop_ms)


def check_least(options: object, **least: float) -> None:
    """Raise ValueError where a field is below its least value or not finite; None passes."""
    for name, smallest in least.items():
        value = getattr(options, name)
        if value is not None and not smallest <= value < math.inf:
            raise ValueError(f"task.{name} is {value}; it must be at least {smallest}.")


@dataclass(frozen=True)
class FeatureTable:
    """Features of recordings.

    Attributes:
        frames: (T, F), by relative path; read from disk when they are looked at.
        unusable: why other files could not be used.
        clipped: those of `frames` of which more than `CLIPPED` is clipped.
    """

    frames: FrameFile
    unusable: dict[str, Unusable]
    clipped: tuple[str, ...] = ()

    @property
    def notes(self) -> dict[str, str | int | float]:
        """How many recordings are clipped, and which; empty where none are."""
        return named(f"recordings clipped, over {CLIPPED:.0%} of their samples", self.clipped)


def feature_table(root: Path, files: Sequence[Path], settings: FeatureSettings, source: FolderSource) -> FeatureTable:
    """Features of all files, computed once for a given content and settings.

    Args:
        root: the folder that relative paths start from.
        files: below `root`.
        settings: how features are computed.
        source: the folder; its fingerprint together with the settings names the cached result.

    Raises:
        DataError: the folder changed while features were computed.
    """
    fingerprint = source.fingerprint()
    parts = [_PREPARATION, fingerprint, {k: str(v) for k, v in dataclasses.asdict(settings).items()}]
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]
    folder = build_once(
        cache_dir() / "prepared" / f"speech-{digest}",
        lambda target: _build(target, root, files, settings),
        unchanged=lambda: source.fingerprint() == fingerprint,
    )
    names = json.loads((folder / _NAMES).read_text(encoding="ascii"))
    unusable = {name: Unusable(*why) for name, why in names["unusable"].items()}
    return FeatureTable(FrameFile(folder), unusable, tuple(names["clipped"]))


def _build(target: Path, root: Path, files: Sequence[Path], settings: FeatureSettings) -> None:
    unusable: dict[str, tuple[str, str]] = {}
    clipped: list[str] = []

    def usable() -> Iterator[tuple[str, np.ndarray]]:
        for path in dict.fromkeys(files):
            name = path.relative_to(root).as_posix()
            try:
                # Messages are cached, so they have no path that the folder may no longer have.
                recording = read_recording(path, settings.sample_rate, shown(name))
                frames = frames_of(recording.wave, settings, shown(name))  # (T, F)
            except RecordingError as error:
                unusable[name] = error.reason, str(error)
                continue
            if recording.clipped > CLIPPED:
                clipped.append(name)
            yield name, frames

    with waiting(f"Computing features of {len(files)} recordings"):
        write_frames(target, usable(), settings.count)
    index = {"unusable": unusable, "clipped": clipped}
    (target / _NAMES).write_text(json.dumps(index), encoding="ascii")
