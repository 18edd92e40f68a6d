"""The files that make a finished run's folder a model: weights, specifications, preprocessing and a card.

    model.safetensors   the weights that were tested
    preprocessing/      what the task's preprocessing wrote
    README.md           the model card
    specs.json          how network and preprocessing are rebuilt, and a checksum of each of the other files

`specs.json` is written last: a folder that has it is complete. `harness.inference` reads them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from torch import nn

import harness
from harness.config.settings import RunSettings
from harness.contract.preprocessing import Preprocessing
from harness.contract.task import TaskData
from harness.contract.version import CONTRACT_VERSION
from harness.errors import PluginError
from harness.nn.saved_weights import save_weights
from harness.store.records import RunPlan, RunSummary
from harness.terminal import readable
from harness.training.model_card import model_card
from harness.training.specifications import plain_spec

FORMAT = 1
"""Version of `specs.json`, incremented when older files can no longer be read."""

WEIGHTS, SPECS, CARD, CONFIG, PREPROCESSING = (
    "model.safetensors",
    "specs.json",
    "README.md",
    "config.json",
    "preprocessing",
)


def forget_model(folder: Path) -> None:
    """Remove the file that marks a folder as a model, before its run begins again."""
    (folder / SPECS).unlink(missing_ok=True)


def write_preprocessing(folder: Path, task: str, preprocessing: Preprocessing | None) -> None:
    """Write a task's preprocessing into a run's folder, before training, so that a failure is cheap.

    Raises:
        PluginError: it cannot be written.
    """
    target, partial = folder / PREPROCESSING, folder / f"{PREPROCESSING}.partial"
    for stale in (target, partial):
        shutil.rmtree(stale, ignore_errors=True)
    if preprocessing is None:
        return
    partial.mkdir()
    try:
        preprocessing.save(partial)
    except Exception as error:
        raise PluginError(
            f"The preprocessing of task '{task}' cannot be written: {type(error).__name__}: {error}. "
            "See harness/contract/preprocessing.py, Preprocessing.save."
        ) from error
    os.replace(partial, target)


def write_model(
    folder: Path, settings: RunSettings, plan: RunPlan, network: nn.Module, data: TaskData, summary: RunSummary
) -> dict[str, str]:
    """Write the files of a trained model; whenever the process is killed, the folder holds a complete model or none.

    Args:
        folder: of the run; holds its configuration.
        settings, plan: of the run.
        network: with the weights that were tested.
        data: that it was trained on; `write_preprocessing` has written its preprocessing.
        summary: of the run, for the card.

    Returns:
        Artifacts of the run: file names by what they hold.
    """
    forget_model(folder)
    _write_weights(network, folder / WEIGHTS, {"key": plan.key, "format": "pt"})
    _write(folder / CARD, readable(model_card(settings, plan, data, summary)))
    _write(folder / SPECS, json.dumps(_specs(folder, settings, plan, data, summary), indent=2))
    return {"model": WEIGHTS, "specs": SPECS, "card": CARD}


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _specs(folder: Path, settings: RunSettings, plan: RunPlan, data: TaskData, summary: RunSummary) -> dict[str, Any]:
    signature = settings.task.signature
    kept = sorted(path for path in (folder / PREPROCESSING).rglob("*") if path.is_file())
    files = [folder / WEIGHTS, folder / CONFIG, *kept]
    return {
        "format": FORMAT,
        "key": plan.key,
        "harness": harness.__version__,
        "contract": CONTRACT_VERSION,
        "task": settings.task.name,
        "dataset": plan.dataset,
        "model": settings.model.name,
        "signature": {
            "task": signature.task,
            "input_type": signature.input_type.__name__,
            "target_type": signature.target_type.__name__,
            "max_subsampling": signature.max_subsampling,
        },
        "input": plain_spec(data.input_spec),
        "target": plain_spec(data.target_spec),
        "preprocessing": data.preprocessing is not None,
        "weights": summary.checkpoint,
        "plugins": plan.identity,
        "files": {path.relative_to(folder).as_posix(): checksum(path) for path in files},
    }


def _write_weights(network: nn.Module, path: Path, metadata: dict[str, str]) -> None:
    partial = path.with_name(f"{path.name}.partial")
    save_weights(network, partial, metadata)
    shutil.copymode(path.with_name(CONFIG), partial)  # safetensors lets only the owner read
    _into_place(partial, path)


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    _into_place(partial, path)


def _into_place(partial: Path, path: Path) -> None:
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(partial, path)
