"""Loading from the store: the runs a report shows, grouped by equal conditions.

Runs are compared only under equal conditions (`Conditions`): the data and its version, the metric, the budget, the
precision, how many examples were used, what a record means, and the environment. Every set of conditions of a task is
a `Comparison` of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from harness.errors import StoreError
from harness.report.comparisons import Comparison, Entry, compare, one_line
from harness.report.conditions import Conditions, conditions_of, flatten
from harness.report.selection import RunSelection
from harness.report.tables import Table
from harness.store import Store, query
from harness.store.query import RunView
from harness.store.records import EnvironmentRecord

__all__ = [
    "Comparison", "Conditions", "Entry", "ReportData", "RunSelection", "conditions_of", "flatten", "load", "one_line",
]  # fmt: skip


@dataclass
class ReportData:
    """Everything a report shows.

    Attributes:
        sweep: the one asked for; None: all.
        store_id: of the store, or of the first of several.
        runs: those chosen.
        models: labels of entries, in the order in which they were planned.
        selection: what was asked for.
        stores: what came from which store, one phrase each; empty for a single store.
        trials: how many trials of searches are left out, since they were not scored on test data.
        store_table: the stores in detail, for a page of their own; None for a single store.
    """

    sweep: str | None
    store_id: str
    runs: list[RunView]
    comparisons: list[Comparison]
    environments: dict[str, EnvironmentRecord]
    models: list[str]
    selection: RunSelection = field(default_factory=RunSelection)
    stores: list[str] = field(default_factory=list)
    trials: int = 0
    store_table: Table | None = None

    @property
    def tasks(self) -> list[str]:
        """Task names in the order in which they were planned."""
        return list(dict.fromkeys(c.task for c in self.comparisons))

    def count(self, *states: str) -> int:
        """How many runs are in one of these states."""
        return sum(r.status in states for r in self.runs)


def load(
    store: Store,
    sweep: str | None = None,
    selection: RunSelection | None = None,
    *,
    stores: Sequence[str] = (),
    store_id: str | None = None,
) -> ReportData:
    """Read runs and group them. Trials of searches, scored on validation data, are included only with their sweep.

    Args:
        store: open.
        sweep: only its runs.
        selection: further selection; its sweep applies if `sweep` is None.
        stores: what this store was joined from (`joined.joined`); `store_id`: of the first of them.

    Raises:
        UnknownNameError: no such sweep, task or model.
        StoreError: there is nothing to report.
    """
    chosen = selection or RunSelection()
    chosen = chosen if sweep is None else replace(chosen, sweep=sweep)
    where = f"the results store {store.url}" if not stores else "these stores"
    runs = chosen.of(query.runs(store, sweep=chosen.sweep), where)
    if not runs:
        holds = "These results stores hold" if stores else f"The results store {store.url} holds"
        raise StoreError(f"{holds} no runs yet. Start with: harness sweep experiment=quickstart")
    trials = [r for r in runs if _is_trial(r)] if chosen.sweep is None else []
    if 0 < len(trials) < len(runs):
        runs = [r for r in runs if not _is_trial(r)]
    else:
        trials = []
    known = query.environments(store)
    used = {r.environment for r in runs if r.environment}
    comparisons = compare(runs)
    labels = [e.label for c in comparisons for e in c.entries]
    return ReportData(
        sweep=chosen.sweep,
        store_id=store_id or store.store_id,
        runs=runs,
        comparisons=comparisons,
        environments={h: e for h, e in known.items() if h in used},
        models=list(dict.fromkeys(labels)),
        selection=chosen,
        stores=list(stores),
        trials=len(trials),
    )


def _is_trial(run: RunView) -> bool:
    trainer = run.config.get("trainer")
    return isinstance(trainer, dict) and trainer.get("final_split") == "val"
