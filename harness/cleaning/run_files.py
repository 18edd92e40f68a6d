"""Checkpoints and models in run folders. No report needs them: it is made from the store alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from harness.cleaning.removal import Removal, removal
from harness.store import RunView
from harness.store.states import FINISHED, RUNNING
from harness.training.run_folder import BEST, LAST, LOCK

Keep = Literal["best", "none"]

_MODEL = ("specs.json", "model.safetensors", "preprocessing")  # the first marks a folder as a model, so it goes first


def checkpoints(views: Iterable[RunView], folders: Path) -> list[Removal]:
    """The checkpoints of runs that do not run now; such a run begins anew when it is run again.

    Args:
        views: runs.
        folders: where run folders are, named by key.
    """
    found = []
    for view in views:
        if view.status != RUNNING:
            folder = folders / view.key
            paths = [folder / name for name in (LAST, BEST)]
            found.append(removal(f"checkpoints of {named(view)}, {view.status}", paths, folder / LOCK))
    return [one for one in found if one.paths]


def models(views: Sequence[RunView], folders: Path, keep: Keep) -> list[Removal]:
    """The trained models of finished runs.

    Args:
        views: runs.
        folders: where run folders are, named by key.
        keep: "best": those that are best on validation data on their task's data, one for each data set, stay.
    """
    finished = [view for view in views if view.status == FINISHED and view.kind != "baseline"]
    kept = _best(finished) if keep == "best" else set()
    found = [
        removal(f"model of {named(view)}", [folders / view.key / name for name in _MODEL], folders / view.key / LOCK)
        for view in finished
        if view.key not in kept
    ]
    return [one for one in found if one.paths]


def named(view: RunView) -> str:
    """A run in a few words."""
    return f"{view.key[:12]}, {view.task} × {view.model}, seed {view.seed}"


def _best(views: Iterable[RunView]) -> set[str]:
    """Keys of the best runs of each data set on validation data."""
    best: dict[tuple[str, str], RunView] = {}
    for view in sorted(views, key=lambda view: view.validation_rank):
        best.setdefault((view.task, view.dataset), view)
    return {view.key for view in best.values()}
