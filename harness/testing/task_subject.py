"""A task in its tiny form with its data loaded once: what a clause of the task contract is checked on.

Everything happens in a cache folder of its own and without a network. No torch import here: processes of their own
load this module.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from harness.contract.batch import Example, Split
from harness.contract.task import Task, TaskData

SPLITS = ("train", "val", "test")
_SHOWN = 160  # characters of an example in a message


@dataclass(frozen=True, eq=False)
class TaskSubject:
    """A task to check.

    Attributes:
        task: as `tiny()` returned it.
        original: what `tiny()` was called on; its data is never loaded.
    """

    task: Task
    original: Task
    case_name: str = "tiny"
    way_in: str = "data"
    _at: list[Example] = field(default_factory=list)

    @property
    def tasks(self) -> tuple[Task, Task]:
        """The task as given, and its tiny form."""
        return self.original, self.task

    @property
    def configurations(self) -> tuple[Any, Any]:
        """The plug-in as given, and its tiny form."""
        return self.tasks

    @property
    def generated(self) -> bool:
        """Whether what is checked must need no download."""
        return True

    @cached_property
    def folder(self) -> Path:
        """A cache folder of this subject's own, gone when the process ends (data may be read from it until then)."""
        made = Path(tempfile.mkdtemp(prefix="harness-contract-"))
        atexit.register(shutil.rmtree, made, ignore_errors=True)
        return made

    @cached_property
    def data(self) -> TaskData:
        """The prepared and loaded data."""
        self.task.prepare_data()
        return self.task.setup()

    def split(self, name: str) -> list[Example]:
        """All examples of a split."""
        return self._examples[name]

    def each(self, name: str) -> Iterator[Example]:
        """All examples of a split, one at a time; the one at which a check fails is the finding's example."""
        split = getattr(self.data, name)
        for example in (split[i] for i in range(len(split))):  # not all in memory at once
            self._at[:] = [example]
            yield example
        self._at.clear()

    def example(self) -> str:
        """The example at which `each` stands, shortened."""
        return shown(self._at[0]) if self._at else ""

    @cached_property
    def _examples(self) -> dict[str, list[Example]]:
        return {name: examples(getattr(self.data, name)) for name in SPLITS}

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """The subject's own cache folder, and no network, while a check runs."""
        self._at.clear()
        with patch.dict(os.environ, HARNESS_DATA=str(self.folder), HARNESS_OFFLINE="1"):
            yield

    def smaller(self, shortest: int) -> Iterator[TaskSubject]:
        """None: the messages of the task contract name the one example that fails."""
        return iter(())


def subjects(task: Task) -> list[TaskSubject]:
    """The task's tiny form."""
    return [TaskSubject(task.tiny(), task)]


def examples(split: Split) -> list[Example]:
    """All examples of a split, by position."""
    return [split[i] for i in range(len(split))]


def digests(data: TaskData) -> dict[str, list[tuple[str, str]]]:
    """(id, digest of the content) of every example, by split: equal for two equal loads of the data."""
    return {name: [(e.id, content(e)) for e in examples(getattr(data, name))] for name in SPLITS}


def content(example: Example) -> str:
    """A digest of what the example says, without its id."""
    parts = [example.input, example.target, str((example.references, example.source))]
    return hashlib.sha256("|".join(map(digest, parts)).encode()).hexdigest()


def digest(value: object) -> str:
    """A digest of an array or a text: its kind of number, shape and values."""
    if isinstance(value, str):
        return hashlib.sha256(value.encode()).hexdigest()
    array = np.asarray(value if value is not None else -1)
    head = f"{array.shape}{array.dtype.kind}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(array).tobytes()).hexdigest()


def lengths(example: Example) -> tuple[int, int]:
    """(T, U) of an example."""
    target = np.asarray(example.target)
    units = len(target) if target.ndim else 1
    return (len(example.input) if example.input is not None else units), units


def shown(example: Example) -> str:
    """An example for a message, shortened: id, input, target."""
    return f"'{example.id}' (input {_short(example.input)}, target {_short(example.target)})"


def _short(value: object) -> str:
    array = np.asarray(value)
    text = np.array2string(array, threshold=8, edgeitems=3, precision=3) if value is not None else "none"
    text = " ".join(text.split())
    shape = f" of shape {array.shape}" if array.ndim > 1 else ""
    return (text if len(text) <= _SHOWN else text[:_SHOWN] + "…") + shape
