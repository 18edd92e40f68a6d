"""Checkpoints on disk: written atomically, verified when read, and loaded without executing anything in them."""

from __future__ import annotations

import logging
import os
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import pytorch_lightning
import torch
from pytorch_lightning.plugins import CheckpointIO

SIGNATURE = "sequence_harness"
"""Key of the entry that identifies the run and the environment that wrote a checkpoint."""

BEST_WEIGHTS = "best_weights"
"""Key of the weights that were validated at the checkpoint's own step, where they may not be those trained on."""

_log = logging.getLogger(__name__)


class AtomicCheckpointIO(CheckpointIO):
    """Writes Lightning's checkpoints to a temporary file, syncs it, and renames it over the old one."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None) -> None:
        """Write a checkpoint. Whenever the process is killed, the file is either the old one or the new one."""
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
            CorruptCheckpointError: it cannot be read, or contains more than tensors and plain values.
        """
        return read(Path(path))

    def remove_checkpoint(self, path: str | Path) -> None:
        """Delete a checkpoint if it exists."""
        Path(path).unlink(missing_ok=True)


class CorruptCheckpointError(Exception):
    """A file is not a checkpoint, is damaged, or would run code when loaded."""


def read(path: Path) -> dict[str, Any]:
    """Load a checkpoint onto the CPU, executing nothing. Verifies its checksums first, which torch does not.

    Raises:
        CorruptCheckpointError: the file cannot be used.
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


def save_weights(weights: dict[str, Any], step: int, path: Path) -> None:
    """Write weights alone, as Lightning's checkpoints hold them.

    Args:
        weights: by name.
        step: optimizer steps after which they were taken.
        path: of the file.
    """
    content = {
        "epoch": 0,
        "global_step": step,
        "pytorch-lightning_version": pytorch_lightning.__version__,
        "state_dict": weights,
    }
    AtomicCheckpointIO().save_checkpoint(content, path)


def read_if_mine(last: Path, best: Path, signature: dict[str, str]) -> dict[str, Any] | None:
    """The checkpoint that a run can resume from, or None.

    A checkpoint that is damaged, or was written by another run or in another environment, is moved aside and logged:
    times of two environments must not be added up, and half a state must not be trained on. Afterwards `best` holds
    the weights that the checkpoint calls the best. They are written after the checkpoint, so they may be missing if
    the process was killed in between; they are then restored from it.
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
        save_weights(content.get(BEST_WEIGHTS, content["state_dict"]), step, best)
    elif (found := read(best).get("global_step")) != step:
        raise CorruptCheckpointError(f"'{best.name}' is of step {found}, not of step {step}")
