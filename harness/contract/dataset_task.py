"""A task that is open to data sets: the question stays, `task.dataset=NAME` says where its examples come from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from harness.contract.dataset import Dataset
from harness.contract.raw import RawExample
from harness.contract.task import Baseline, Reference, Task

if TYPE_CHECKING:
    from harness.contract.source import Source


def _unnamed() -> Dataset:
    raise TypeError("a DatasetTask names its default: dataset: Dataset = field(default_factory=...)")


@dataclass
class DatasetTask(Task):
    """Base of a task whose examples come from data sets, which other packages may add to.

    Class variables:
        dataset_type: base class of its data sets; says in its docstring what their raw examples hold.

    Fields:
        dataset: the data set; a subclass gives it a default. On the command line `task.dataset` is its name, and the
            data set's own fields stand beside the task's, so no name may occur in both.
    """

    dataset_type: ClassVar[type]

    dataset: Dataset = field(default_factory=_unnamed)

    @property
    def dataset_name(self) -> str:
        """The data set's label."""
        return self.dataset.label

    @property
    def synthetic(self) -> bool:
        """Whether the data set is generated."""
        return self.dataset.synthetic

    @property
    def references(self) -> tuple[Reference, ...]:
        """The figures published for the data set."""
        return self.dataset.references

    def sources(self) -> tuple[Source, ...]:
        """The data set's."""
        return self.dataset.sources()

    def data_fingerprint(self) -> str:
        """Hex digest of the task's version and the data set's fingerprint."""
        parts = [self.name, self.version, self.dataset.fingerprint()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def prepare_data(self) -> None:
        """Prepare the data set. A task that fits and keeps something of its own extends this.

        Raises:
            DataError: as for `Dataset.prepare`.
        """
        self.dataset.prepare()

    def raw_examples(self, split: str) -> Sequence[RawExample]:
        """Those of the data set.

        Raises:
            DataError: as for `Dataset.read`.
        """
        found: Sequence[RawExample] = getattr(self.dataset.read(), split)
        return found

    def baselines(self) -> tuple[Baseline, ...]:
        """The data set's own; a task adds its to them."""
        return self.dataset.baselines()

    def on_this_data(self, option: str, otherwise: Any) -> Any:
        """The value of one of the task's options: as set, else the data set's default for it, else `otherwise`."""
        value = getattr(self, option)
        return self.dataset.defaults.get(option, otherwise) if value is None else value
