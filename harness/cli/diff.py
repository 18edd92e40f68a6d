"""`harness diff KEY KEY`: why two runs differ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from harness.config.differences import Difference
    from harness.store import RunView, Store

_DIGEST = 64  # length of a SHA-256 in hex; tables show the first twelve digits

_TITLES = {
    "key": "What makes the keys differ",
    "rest": "Other settings, which do not change a result",
    "environment": "Environment",
    "outcome": "Outcome",
}


def command(
    one: Annotated[str, typer.Argument(help="A run's key, or as much of its beginning as is unique.")],
    two: Annotated[str, typer.Argument(help="Another key; the same key compares its rows of two environments.")],
    json: Annotated[bool, typer.Option("--json", help="Print an object with an array of differences.")] = False,
) -> None:
    """Show how two runs differ: configuration, versions and digests, environment, outcome.

    The exit code is 0 whether or not they differ.
    """
    from harness.cli import output
    from harness.config.differences import differences
    from harness.store import Store, query

    with Store.open(create=False) as store:
        first, second = _chosen(store, one, two)
        fingerprints = {h: record.fingerprint for h, record in query.environments(store).items()}
    found = differences(first, second, fingerprints)
    if json:
        output.as_json(_as_json(first, second, found))
    else:
        _print(first, second, found)


def _chosen(store: Store, one: str, two: str) -> tuple[RunView, RunView]:
    """The two runs; if both keys are the same, its rows in two environments."""
    from harness.errors import UserError
    from harness.store import query

    first, second = query.run(store, one), query.run(store, two)
    if first.key != second.key:
        return first, second
    rows = [view for view in query.runs(store, task=first.task, model=first.model) if view.key == first.key]
    if len(rows) < 2:
        raise UserError(
            f"'{one}' and '{two}' are the same run, {first.key[:12]}, and it ran in one environment only; name "
            "two runs as 'harness list runs' prints them."
        )
    return rows[0], rows[1]


def _print(one: RunView, two: RunView, found: list[Difference]) -> None:
    from harness.cli import output
    from harness.terminal import harmless

    words = [
        f"{run.key[:12]}: {run.task} ({run.dataset}) × {run.model}, seed {run.seed}: {run.status}" for run in (one, two)
    ]
    print(harmless("\n".join(words)) + "\n")
    sections: dict[str, list[Difference]] = {name: [] for name in _TITLES}
    for difference in found:
        name = difference.part
        if name in ("configuration", "identity"):
            name = "key" if difference.in_key else "rest"
        sections[name].append(difference)
    for name, title in _TITLES.items():
        if sections[name]:
            rows = [(d.name, _shown(d.one), _shown(d.two)) for d in sections[name]]
            output.table(("", one.key[:12], two.key[:12]), rows, title=title)
    if one.key == two.key:
        print("The keys are the same: the same run in two environments.")
    elif not sections["key"]:
        print("The store records nothing that makes the keys differ.")


def _as_json(one: RunView, two: RunView, found: list[Difference]) -> dict[str, Any]:
    """The JSON form; a value that a run does not have is omitted."""
    from harness.config.differences import ABSENT

    listed = []
    for difference in found:
        sides = {"one": difference.one, "two": difference.two}
        values = {side: _finite(value) for side, value in sides.items() if value is not ABSENT}
        listed.append({"part": difference.part, "name": difference.name, **values, "in_key": difference.in_key})
    return {"one": one.key, "two": two.key, "same_key": one.key == two.key, "differences": listed}


def _shown(value: Any) -> str:
    from harness.config.differences import ABSENT

    if value is ABSENT:
        return "(absent)"
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    return text[:12] if len(text) == _DIGEST and set(text) <= set("0123456789abcdef") else text


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
