"""Derives tuned defaults from the trials of a search: the best of each task and model on validation data.

The table goes to conf/tuned/; a run takes its cell's values as defaults, and the report prints trials and hours.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from harness.errors import UserError
from harness.store.query import RunView


def tuned_table(runs: Sequence[RunView]) -> dict[str, dict[str, dict[str, Any]]]:
    """task -> model -> {"optimizer": {"lr", "clip"}, "model": {"dropout"}, "trials", "hours"}.

    Args:
        runs: the finished runs of a search. All runs of a cell are compared with each other, so callers must see that
            their data, budgets and seeds are equal.

    Raises:
        UserError: there is no finished trial, or one used test data.
    """
    cells: defaultdict[tuple[str, str], list[RunView]] = defaultdict(list)
    for run in runs:
        if run.status != "finished" or run.summary is None or run.kind != "model":
            continue
        if run.summary.split != "val":
            raise UserError(
                f"Run {run.key[:12]} of sweep '{run.sweep}' used test data; defaults are chosen on validation "
                "data alone. Search with trainer.final_split=val, as experiment=tuning does."
            )
        cells[run.task, run.model].append(run)
    if not cells:
        raise UserError("The sweep holds no finished trial to choose from; see 'harness list runs'.")
    table: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (task, model), trials in cells.items():
        best = min(trials, key=lambda run: run.validation_rank)
        entry: dict[str, Any] = {"optimizer": {name: best.config["optimizer"][name] for name in ("lr", "clip")}}
        if "dropout" in best.config["model"]:
            entry["model"] = {"dropout": best.config["model"]["dropout"]}
        entry["trials"] = len(trials)
        entry["hours"] = round(sum(t.summary.total_s for t in trials if t.summary) / 3600, 3)
        table[task][model] = entry
    return dict(table)
