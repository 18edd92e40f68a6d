"""A panel: a heading with sentences, figures and tables under it; and what the function that makes panels is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.report.tables import Table

if TYPE_CHECKING:
    from harness.report.figures import Figure
    from harness.report.load import Comparison
    from harness.report.standing import Judgement
    from harness.store import Store

MOST_CHOICES = 8
"""Maximum number of figures in a `FigureChoice`: the style sheet has a rule for each."""


@dataclass(frozen=True)
class FigureChoice:
    """Figures of which the page shows one at a time, chosen by radio buttons; on paper all of them are shown.

    Attributes:
        name: id of the group on the page; letters, digits and hyphens, unique in the report.
        legend: what is chosen.
        figures: by the text of their button, at most `MOST_CHOICES`; the first is shown at the beginning.
    """

    name: str
    legend: str
    figures: Mapping[str, Figure]

    def __post_init__(self) -> None:
        if not 1 <= len(self.figures) <= MOST_CHOICES:
            raise ValueError(f"a choice has 1 to {MOST_CHOICES} figures, not {len(self.figures)}")


@dataclass
class Panel:
    """One part of a page.

    Attributes:
        name: its id on the page; letters, digits, "-" and "_", unique in the report.
        title: its heading.
        text: sentences above the rest, a paragraph each.
        figures, tables: in their order; figures come first.
        folded: whether the reader must open it.
        choices: figures that are shown one at a time; before the others.
        place: panels of a task's page are ordered by it, those below 20 above the table of results. The built-in ones
            have 10 (every seed) to 80; 100 is after them.
    """

    name: str
    title: str
    text: list[str] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    folded: bool = False
    choices: list[FigureChoice] = field(default_factory=list)
    place: int = 100

    @property
    def every_figure(self) -> list[Figure]:
        """All figures in reading order, with those of the choices."""
        return [*(f for choice in self.choices for f in choice.figures.values()), *self.figures]


@dataclass(frozen=True)
class PanelContext:
    """What a panel is made from: one comparison, on the page of its task.

    Attributes:
        store: open, for what is not in the comparison, such as curves and test examples; only read it.
        comparison: the runs of one task under equal conditions.
        judgement: of the comparison: who is best or may be, who is unstable, differences from the best mean.
        name: the names of all panels, figures and tables must begin with it.
        colours: colour number of each model's label, the same throughout a report.
    """

    store: Store
    comparison: Comparison
    judgement: Judgement
    name: str
    colours: Mapping[str, int]

    @classmethod
    def judged(cls, store: Store, comparison: Comparison, name: str, colours: Mapping[str, int]) -> PanelContext:
        """A context as the report makes it; for tests of a panel."""
        from harness.report.standing import judge

        return cls(store, comparison, judge(store, comparison), name, colours)


PanelMaker = Callable[[PanelContext], list[Panel]]
"""Makes the panels of a comparison; returns an empty list where it has nothing to show."""
