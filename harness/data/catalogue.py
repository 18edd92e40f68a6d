"""The data sets of tasks as a list: what `harness data list`, `fetch` and `verify` work on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.data.sources import Source

if TYPE_CHECKING:
    from harness.contract.task import Task


@dataclass(frozen=True)
class DatasetEntry:
    """One source of one or more tasks.

    Attributes:
        name: as users type it.
        tasks: names of the tasks that read it.
        dataset: the data set's name in reports ("interface_strings.en-de").
        kind: "wheel", "url", "folder" or "generated".
        licence, origin, description: for people.
        synthetic: generated rather than recorded.
        cached: whether using it needs no network.
    """

    name: str
    tasks: tuple[str, ...]
    dataset: str
    kind: str
    licence: str
    origin: str
    description: str
    synthetic: bool
    cached: bool


def sources_by_name(tasks: Iterable[Task]) -> dict[str, Source]:
    """Every source of the given task configurations, once."""
    return {source.name: source for task in tasks for source in task.sources()}


def entries(tasks: Iterable[Task]) -> list[DatasetEntry]:
    """What the given task configurations read, sorted by name. Fetches nothing."""
    tasks = list(tasks)
    found = []
    for name, source in sorted(sources_by_name(tasks).items()):
        readers = [task for task in tasks if any(s.name == name for s in task.sources())]
        found.append(
            DatasetEntry(
                name=name,
                tasks=tuple(sorted({task.name for task in readers})),
                dataset=readers[0].dataset_name,
                kind=source.kind,
                licence=source.licence,
                origin=source.origin,
                description=source.description,
                synthetic=source.synthetic,
                cached=source.cached(),
            )
        )
    return found
