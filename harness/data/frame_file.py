"""Frames of many recordings in one file on disk, read through a memory map: they need not fit into memory.

    frames       every recording's frames end to end, float32 (N, F)
    frames.json  F, and for each recording its name, its number of frames and their digest

Plain numbers and JSON: reading executes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.data.mapped_file import MappedFile

_FRAMES, _INDEX = "frames", "frames.json"
_TYPE = np.dtype("<f4")


class FrameFile(Mapping[str, np.ndarray]):
    """Frames float32 (T, F) by the name of their recording, from a folder that `write_frames` filled.

    Args:
        folder: that holds both files.

    Raises:
        DataError: the files do not belong together.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        index = json.loads((folder / _INDEX).read_text(encoding="ascii"))
        self._places = {name: place for place, (name, _, _) in enumerate(index["recordings"])}
        self._digests = [digest for _, _, digest in index["recordings"]]
        self._lengths = np.array([length for _, length, _ in index["recordings"]], dtype=np.int64)
        self._ends = np.cumsum(self._lengths)
        self._file = MappedFile(folder / _FRAMES, _TYPE, (int(self._lengths.sum()), int(index["features"])))

    def __getitem__(self, name: str) -> np.ndarray:
        """A view (T, F), read from disk where it is looked at."""
        place = self._places[name]
        return self._file.rows(int(self._ends[place] - self._lengths[place]), int(self._ends[place]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def recording(self, name: str) -> StoredRecording:
        """A recording, without a look at its frames."""
        return StoredRecording(self, name, int(self._lengths[self._places[name]]))

    def digest(self, name: str) -> str:
        """Hex digest (SHA-256) of a recording's frames, without a look at them."""
        return str(self._digests[self._places[name]])

    def __reduce__(self) -> tuple[type[FrameFile], tuple[Path]]:
        return FrameFile, (self._folder,)


@dataclass(frozen=True)
class StoredRecording:
    """The frames of one recording, read from disk where they are looked at.

    Attributes:
        file: that holds them.
        name: of the recording.
        length: T.
    """

    file: FrameFile
    name: str
    length: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, wanted: slice, /) -> np.ndarray:
        return self.file[self.name][wanted]


def write_frames(folder: Path, recordings: Iterable[tuple[str, np.ndarray]], features: int) -> None:
    """Write recordings one by one; only one of them is in memory.

    Args:
        folder: that is filled.
        recordings: names, each once, and frames (T, F).
        features: F.
    """
    rows = []
    with (folder / _FRAMES).open("wb") as file:
        for name, frames in recordings:
            content = frames.astype(_TYPE, copy=False).tobytes()
            file.write(content)
            rows.append((name, len(frames), hashlib.sha256(content).hexdigest()))
    (folder / _INDEX).write_text(json.dumps({"features": features, "recordings": rows}), encoding="ascii")
