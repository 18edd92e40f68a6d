"""The contents of a report: its parts as plain data, in order. The templates only lay them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.report import run_lists
from harness.report.panels import Panel
from harness.report.published_claims.page import ClaimSection
from harness.report.reproduction.page import Reproduction
from harness.report.tables import Table

if TYPE_CHECKING:
    from harness.report import figures
    from harness.report.decisions import Decision
    from harness.report.standing import Judgement


@dataclass(frozen=True)
class LimitField:
    """A cost that can be limited on the first page.

    Attributes:
        name: of the cost; title: in words; unit: of the box, whose value times `scale` is the cost's own.
        steps: of the slider, in the cost's own unit; words: what each is called.
    """

    name: str
    title: str
    unit: str
    scale: float
    steps: tuple[float, ...]
    words: tuple[str, ...]


@dataclass
class Block:
    """One comparison on the page: runs under equal conditions."""

    name: str
    heading: str
    facts: list[tuple[str, str]]
    notes: list[tuple[str, str]]
    table: Table
    verdict: str
    synthetic: bool
    limited: str
    panels: list[Panel] = field(default_factory=list)
    examples: list[Table] = field(default_factory=list)
    samples: list[Table] = field(default_factory=list)
    confusions: list[Table] = field(default_factory=list)
    phases: Table | None = None
    details: Table | None = None
    runs: Table | None = None
    signatures: list[tuple[str, str]] = field(default_factory=list)
    decision: Decision | None = None


@dataclass
class PageSection:
    """A task: its page is tasks/NAME.html."""

    name: str
    title: str
    task: str
    blocks: list[Block]
    axes: list[LimitField] = field(default_factory=list)


@dataclass
class Report:
    """Everything on the pages.

    Attributes:
        machines: the name of each environment, by hash.
        links: to the pages of the runs, by key.
        decisions: what to use, one per comparison; axes: the costs that can be limited.
        runs: every run, for the page of runs; None without runs.
        reproduction: published figures beside ours; None if the runs declare none.
        claims: of the literature, which the runs decide; empty if they were planned for none.
        stores: those that were merged; None for a single one.
        judgements: of the comparisons, in their order.
    """

    title: str
    lead: list[str]
    counts: list[tuple[str, int, str]]
    summary: Table
    decisions: list[Decision]
    axes: list[LimitField]
    warnings: list[str]
    across: list[Panel]
    sections: list[PageSection]
    failures: Table | None
    environments: list[Table]
    commands: list[tuple[str, str]]
    store_id: str
    machines: dict[str, str]
    links: dict[str, run_lists.Link]
    runs: Table | None
    reproduction: Reproduction | None = None
    claims: list[ClaimSection] = field(default_factory=list)
    stores: Table | None = None
    judgements: list[Judgement] = field(default_factory=list)

    def tables(self) -> list[Table]:
        """Every table to be written as a file, except the list of all runs."""
        found = [
            self.summary,
            *(d.usual for d in self.decisions if d.usual),
            *([self.failures] if self.failures else []),
            *self.environments,
        ]
        found += [self.reproduction.table] if self.reproduction else []
        found += [one.table for one in self.claims]
        found += [self.stores] if self.stores else []
        found += [t for p in self.across for t in p.tables]
        for block in (b for s in self.sections for b in s.blocks):
            found += [t for p in block.panels for t in p.tables]
            found += [block.table, *block.examples, *block.samples, *block.confusions]
            found += [t for t in (block.phases, block.details, block.runs) if t]
        return found

    def figures(self) -> list[figures.Figure]:
        """Every figure to be written as SVG and PNG."""
        panels = [*self.across, *(p for s in self.sections for b in s.blocks for p in b.panels)]
        return [f for p in panels for f in p.every_figure]
