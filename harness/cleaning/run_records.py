"""Whole runs: their records in the store and their folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.cleaning.removal import Removal, removal
from harness.cleaning.run_files import named
from harness.store import RunView
from harness.store.states import FINISHED, RUNNING
from harness.training.run_folder import LOCK


def whole_runs(
    chosen: Sequence[RunView], every: Sequence[RunView], folders: Path, force: bool
) -> tuple[list[Removal], list[RunView]]:
    """Runs with their folders, and those that stay although they were chosen.

    A finished run stays unless forced, because the standings of reports rest on it; a run that runs now always stays.
    A folder stays as long as the run is in the store with another environment.

    Args:
        chosen: runs.
        every: all runs of the store.
        folders: where run folders are, named by key.
        force: remove finished runs too.
    """
    going = [view for view in chosen if view.status != RUNNING and (force or view.status != FINISHED)]
    ids = {view.id for view in going}
    kept = {view.key for view in every if view.id not in ids}
    found = []
    for view in going:
        folder = folders / view.key
        found.append(
            removal(f"run {named(view)}, {view.status}", [] if view.key in kept else [folder], folder / LOCK, view.id)
        )
    return found, [view for view in chosen if view.id not in ids]
