"""The data set contract: where a task's examples come from, split, and as a person would write them.

A task is a question with its metrics; a data set brings what is asked about. Anyone can add one to an installed task,
under the entry point "dataset.TASK.NAME". It is a dataclass whose fields are its options: they stand among the task's
on the command line, as in `task.dataset=NAME task.FIELD=VALUE`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from harness.contract.raw import RawData, RawExample

if TYPE_CHECKING:
    from harness.contract.source import Source
    from harness.contract.task import Baseline, Reference

__all__ = ["Dataset", "RawData", "RawExample"]


@dataclass
class Dataset(ABC):
    """Base of every data set; derive from the base class that the task names in `dataset_type`.

    Class variables:
        task: name of the task that it is for.
        name: what users type after "task.dataset="; the entry point is "dataset.TASK.NAME".
        version: of the preparation; raised with any change of the examples.
        raw_input, raw_target: types of the parts of a `RawExample`; the task's base class sets them.
        defaults: values of the task's own options on this data ({"lowercase": True}), where the user sets none.
        tried: whether an original copy of the data was ever read with it; False: only its published layout, made small.
    """

    task: ClassVar[str]
    name: ClassVar[str]
    version: ClassVar[str] = "1"
    raw_input: ClassVar[type] = object
    raw_target: ClassVar[type] = object
    defaults: ClassVar[Mapping[str, Any]] = {}
    tried: ClassVar[bool] = True

    @property
    def label(self) -> str:
        """Name of this configuration in reports and references ("multi30k.de-en")."""
        return self.name

    @property
    def references(self) -> tuple[Reference, ...]:
        """Published figures, each with its source; a class variable will do."""
        return ()

    @property
    def synthetic(self) -> bool:
        """Whether the data is generated: every source is."""
        return all(source.synthetic for source in self.sources())

    @abstractmethod
    def sources(self) -> tuple[Source, ...]:
        """Files in wheels, at URLs or in the user's folder, with licence and checksum; or a generator."""

    def fingerprint(self) -> str:
        """Hex digest of the version, the options (but folders) and the content of the sources; reads no data."""
        options = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        kept = {name: value for name, value in options.items() if not isinstance(value, Path)}
        parts = [self.task, self.name, self.version, kept, [source.fingerprint() for source in self.sources()]]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=_plain).encode()).hexdigest()

    def prepare(self) -> None:
        """Fetch the sources, and build once what reading needs; safe to call twice and in two processes at once.

        Raises:
            DataError: the data is missing, corrupt or out of reach.
        """
        for source in self.sources():
            source.fetch()

    @abstractmethod
    def read(self) -> RawData:
        """The prepared splits, the same at every call.

        Raises:
            DataError: as for `prepare`.
        """

    @abstractmethod
    def tiny(self) -> Dataset:
        """A generated data set of the same kind, of some dozens of examples, for tests; needs no download."""

    def baselines(self) -> tuple[Baseline, ...]:
        """Predictors of this data set's own, beside those of the task."""
        return ()


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else str(value)
