"""Quality against what it costs: training time, parameters, and the models that nothing beats in both."""

from __future__ import annotations

from collections.abc import Mapping

from harness.report.load import Comparison
from harness.report.panels import Panel


def panels(comparison: Comparison, name: str, colours: Mapping[str, int]) -> list[Panel]:
    """Quality against training time and against parameters; none with fewer than two models.

    Args:
        comparison: runs under equal conditions.
        name: begins the names of panels, tables and figures.
        colours: the number of each label's colour, the same throughout a report.
    """
    return []
