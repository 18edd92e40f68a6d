"""What the runs of one comparison can show: tests between models over seeds, and over test examples."""

from __future__ import annotations

from harness.report.load import Comparison
from harness.report.panels import Panel
from harness.store import Store


def panels(store: Store, comparison: Comparison, name: str) -> list[Panel]:
    """The tests between all pairs of models; none where there is nothing to compare.

    Args:
        store: open, for test examples.
        comparison: runs under equal conditions.
        name: begins the names of panels, tables and figures.
    """
    return []
