"""A run's folder as a model: found, checked against its checksums, and read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from harness.data.json_object import read_object
from harness.errors import DataError, UserError
from harness.places import user_path
from harness.training.model_files import CONFIG, FORMAT, PREPROCESSING, SPECS, WEIGHTS, checksum

if TYPE_CHECKING:
    from harness.store import RunView, Store

Read = TypeVar("Read")

_NEEDED = ("key", "input", "target", "preprocessing")
_KEY = re.compile("[0-9a-fA-F]{1,64}")


@dataclass(frozen=True)
class ModelFolder:
    """The files of a trained model.

    Attributes:
        path: the folder.
        specs: `specs.json`.
        config: `config.json`: the run as plain data.
    """

    path: Path
    specs: dict[str, Any]
    config: dict[str, Any]

    @property
    def weights(self) -> Path:
        """`model.safetensors`."""
        return self.path / WEIGHTS

    @property
    def preprocessing(self) -> Path | None:
        """Folder of the task's preprocessing; None where the task gave none."""
        return self.path / PREPROCESSING if self.specs["preprocessing"] else None


def find_folder(run: str | Path) -> Path:
    """The folder behind a path, or behind the beginning of a run's key in the results store.

    Raises:
        UserError: there is no such folder and no such run; the run is not finished; it is a baseline; or its folder
            is not on this machine.
        StoreError: a key was given, and the store cannot be read.
    """
    path = user_path(run, "The folder or key")
    if path.is_dir():
        return path
    if isinstance(run, Path) or _KEY.fullmatch(run) is None:
        raise UserError(f"There is no folder '{run}'. Give the folder of a finished run, or the beginning of its key.")
    from harness.store import Store, query
    from harness.store.engine import results_folder
    from harness.store.states import FINISHED

    with Store.open(create=False, read_only=True) as store:
        view = query.run(store, run)
    if view.kind == "baseline":
        raise UserError(
            f"Run {view.key[:12]} is the baseline '{view.model.removeprefix('baseline:')}', which leaves no network to "
            "load. See harness list runs for the models of its task."
        )
    if view.status != FINISHED:
        raise UserError(
            f"Run {view.key[:12]} ({view.task} × {view.model}, seed {view.seed}) is {view.status}, and only a finished "
            "run is a model. Run it (again) with harness run or harness sweep."
        )
    folder = results_folder() / "runs" / view.key
    if not folder.is_dir():
        raise UserError(
            f"Run {view.key[:12]} is finished, but its folder {folder} is not here: it ran elsewhere, or the "
            "folder was moved. Copy it here, set HARNESS_RESULTS, or give the folder's path."
        )
    return folder


def of_stored_run(key: str, read: Callable[[Store, RunView], Read]) -> Read | None:
    """What is read of a run in the store of this machine; None where there is none that knows it.

    Args:
        key: of the run.
        read: reads from the open store.
    """
    from harness.store import Store, query

    try:
        with Store.open(create=False, read_only=True) as store:
            return read(store, query.run(store, key))
    except UserError:  # no store, or the folder is from elsewhere
        return None


def read_folder(path: Path) -> ModelFolder:
    """Read and verify a trained model's files.

    Raises:
        DataError: the folder is no finished run's, or a file is missing or damaged; the message names it.
    """
    if not (path / SPECS).is_file():
        raise DataError(f"The folder {path} holds no trained model: {_why_not(path)}.")
    specs = read_object(path / SPECS)
    if specs.get("format") != FORMAT or not isinstance(specs.get("files"), dict):
        raise DataError(
            f"{path / SPECS} has format {specs.get('format')!r}, and this version of the harness reads format {FORMAT}."
        )
    absent = [name for name in _NEEDED if name not in specs]
    if absent:
        raise DataError(f"{path / SPECS} is damaged or was changed: it does not say '{absent[0]}'.")
    for name, wanted in specs["files"].items():
        file = path / name
        if not file.resolve().is_relative_to(path.resolve()):
            raise DataError(f"{path / SPECS} names the file '{name}', which lies outside its folder.")
        if not file.is_file():
            raise DataError(f"The trained model in {path} is not whole: {name} is missing.")
        if checksum(file) != wanted:
            raise DataError(
                f"{file} is damaged or was changed: its checksum is not the one in {SPECS}. Copy the folder again, or "
                "run the run again."
            )
    return ModelFolder(path, specs, read_object(path / CONFIG))


def _why_not(path: Path) -> str:
    if not (path / CONFIG).is_file():
        return f"it is no run's folder (there is no {CONFIG})"
    model = read_object(path / CONFIG).get("baseline")
    if model is not None:
        return f"its run is the baseline '{model}', which leaves no network"
    return f"its run is not finished, or is a baseline (there is no {SPECS})"
