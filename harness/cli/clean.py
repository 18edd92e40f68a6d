"""`harness clean`: free space by removing runs, checkpoints, models and prepared data."""

from __future__ import annotations

import time
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.cleaning.removal import Removal
    from harness.store import RunView, Store


class What(Enum):
    """What can be removed."""

    checkpoints = "checkpoints"
    models = "models"
    runs = "runs"
    data = "data"


class Kept(Enum):
    """Which models stay."""

    best = "best"
    none = "none"


def command(
    what: Annotated[list[What], typer.Argument(metavar="WHAT...", help="checkpoints, models, runs, data.")],
    sweep: Annotated[
        str | None, typer.Option("--sweep", metavar="NAME", help="Only what belongs to runs of this sweep.")
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="WHEN", help="Only what is older: an age (12h, 7d, 4w), or a date (2026-11-01)."
        ),
    ] = None,
    keep: Annotated[
        Kept, typer.Option("--keep", help="Of models: keep the best of each data set on validation data, or none.")
    ] = Kept.best,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Remove finished runs too, which reports rest on.")] = False,
) -> None:
    """Remove what is no longer needed, with sizes: checkpoints, models, runs, or prepared data.

    checkpoints: of runs that do not run now; an interrupted run then begins anew. models: weights and preprocessing of
    finished runs; scores, predictions and reports stay. runs: those that failed or were interrupted, or were only
    planned, with all their records; finished ones only with --force, since the standings of reports rest on them.
    data: what was prepared from data sets, and is prepared again when it is needed. Runs and preparations in progress
    stay, and your own data is never touched.
    """
    from rich.filesize import decimal

    from harness.cli import output

    before = None if older_than is None else _before(older_than)
    found, kept = _found(set(what), sweep, before, keep.value, force)
    for one in found:
        if one.paths or one.run is not None:
            output.say(f"{decimal(one.size):>10}  {one.what}")
    finished = sum(view.status == "finished" for view in kept)
    if finished:
        output.say(f"Finished runs that stay: {finished:,}, since reports rest on them; --force removes them too.")
    total = decimal(sum(one.size for one in found))
    if not found:
        output.say("There is nothing to remove.")
    elif dry_run:
        output.say(f"{total} would be removed; nothing was (--dry-run).")
    else:
        freed, busy = _remove(found)
        output.say(f"{decimal(freed)} removed." + (f" In use, so not removed: {busy:,}." if busy else ""))


def _found(
    what: set[What], sweep: str | None, before: float | None, keep: str, force: bool
) -> tuple[list[Removal], list[RunView]]:
    """What may go, and selected runs that stay."""
    from harness.errors import UserError

    if what == {What.data} and sweep is not None:
        raise UserError("--sweep is of runs, and prepared data belongs to no sweep: leave out one of the two.")
    found: list[Removal] = []
    kept: list[RunView] = []
    if what - {What.data}:
        found, kept = _of_runs(what, sweep, before, keep, force)
    if What.data in what:
        from harness.cleaning.prepared import prepared_data
        from harness.data.cache import cache_dir

        found += prepared_data(cache_dir(), 0.0 if before is None else time.time() - before)
    return found, kept


def _of_runs(
    what: set[What], sweep: str | None, before: float | None, keep: str, force: bool
) -> tuple[list[Removal], list[RunView]]:
    from harness.cleaning.run_files import checkpoints, models
    from harness.cleaning.run_records import whole_runs
    from harness.store import Store, query
    from harness.store.engine import results_folder

    with Store.open(create=False, read_only=True) as store:
        every = query.runs(store)
        chosen = every if sweep is None else query.runs(store, sweep=sweep)
    folders = results_folder() / "runs"
    old = [view for view in chosen if before is None or view.last_event < before]
    found: list[Removal] = []
    kept: list[RunView] = []
    if What.runs in what:
        found, kept = whole_runs(old, every, folders, force)
    gone = {one.run for one in found}
    rest = [view for view in old if view.id not in gone]
    if What.checkpoints in what:
        found += checkpoints(rest, folders)
    if What.models in what:
        found += models(rest, folders, "best" if keep == "best" else "none")
    return found, kept


def _remove(found: Sequence[Removal]) -> tuple[int, int]:
    """Remove; bytes freed, and how many were in use."""
    from contextlib import ExitStack, nullcontext

    from harness.cleaning.removal import remove_files
    from harness.data.locks import held
    from harness.store import Store

    freed = busy = 0
    with ExitStack() as stack:
        needed = any(one.run is not None for one in found)
        store = stack.enter_context(Store.open(create=False)) if needed else None
        for one in found:
            lock = one.lock if one.lock is not None and one.lock.parent.is_dir() else None
            with nullcontext(True) if lock is None else held(lock) as free:
                if free and _forgotten(one, store):
                    remove_files(one)
                    freed += one.size
                else:
                    busy += 1
    return freed, busy


def _forgotten(one: Removal, store: Store | None) -> bool:
    """Remove the records of a run, which go first: a folder without records is harmless."""
    if one.run is None or store is None:
        return True
    from harness.store.remove import remove_run

    return remove_run(store, one.run)


def _before(age: str) -> float:
    """The moment before which something is old, in Unix seconds."""
    from harness.report.selection import since

    return since(age, time.time(), "--older-than")[0]
