"""The recommended model of a task, under limits on its cost: what the report's first page says, as a run to load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.errors import UserError
from harness.report.standing.recommend import CostLimits

if TYPE_CHECKING:
    from harness.report.comparisons import Comparison
    from harness.report.load import ReportData
    from harness.store import RunView, Store


@dataclass(frozen=True)
class BestRun:
    """The run of a recommendation.

    Attributes:
        key: of the run.
        said: which one it is and why, in sentences.
    """

    key: str
    said: tuple[str, ...]


def best_run(store: Store, task: str, limits: CostLimits, dataset: str | None = None) -> BestRun:
    """The run to use for a task: of the recommended model, the seed that is best in validation.

    Args:
        store: open.
        task: name of the task.
        limits: the most that a model may cost.
        dataset: label of the data set, where the task was run on several.

    Raises:
        UnknownNameError: no run has such a task, or none of the task such a data set.
        UserError: no model keeps the limits, or runs were made under different conditions; says which.
        StoreError: there are no runs.
    """
    from harness.report.load import RunSelection, load

    data = load(store, selection=RunSelection(tasks=(task,)))
    found = _chosen(store, data, limits, dataset)
    if len(found) > 1:
        several = len({one.conditions.dataset for one, _, _ in found}) > 1
        raise UserError(
            f"Runs of {task} were made under {len(found)} sets of conditions, so no one of them is the best. Name "
            f"{'a data set (TASK:DATASET) or ' if several else ''}one of these runs: "
            f"{'; '.join(f'{_heading(one, data)}: {run.key[:12]}' for one, run, _ in found)}."
        )
    ((_, run, said),) = found
    return BestRun(run.key, said)


def _chosen(
    store: Store, data: ReportData, limits: CostLimits, dataset: str | None
) -> list[tuple[Comparison, RunView, tuple[str, ...]]]:
    """The recommended run of every comparison that has one.

    Raises:
        UserError: none has.
    """
    from harness.errors import UnknownNameError
    from harness.report.costs import costs_of
    from harness.report.standing import judge
    from harness.report.standing.recommend import recommend

    labels = {one.conditions.dataset for one in data.comparisons}
    if dataset is not None and dataset not in labels:
        raise UnknownNameError("data set", dataset, labels, "the runs of this task")
    found, why = [], dict[str, str]()
    for comparison in data.comparisons:
        if dataset not in (None, comparison.conditions.dataset):
            continue
        given = recommend(judge(store, comparison), costs_of(comparison), limits)
        why |= given.excluded or {}
        if given.model is None:
            continue
        (entry,) = (one for one in comparison.entries if one.label == given.model)
        run = min(entry.finished, key=lambda view: view.validation_rank)
        others = f"; within noise of it: {', '.join(given.within_noise)}" if given.within_noise else ""
        said = [
            f"{given.model}, seed {run.seed}, run {run.key[:12]}: recommended for {comparison.conditions.dataset} with "
            f"{limits.words}{others}."
        ]
        if given.below is not None:
            said.append(f"The baseline '{given.below.removeprefix('baseline:')}' is at least as good.")
        found.append((comparison, run, tuple(said)))
    if not found:
        reasons = "; ".join(f"{label}: {reason}" for label, reason in why.items()) or "no run is finished"
        raise UserError(f"No model can be recommended for {data.selection.tasks[0]} with {limits.words} ({reasons}).")
    return found


def _heading(comparison: Comparison, data: ReportData) -> str:
    from harness.report.outline import machine_names
    from harness.report.overview import heading

    return heading(comparison, data, machine_names(data))
