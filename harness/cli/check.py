"""`harness check`: the contract suite against one plug-in."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.completion import plugin_names

if TYPE_CHECKING:
    from harness.testing.clause import Clause
    from harness.testing.examination import Finding

KINDS = ("task", "model", "target", "dataset")


def command(
    name: Annotated[
        str,
        typer.Argument(
            help="A plug-in: lstm, model.lstm, task.translation, target.ctc, dataset.translation.multi30k.",
            autocompletion=plugin_names(*KINDS),
        ),
    ],
    words: Annotated[
        list[str] | None, typer.Argument(help="Options of a data set: task.root=FOLDER task.source_language=de.")
    ] = None,
    real: Annotated[
        bool, typer.Option("--real", help="Check a data set's own files instead of its tiny form.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print an array of objects.")] = False,
) -> None:
    """Check whether a task, a model, a target or a data set keeps its contract, using its tiny form."""
    from harness.cli import output
    from harness.testing.check import clauses_of

    kind, bare = resolve(name)
    given = _given(kind, bare, words or [], real)
    # Standard output is for results, so what the plug-in prints goes to standard error.
    with contextlib.redirect_stdout(sys.stderr):
        found = list(_with_progress(kind, bare, given, real))
    if json:
        output.as_json([finding.as_json() for finding in found])
    else:
        _show(f"{kind}.{bare}", clauses_of(kind), found)
    if any(finding.held is False for finding in found):
        raise typer.Exit(1)


def resolve(name: str) -> tuple[str, str]:
    """Kind and name of the plug-in that "lstm" or "model.lstm" refers to.

    Raises:
        UnknownNameError: there is none; lists those that exist.
        ConfigError: plug-ins of several kinds have the name.
    """
    from harness.errors import ConfigError, UnknownNameError
    from harness.registry.discovery import registry

    known = {kind: registry().names(kind) for kind in KINDS}
    kind, _, bare = name.partition(".")
    if kind in KINDS and bare in known[kind]:
        return kind, bare
    kinds = [kind for kind in KINDS if name in known[kind]]
    if len(kinds) > 1:
        meant = " or ".join(f"{kind}.{name}" for kind in kinds)
        raise ConfigError(f"Several plug-ins are named '{name}': say which, {meant}.")
    if not kinds:
        every = [f"{kind}.{each}" for kind in KINDS for each in known[kind]]
        where = "the installed plug-ins (entry-point group 'harness')"
        raise UnknownNameError("task, model, target or data set", name, every, where)
    return kinds[0], name


def _given(kind: str, name: str, words: Sequence[str], real: bool) -> Any:
    """The data set with its options; None for a plug-in of another kind.

    Raises:
        ConfigError: options or --real for a plug-in that is not a data set, or an option is wrong.
    """
    from harness.errors import ConfigError

    if kind != "dataset":
        if words or real:
            what = "--real is" if real else f"options such as '{words[0]}' are"
            raise ConfigError(f"{what} for data sets, and {kind}.{name} is none.")
        return None
    from harness.config import compose, to_settings

    task, _, bare = name.partition(".")
    settings = to_settings(compose([f"task={task}", f"task.dataset={bare}", *words]))
    return settings.task.dataset  # type: ignore[attr-defined]


def _with_progress(kind: str, name: str, given: Any, real: bool) -> Iterator[Finding]:
    """All findings; a terminal shows the clause in progress."""
    import torch

    from harness.cli.output import console
    from harness.testing.check import check_plugin

    torch.set_num_threads(1)  # networks are tiny: more threads would be slower
    stderr = console(stderr=True)
    if not stderr.is_terminal:
        yield from check_plugin(kind, name, given=given, real=real)
        return
    with stderr.status(f"Checking {kind}.{name} ...") as status:
        for finding in check_plugin(kind, name, given=given, real=real):
            status.update(f"Checking {kind}.{name}: {finding.clause}")
            yield finding


def _show(plugin: str, clauses: Sequence[Clause], found: Sequence[Finding]) -> None:
    from harness.cli import output

    promises = {one.name: one.promise for one in clauses}
    rows = []
    for name in dict.fromkeys(finding.clause for finding in found):
        mine = [finding for finding in found if finding.clause == name]
        failed, applied = sum(f.held is False for f in mine), sum(f.held is not None for f in mine)
        result = "failed" if failed else "held" if applied else "not applicable"
        on = f"{failed} of {applied}" if failed else str(applied) if applied else mine[0].message
        rows.append((name, result, on))
    output.table(("clause", "result", "cases"), rows, title=plugin)
    failures = [finding for finding in found if finding.held is False]
    for name in dict.fromkeys(finding.clause for finding in failures):
        mine = [finding for finding in failures if finding.clause == name]
        print(f"{name} failed. It promises: {promises.get(name, 'the tiny form of the plug-in can be made')}")
        for finding in mine:
            print(f"  {finding.case or plugin}: {finding.message}")
            if finding.example:
                print(f"    smallest example: {finding.example}")
        print(f"  What to change: {mine[0].advice}\n")
    held = len({f.clause for f in found}) - len({f.clause for f in failures})
    print(f"{plugin}: {held} clauses hold or do not apply, {len({f.clause for f in failures})} failed")
