"""Where a model is good and where not: scores by the length of an example, by class, by horizon."""

from __future__ import annotations

from collections.abc import Mapping

from harness.report.load import Comparison
from harness.report.panels import Panel
from harness.store import Store


def panels(store: Store, comparison: Comparison, name: str, colours: Mapping[str, int]) -> list[Panel]:
    """Scores of parts of the test split; none where the task's statistics say nothing of parts.

    Args:
        store: open, for test examples.
        comparison: runs under equal conditions.
        name: begins the names of panels, tables and figures.
        colours: the number of each label's colour, the same throughout a report.
    """
    return []
