"""`run_until_decided` runs a sweep in stages: the first seeds, then more where the report could not decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.report import formatting as fmt
from harness.report.statistics import LEVEL
from harness.report.wording import listed
from harness.store import Store
from harness.sweeping.findings import LookFinding, findings
from harness.sweeping.looks import SeedPlan
from harness.sweeping.planning import PlannedRun
from harness.sweeping.sweep import SweepResult

RunCells = Callable[[list[PlannedRun]], SweepResult]
"""Runs the cells of one stage and records them."""


def run_until_decided(
    planned: Sequence[PlannedRun], plan: SeedPlan, store: Store, run_cells: RunCells, say: Callable[[str], None]
) -> SweepResult:
    """Run the cells of the first seeds, and further ones for comparisons that are undecided, as far as the plan goes.

    A look judges only the seeds that were planned up to it. So a repeated call decides the same from the same results,
    which is how an interrupted one continues.

    Args:
        planned: all cells of all looks.
        plan: the looks.
        store: where the cells are recorded.
        run_cells: runs the cells of one stage.
        say: receives one line for each look and comparison.

    Returns:
        What was done in all stages; `planned` holds the cells of the stages that were reached.
    """
    cells, comparisons = plan.first(planned), 0
    baselines = {run.plan.key for run in cells if run.baseline}
    judged = {run.plan.key for run in cells}
    whole = SweepResult(cells[0].plan.sweep, [])
    say(f"{plan_words(plan)}.")
    for look in range(len(plan.looks)):
        result = run_cells(cells)
        whole.planned += result.planned
        whole.outcomes |= result.outcomes
        whole.elsewhere += result.elsewhere
        found = findings(store, whole.name, judged, result.environment, comparisons)
        comparisons = comparisons or len(found)
        for finding in found:
            which = f"Look {look + 1} of {len(plan.looks)} ({plan.looks[look]} seeds)"
            say(f"{which}, {finding.name}: {_line(plan, planned, look, finding)}.")
        undecided = {key for finding in found if finding.state == "undecided" for key in finding.keys}
        cells = plan.further(planned, look + 1, undecided)
        if not cells:
            break
        judged = undecided | baselines | {run.plan.key for run in cells}
    return whole


def plan_words(plan: SeedPlan) -> str:
    """When the results are looked at, and at which level."""
    if len(plan.looks) == 1:
        return f"Results are looked at once, after {plan.looks[0]} seeds"
    after = listed([str(seeds) for seeds in plan.looks])
    return f"Results are looked at after {after} seeds, each time at a level of {LEVEL / len(plan.looks):.2g}"


def _line(plan: SeedPlan, planned: Sequence[PlannedRun], look: int, finding: LookFinding) -> str:
    """What was found, and what is done about it."""
    said = finding.words
    if finding.state != "undecided":
        return said
    if look == len(plan.looks) - 1:
        return f"{said}; this was the last look"
    seeds, cells = plan.seeds(look + 1), plan.further(planned, look + 1, finding.keys)
    if not cells:
        return f"{said}; its settings change with the seed, so no seeds are added"
    numbers = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]}-{seeds[-1]}"
    return f"{said}; running {numbers} of {fmt.plural(len(cells) // len(seeds), 'model')}"
