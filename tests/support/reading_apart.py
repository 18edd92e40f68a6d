"""Reads files in a process of their own, so that a reader that hangs, dies or takes all memory is one failed answer."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import resource
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from harness.errors import DataError

LIMIT_S = 10
"""No file of a few kilobytes may take longer."""
LIMIT_MB = 1_500
"""Nor more memory, PyTorch and the readers' libraries included."""


@dataclass(frozen=True)
class Answer:
    """What came of reading a file.

    Attributes:
        read: digest of what the reader returned; None where it returned nothing.
        refused: the reader's sentence; None where it did not refuse.
        failed: a traceback, or how the reader hung or died; None where it did neither.
    """

    read: str | None = None
    refused: str | None = None
    failed: str | None = None


class Apart:
    """A process that reads, one file after the other; use it as a context manager."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._process: Any = None

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def read(self, path: Path) -> Answer:
        """What the reader for the file's ending says of it."""
        if self._process is None:
            self._start()
        self._connection.send_bytes(os.fsencode(path))
        try:
            if self._connection.poll(LIMIT_S):
                answer: Answer = self._connection.recv()
                return answer
            failure = f"the reader hung for {LIMIT_S} s"
        except EOFError:
            self._process.join()
            failure = f"the reader's process died with exit code {self._process.exitcode}"
        self._stop()
        return Answer(failed=failure)

    def _start(self) -> None:
        self._connection, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        assert self._connection.recv() == "ready"  # imports take seconds, which are no reader's fault

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


def _serve(connection: Connection) -> None:
    import harness_tasks.video.video_files  # noqa: F401
    import torchvision.transforms.v2  # noqa: F401

    connection.send("ready")
    while True:
        path = Path(os.fsdecode(connection.recv_bytes()))
        try:
            answer = Answer(read=_read(path))
        except DataError as error:
            answer = Answer(refused=str(error))
        except BaseException:
            answer = Answer(failed=traceback.format_exc())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if peak > LIMIT_MB:
            answer = Answer(failed=f"the reader's process grew to {peak:.0f} MB")
        connection.send(answer)


def _read(path: Path) -> str:
    """Digest of what a file holds, by the reader for its ending; of a folder, by the data set that is its ending."""
    if path.is_dir():
        return _read_folder(path)
    import numpy as np
    from harness_tasks.sound.audio_features import read_audio
    from harness_tasks.video.video_files import decode

    from harness.data.text_files import read_text

    kind = path.suffix.lower()
    if kind in (".txt", ".gz"):
        return hashlib.sha256(read_text(path).encode("utf-8", "surrogatepass")).hexdigest()
    values = decode(path, 4, (16, 16)) if kind in VIDEO else read_audio(path, 16_000)
    if not np.isfinite(values).all() or not values.size:
        raise AssertionError("the reader returned what is no finite number, or nothing")
    return hashlib.sha256(values.tobytes()).hexdigest()


def _read_folder(folder: Path) -> str:
    import json
    from importlib import import_module

    module, name, options = FOLDERS[folder.suffix]
    raw = getattr(import_module(f"harness_datasets.{module}"), name)(root=folder, **options).read()
    splits = [[split[i].id for i in range(len(split))] for split in (raw.train, raw.val, raw.test)]
    text = json.dumps([splits, raw.notes])
    text.encode("ascii")
    json.dumps(raw.notes, ensure_ascii=False).encode("utf-8")  # notes are printed and stored
    return hashlib.sha256(text.encode()).hexdigest()


FOLDERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    ".audio": ("speech_recognition.audio_folder", "AudioFolder", {}),
    ".audio-skip": ("speech_recognition.audio_folder", "AudioFolder", {"on_corrupt": "skip"}),
    ".video": ("action_recognition.video_folder", "VideoFolder", {"frames": 2, "size": 8}),
    ".video-skip": ("action_recognition.video_folder", "VideoFolder", {"frames": 2, "size": 8, "on_corrupt": "skip"}),
    ".text": ("text_generation.text_folder", "TextFolder", {}),
    ".parallel": ("translation.parallel", "ParallelFolder", {}),
}
"""Module, class and options of a data set by the ending of a folder."""

VIDEO = (".mp4", ".mkv", ".avi", ".webm", ".mpg")
