"""`harness bench`: what the harness itself costs, as ratios measured in turn."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

_SETS = ("steps", "store")


def command(
    names: Annotated[list[str] | None, typer.Argument(help="steps, store; without any: all.")] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=2, help="How often each pair is timed.")] = 15,
    json: Annotated[bool, typer.Option("--json", help="Print an array of objects.")] = False,
) -> None:
    """Measure what audit, training loop and store cost; minutes, on a machine that does nothing else."""
    from harness.errors import UnknownNameError
    from harness.runtime import tune_allocator

    for name in names or []:
        if name not in _SETS:
            raise UnknownNameError("benchmark", name, _SETS)
    tune_allocator()  # as a run does, before anything imports torch
    from harness.cli import output

    rows = []
    if not names or "steps" in names:
        from harness.bench.steps import step_rows

        rows += step_rows(4.0, rounds) + step_rows(1.0, rounds)
    if not names or "store" in names:
        from harness.bench.stores import store_rows

        rows += store_rows(max(2, rounds // 5))
    if json:
        output.as_json([dataclasses.asdict(row) for row in rows])
        return
    table = [
        (
            row.name,
            f"{row.ratio:.3f}",
            f"± {row.spread:.3f}",
            "" if row.limit is None else f"≤ {row.limit:g}",
            f"{1000 * row.a:.2f} ms",
            f"{1000 * row.b:.2f} ms",
            row.about,
        )
        for row in rows
    ]
    output.table(("benchmark", "a ÷ b", "95 %", "limit", "a", "b", "what"), table, title="What the harness costs")
