"""A panel: a heading with sentences, figures and tables under it; one part of a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.report.tables import Table

if TYPE_CHECKING:
    from harness.report.figures import Figure


@dataclass
class Panel:
    """One part of the page.

    Attributes:
        name: its id on the page; letters, digits and hyphens, unique in the report.
        title: its heading.
        text: sentences above the rest, a paragraph each.
        figures, tables: in their order; figures come first.
        folded: whether the reader must open it.
    """

    name: str
    title: str
    text: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    folded: bool = False
