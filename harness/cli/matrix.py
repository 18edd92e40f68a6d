"""`harness matrix`: which model fits which task, and why not."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer


def command(json: Annotated[bool, typer.Option("--json", help="Print an array of objects.")] = False) -> None:
    """Show which model fits which task, and why not."""
    from harness.cli import output
    from harness.registry.matrix import matrix

    pairs = matrix()
    if json:
        output.as_json([asdict(pair) for pair in pairs])
        return
    tasks = list(dict.fromkeys(pair.task for pair in pairs))
    models = list(dict.fromkeys(pair.model for pair in pairs))
    fits = {(pair.task, pair.model): "fits" if pair.compatible else "n/a" for pair in pairs}
    output.table(["model", *tasks], [[m, *(fits[t, m] for t in tasks)] for m in models], empty="no plug-ins")
    for reason in dict.fromkeys(pair.reason for pair in pairs if pair.reason):
        print(f"n/a: {reason}")
