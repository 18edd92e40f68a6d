"""Checkpoints on disk: written whole or not at all, checked and loaded without running anything found in them."""

from __future__ import annotations

import logging
import os
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from pytorch_lightning.plugins import CheckpointIO

SIGNATURE = "sequence_harness"
"""Entry of a checkpoint that says which run, in which environment, wrote it."""

_log = logging.getLogger(__name__)


class AtomicCheckpointIO(CheckpointIO):
    """How Lightning's checkpoints reach the disk: beside the old one, synchronised, then moved into its place."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint; after a kill at any moment the file is the old one or the new one."""
        target = Path(path)
        partial = target.with_name(f"{target.name}.partial")
        with partial.open("wb") as file:
            torch.save(checkpoint, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)

    def load_checkpoint(
        self, path: str | Path, map_location: Any = "cpu", weights_only: bool | None = True
    ) -> dict[str, Any]:
        """Read a checkpoint.

        Raises:
            CorruptCheckpointError: it cannot be read, or holds more than tensors and plain values.
        """
        return read(Path(path))

    def remove_checkpoint(self, path: str | Path) -> None:
        """Delete a checkpoint if it is there."""
        Path(path).unlink(missing_ok=True)


class CorruptCheckpointError(Exception):
    """A file is no checkpoint, is damaged, or would run code when loaded."""


def read(path: Path) -> dict[str, Any]:
    """A checkpoint's content, on the CPU. Checksums are compared first, since torch does not; nothing is executed.

    Raises:
        CorruptCheckpointError: see there.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise CorruptCheckpointError(f"'{path.name}' is damaged (checksum of {damaged})")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, zipfile.BadZipFile, UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CorruptCheckpointError(f"'{path.name}' cannot be loaded ({first})") from error
    if not isinstance(content, dict):
        raise CorruptCheckpointError(f"'{path.name}' holds no checkpoint")
    return content


def read_if_mine(last: Path, best: Path, signature: dict[str, str]) -> dict[str, Any] | None:
    """The checkpoint that a run can go on from; None where there is none.

    One that is damaged, or that another run or environment wrote, is moved aside and logged: times of two
    environments must not be added up, and half a state must not be trained on. `best` then holds the weights that the
    checkpoint calls the best: they are written after it, so a kill between the two has to be made up for.
    """
    if not last.exists():
        return None
    try:
        content = read(last)
        if content.get(SIGNATURE) != signature:
            raise CorruptCheckpointError(f"'{last.name}' was written by another run or in another environment")
        _restore_best(content, best)
    except CorruptCheckpointError as error:
        aside = last.with_name(f"{last.name}.unusable")
        os.replace(last, aside)
        _log.warning("%s; it is kept as '%s', and the run starts anew", error, aside.name)
        return None
    return content


def _restore_best(content: dict[str, Any], best: Path) -> None:
    step = content["best_step"]
    if step is None:
        return
    if step == content["global_step"]:
        kept = ("epoch", "global_step", "pytorch-lightning_version", "state_dict")
        AtomicCheckpointIO().save_checkpoint({name: content[name] for name in kept}, best)
    elif (found := read(best).get("global_step")) != step:
        raise CorruptCheckpointError(f"'{best.name}' is of step {found}, not of step {step}")
