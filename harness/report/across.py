"""All tasks together: ranks, normalised scores, performance profiles, critical differences."""

from __future__ import annotations

from collections.abc import Mapping

from harness.report.load import ReportData
from harness.report.panels import Panel


def panels(data: ReportData, headings: list[str], colours: Mapping[str, int]) -> list[Panel]:
    """Comparisons of models over several tasks; none with fewer than two comparisons or two models.

    Args:
        data: what was loaded.
        headings: of `data.comparisons`, one each.
        colours: the number of each label's colour, the same throughout a report.
    """
    return []
