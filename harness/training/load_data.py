"""Prepares and loads a task's data for a run, with its limits applied."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from harness.contract.batch import Split, Subset
from harness.contract.task import Task, TaskData
from harness.errors import ConfigError, DataError

UNDERSTOOD = "Data of "
"""How the progress text begins that says, before training, what was understood of the user's data."""

_OWN = ("file", "folder")


def understood(task: Task, data: TaskData) -> str:
    """What was read of the user's own files: sizes of the splits, and the notes; empty for other data."""
    if not any(source.kind in _OWN for source in task.sources()):
        return ""
    sizes = f"{len(data.train):,} training, {len(data.val):,} validation and {len(data.test):,} test examples"
    notes = [f"{name}: {value}" for name, value in data.notes.items()]
    return f"{UNDERSTOOD}{task.name} ({task.dataset_name}): {'; '.join([sizes, *notes])}."


def load_data(task: Task, planned: str | None = None) -> TaskData:
    """Prepared, loaded and limited data.

    Args:
        task: the task.
        planned: fingerprint of the data for which the run was planned; None: any data will do.

    Raises:
        DataError: a split is empty, or the data is no longer the planned one.
        ConfigError: a limit is not positive.
    """
    task.prepare_data()
    data = task.setup()
    if planned is not None and task.data_fingerprint() != planned:
        raise DataError(
            f"Data set '{task.dataset_name}' changed after this run was planned: run the same command again for a run "
            "on the data as it is now."
        )
    for name in ("train", "val", "test"):
        if len(getattr(data, name)) == 0:
            # Such as pairs whose source stands in another split.
            left_out = [f"{note}: {count}" for note, count in data.notes.items() if "left out" in note]
            why = f" ({'; '.join(left_out)})" if left_out else ""
            raise DataError(f"The {name} split of data set '{task.dataset_name}' of task '{task.name}' is empty{why}.")
    return replace(
        data,
        train=_limited(data.train, task.train_limit, "train_limit"),
        val=_limited(data.val, task.eval_limit, "eval_limit"),
        test=_limited(data.test, task.eval_limit, "eval_limit"),
    )


def _limited(dataset: Split, limit: int | None, name: str) -> Split:
    if limit is None or limit >= len(dataset):
        return dataset
    if limit < 1:
        raise ConfigError(f"task.{name}={limit} is not a positive number; leave it null for all examples.")
    return Subset(dataset, evenly_spaced(len(dataset), limit))


def evenly_spaced(number: int, limit: int) -> list[int]:
    """At most `limit` of `number` positions, so that a subset of an ordered split has the same mixture."""
    if limit >= number:
        return list(range(number))
    return np.linspace(0, number - 1, limit).round().astype(int).tolist()
