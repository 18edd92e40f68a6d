"""The divisions of a report: its tasks, each with a name for its page, and its machines."""

from __future__ import annotations

from collections.abc import Sequence

from harness.report import formatting as fmt
from harness.report import overview
from harness.report.contents import PageSection
from harness.report.load import ReportData

_LONGEST_NAME = 60  # characters of a file's name


def machine_names(data: ReportData) -> dict[str, str]:
    """The name of every environment in the report, by its hash."""
    return {h: f"machine {chr(65 + i)}" if i < 26 else f"machine {i + 1}" for i, h in enumerate(data.environments)}


def empty_sections(data: ReportData) -> list[PageSection]:
    """An empty section for each task, with its name and title."""
    return [PageSection(name, overview.title(task, data), task, []) for task, name in _names(data.tasks).items()]


def _names(tasks: Sequence[str]) -> dict[str, str]:
    """A name for each task's ids and files: short, plain letters, unique."""
    names: dict[str, str] = {}
    for task in tasks:
        slug = fmt.slug(task)[:_LONGEST_NAME] or "task"
        taken = set(names.values())
        names[task] = next(n for n in (slug, *(f"{slug}--{i}" for i in range(2, len(tasks) + 2))) if n not in taken)
    return names
