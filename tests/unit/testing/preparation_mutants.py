"""Tasks whose prepare_data writes a file; sound, or unsafe in one of the usual ways. No torch at import."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from task_mutants import Sides

from harness.contract.batch import Example
from harness.data.cache import build_once, cache_dir

HARNESS_CONTRACT = 2


@dataclass
class Stored(Sides):
    """Sides whose figures are read from a file of the cache."""

    name: ClassVar[str] = "stored"

    def _path(self) -> Path:
        return cache_dir() / "stored"

    def prepare_data(self) -> None:
        """Write the figures, once."""
        path = self._path()
        path.parent.mkdir(parents=True, exist_ok=True)
        match self.fault:
            case "in place" if not path.exists():
                with path.open("wb") as stream:
                    for name in ("train", "val", "test"):
                        np.save(stream, self._figures(name))
                        stream.flush()
            case "a marker of its own":
                self._with_marker(path)
            case "one temporary name" if not path.exists():
                temporary = path.with_suffix(".tmp")
                self._write(temporary)
                os.rename(temporary, path)
            case "appends":
                with (path.parent / "log").open("a") as stream:
                    stream.write("prepared\n")
                build_once(path, lambda folder: self._write(folder / "figures"))
            case "other data again":
                seen = path.with_suffix(".seen")
                self._write(path, int(seen.exists()))
                seen.touch()
            case "in place" | "one temporary name":
                pass
            case _:
                build_once(path, lambda folder: self._write(folder / "figures"))

    def _with_marker(self, path: Path) -> None:
        """Unlike a lock, a marker outlives the process that made it."""
        if path.exists():
            return
        marker = path.with_suffix(".busy")
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
        build_once(path, lambda folder: self._write(folder / "figures"))
        marker.unlink()

    def _figures(self, name: str, seed: int = 0) -> np.ndarray:
        return np.random.default_rng([seed, *name.encode()]).normal(size=(self.size, 3, 2))

    def _write(self, path: Path, seed: int = 0) -> None:
        with path.open("wb") as stream:
            for name in ("train", "val", "test"):
                np.save(stream, self._figures(name, seed))

    def examples(self, name: str, draw: np.random.Generator) -> list[Example]:
        """The figures of the file."""
        path = self._path()
        with (path / "figures" if path.is_dir() else path).open("rb") as stream:
            parts = {part: np.load(stream) for part in ("train", "val", "test")}
        figures = parts[name].astype(np.float32)
        return [Example(f"{name}{i}", f, int(f[-1, 1] > f[-1, 0]), ("",)) for i, f in enumerate(figures)]
