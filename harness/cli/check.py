"""`harness check`: the contract suite against one plug-in or all of them; results are recorded in the store."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.completion import checked_words, plugin_names
from harness.terminal import harmless

if TYPE_CHECKING:
    from harness.cli.checking import Checked
    from harness.testing.clause import Clause
    from harness.testing.examination import Finding


def command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A plug-in: lstm, model.lstm, task.translation, target.ctc, dataset.translation.multi30k.",
            autocompletion=plugin_names("task", "model", "target", "dataset"),
        ),
    ] = None,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            help="Its options, as for harness run: model.layers=2, task.root=FOLDER; with --data also task=NAME, on "
            "whose data a model is checked.",
            autocompletion=checked_words,
        ),
    ] = None,
    data: Annotated[
        bool,
        typer.Option("--data", help="Check on real data: a data set on its files, a model on those of task=NAME."),
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Check every installed plug-in, one line each.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print an array of objects.")] = False,
) -> None:
    """Check whether a plug-in keeps its contract, on its tiny form or on real data, and record the result."""
    from harness.cli import checking, output
    from harness.errors import ConfigError

    if every and (name or words or data):
        raise ConfigError("--all checks every plug-in with its default options; leave out the name and other words.")
    if not every and name is None:
        raise ConfigError("Name a plug-in (harness check lstm), or check them all: harness check --all")
    if every:
        found, unusable = _all(checking.everything(), quiet=json)
    else:
        one = checking.asked(str(name), words or [], data)
        found, unusable = _checked(one), 0
        if not json:
            _show(one, found)
    if json:
        output.as_json([finding.as_json() for finding in found])
    if unusable or any(finding.held is False for finding in found):
        raise typer.Exit(1)


def _all(chosen: Sequence[Checked], *, quiet: bool) -> tuple[list[Finding], int]:
    """All findings on all plug-ins, and how many plug-ins could not be used; a line each unless quiet."""
    from harness.cli.output import say
    from harness.errors import PluginError, UserError

    found: list[Finding] = []
    passed = unusable = 0
    for one in chosen:
        try:
            mine = _checked(one)
        except (PluginError, UserError) as error:
            unusable += 1
            print(f"{one.label}: {harmless(str(error))}", file=sys.stderr)
            continue
        found += mine
        failed = list(dict.fromkeys(finding.clause for finding in mine if finding.held is False))
        passed += not failed
        if not quiet:
            say(f"{one.label}: " + (f"failed: {', '.join(failed)}" if failed else "passed"))
            sys.stdout.flush()
    if not quiet:
        say(f"{passed} of {len(chosen)} plug-ins passed")
    return found, unusable


def _checked(one: Checked) -> list[Finding]:
    """All findings; says on standard error why they could not be recorded, if so."""
    import torch

    from harness.cli import checking
    from harness.registry.discovery import registry
    from harness.registry.engine_code import plugin_digest

    torch.set_num_threads(1)  # networks are tiny: more threads would be slower
    digest = plugin_digest(registry().info(one.kind, one.name).module)
    # Standard output is for results, so what the plug-in prints goes to standard error.
    with contextlib.redirect_stdout(sys.stderr):
        found = list(_with_progress(one))
    problem = checking.keep(one, digest, found)
    if problem:
        print(f"This result was not recorded: {problem}", file=sys.stderr)
    return found


def _with_progress(one: Checked) -> Iterator[Finding]:
    """All findings; a terminal shows the clause in progress."""
    from harness.cli.output import console
    from harness.testing.check import check_plugin

    findings = check_plugin(one.kind, one.name, given=one.given, on=one.on)
    stderr = console(stderr=True)
    if not stderr.is_terminal:
        yield from findings
        return
    with stderr.status(f"Checking {one.label} ...") as status:
        for finding in findings:
            status.update(f"Checking {one.label}: {finding.clause}")
            yield finding


def _show(one: Checked, found: Sequence[Finding]) -> None:
    from harness.cli import output
    from harness.testing.check import clauses_of

    clauses: Sequence[Clause] = clauses_of(one.kind)
    promises = {each.name: each.promise for each in clauses}
    rows = []
    for name in dict.fromkeys(finding.clause for finding in found):
        mine = [finding for finding in found if finding.clause == name]
        failed, applied = sum(f.held is False for f in mine), sum(f.held is not None for f in mine)
        result = "failed" if failed else "held" if applied else "not applicable"
        on = f"{failed} of {applied}" if failed else str(applied) if applied else mine[0].message
        rows.append((name, result, on))
    output.table(("clause", "result", "cases"), rows, title=f"{one.label} {one.scope}".rstrip())
    failures = [finding for finding in found if finding.held is False]
    for name in dict.fromkeys(finding.clause for finding in failures):
        mine = [finding for finding in failures if finding.clause == name]
        print(f"{name} failed. It promises: {promises.get(name, 'the tiny form of the plug-in can be made')}")
        for finding in mine:
            print(f"  {finding.case or one.label}: {finding.message}")
            if finding.example:
                print(f"    smallest example: {finding.example}")
        print(f"  What to change: {mine[0].advice}\n")
    held = len({f.clause for f in found}) - len({f.clause for f in failures})
    print(f"{one.label}: {held} clauses hold or do not apply, {len({f.clause for f in failures})} failed")
