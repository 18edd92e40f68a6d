"""`harness list`: plug-ins, data sets, runs and sweeps. Plug-ins are listed without importing them."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from harness.store import RunView

app = typer.Typer(
    help="List tasks, models, targets, panels, datasets, runs or sweeps.", no_args_is_help=True, rich_markup_mode=None
)

_OPTION = re.compile(r"\((task\.\w+)\)")

Json = Annotated[bool, typer.Option("--json", help="Print an array of objects.")]


@app.command("tasks")
def tasks(json: Json = False) -> None:
    """Tasks that are installed."""
    _plugins("task", json)


@app.command("models")
def models(json: Json = False) -> None:
    """Models that are installed."""
    _plugins("model", json)


@app.command("targets")
def targets(json: Json = False) -> None:
    """Kinds of targets that tasks can have."""
    _plugins("target", json)


@app.command("panels")
def panels(json: Json = False) -> None:
    """Parts of the report, built in and added by packages."""
    from harness.cli import output
    from harness.registry.discovery import list_plugins

    found = list_plugins("panel")
    keys = ("name", "description", "distribution", "version", "problem")
    if json:
        output.as_json([{key: getattr(info, key) for key in keys} for info in found])
        return
    rows = [(info.name, info.description, f"{info.distribution} {info.version}") for info in found]
    output.table(("name", "description", "distribution"), rows, empty="no panels are installed")
    _warn([f"{info.label}: {info.problem}" for info in found if info.problem])


@app.command("datasets")
def datasets(json: Json = False) -> None:
    """Data sets of the installed tasks: what each needs, and whether it was tried on an original.

    Data that pip fetches or that is generated needs nothing. Other data is your own copy of a standard data set in its
    published layout, or data of your own in the layout that is described: task.root=PATH says where. Of standard data
    sets that were never tried on an original, the published layout was.
    """
    from harness.cli import output
    from harness.cli.contracts import recorded
    from harness.cli.datasets import all_datasets

    found, problems = all_datasets()
    status, unread = recorded()
    found = [entry | {"contract": status(entry.pop("plugin"))} for entry in found]
    problems += [unread] if unread else []
    if json:
        output.as_json(found)
    else:
        for task in dict.fromkeys(entry["task"] for entry in found):
            rows = [_dataset_row(entry) for entry in found if entry["task"] == task]
            output.table(("name", "needs", "original", "contract", "what it is; licence"), rows, title=task)
        if not found:
            output.say("no data sets")
    _warn(problems)


@app.command("runs")
def runs(
    json: Json = False,
    sweep: Annotated[str | None, typer.Option(help="Only runs of this sweep.")] = None,
    task: Annotated[str | None, typer.Option(help="Only runs of this task.")] = None,
    model: Annotated[str | None, typer.Option(help="Only runs of this model.")] = None,
    status: Annotated[str | None, typer.Option(help="Only runs in this state.")] = None,
) -> None:
    """Runs in the results store."""
    from harness.cli import output
    from harness.cli.results import primary_figure, timed
    from harness.store import Store, query

    with Store.open(create=False) as store:
        views = query.runs(store, sweep=sweep, task=task, model=model, status=status, brief=json)
    if json:
        output.as_json([query.run_as_json(view) for view in views])
        return
    rows = [
        (
            view.key[:12],
            view.sweep,
            view.task,
            view.model,
            view.seed,
            view.status,
            primary_figure(view),
            "" if view.summary is None else timed(view.summary, f"{view.summary.train_s:.0f} s"),
        )
        for view in views
    ]
    columns = ("key", "sweep", "task", "model", "seed", "status", "primary metric", "training time")
    output.table(columns, rows, empty="no runs")
    hint = _alike(views)
    if hint and sys.stdout.isatty():
        print(hint)


@app.command("sweeps")
def sweeps(json: Json = False) -> None:
    """Sweeps in the results store, with how many runs are in which state."""
    from harness.cli import output
    from harness.store import Store, query

    with Store.open(create=False) as store:
        found = query.sweeps(store)
    if json:
        output.as_json([{"name": sweep.name, "cells": sweep.cells, "states": sweep.states} for sweep in found])
        return
    rows = [(s.name, s.cells, ", ".join(f"{n} {state}" for state, n in s.states.items())) for s in found]
    output.table(("name", "cells", "states"), rows, empty="no sweeps")


def _alike(views: Sequence[RunView]) -> str:
    """A hint for two runs that share task, model and seed: how to see why they differ."""
    seen: dict[tuple[str, str, int], RunView] = {}
    for view in views:
        other = seen.setdefault((view.task, view.model, view.seed), view)
        if other.key != view.key:
            return (
                f"Some runs have the same task, model and seed but differ otherwise: "
                f"'harness diff {other.key[:12]} {view.key[:12]}' shows how."
            )
    return ""


def _plugins(kind: str, json: bool) -> None:
    from harness.cli import output
    from harness.cli.contracts import recorded
    from harness.registry.discovery import list_plugins

    found = list_plugins(kind)
    status, unread = recorded()
    if json:
        keys = ("name", "version", "distribution", "description")
        output.as_json(
            [
                {key: getattr(info, key) for key in keys} | {"problem": info.problem, "contract": status(info)}
                for info in found
            ]
        )
        return
    rows = [(info.name, info.description, f"{info.distribution} {info.version}", status(info)) for info in found]
    output.table(("name", "description", "distribution", "contract"), rows, empty=f"no {kind}s are installed")
    _warn([f"{info.label}: {info.problem}" for info in found if info.problem])
    _warn([unread] if unread else [])


def _warn(problems: list[str]) -> None:
    for problem in problems:
        print(f"Warning: {problem}", file=sys.stderr)


def _dataset_row(entry: dict[str, Any]) -> tuple[str, ...]:
    """Name, what it needs, whether it was tried, its contract's status, and what it is."""
    size = "" if entry["size_mb"] is None else f"{entry['size_mb']:g} MB "
    there = ", fetched" if entry["cached"] else ""
    needs = {
        "wheel": f"nothing: {size}by pip{there}",
        "installed": "nothing: installed",
        "url": f"nothing: {size}from a URL{there}",
        "generated": "nothing: generated",
        "folder": "your folder: task.root",
        "file": f"your file: {option[1]}" if (option := _OPTION.search(entry["origin"])) else "your file",
    }
    original = "synthetic" if entry["synthetic"] else "tried" if entry["tried"] else "not tried"
    licence = "" if entry["synthetic"] else f" Licence: {entry['licence']}"
    words = f"{entry['description'].rstrip('.')}.{licence}"
    return entry["name"], needs.get(entry["source"], entry["source"]), original, entry["contract"], words
