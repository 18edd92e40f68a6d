"""A data set under its task, loaded once: what a clause of the data set contract is checked on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from harness.contract.dataset import Dataset, RawData
from harness.contract.dataset_task import DatasetTask
from harness.testing.task_subject import TaskSubject


@dataclass(frozen=True, eq=False)
class DatasetSubject(TaskSubject):
    """A data set to check: in its tiny form, or with its real files.

    Attributes:
        task: its task over the data set that is checked.
        original: the task over the data set as it was given.
        real: whether the files themselves are checked, with the user's cache and network.
    """

    real: bool = False

    @property
    def dataset(self) -> Dataset:
        """The one that is checked."""
        return cast(DatasetTask, self.task).dataset

    @property
    def configurations(self) -> tuple[Any, Any]:
        """The data set as given, and the one that is checked."""
        return cast(DatasetTask, self.original).dataset, self.dataset

    @property
    def generated(self) -> bool:
        """Real files come from where they are."""
        return not self.real

    @cached_property
    def raw(self) -> RawData:
        """The prepared raw splits."""
        self.dataset.prepare()
        return self.dataset.read()

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """For a tiny form a cache folder of its own and no network; real files are where they are."""
        if self.real:
            self._at.clear()
            yield
            return
        with super().surroundings():
            yield


def subjects(dataset: Dataset) -> list[DatasetSubject]:
    """The data set's tiny form, under its task's."""
    task = _task(dataset)
    return [DatasetSubject(task.tiny(), task)]


def real_subjects(dataset: Dataset) -> list[DatasetSubject]:
    """The data set itself, under its task with default options."""
    task = _task(dataset)
    return [DatasetSubject(task, task, case_name="real", real=True)]


def _task(dataset: Dataset) -> DatasetTask:
    from harness.registry.discovery import load_task

    name = getattr(dataset, "task", None)
    assert isinstance(name, str), f"class {type(dataset).__name__} lacks the class variable 'task'"
    task = load_task(name)
    assert issubclass(task, DatasetTask), f"task '{name}' brings its data itself; no data set can be added to it"
    base = task.dataset_type
    assert isinstance(dataset, base), (
        f"class {type(dataset).__name__} does not derive from {base.__module__}.{base.__name__}, the base class of "
        f"data sets for task '{name}'"
    )
    return task(dataset=dataset)
