"""`harness explain probes`: what the states of a model of text keep track of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.explain.probes import ExplainedProbes


def probes(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A finished run: the beginning of a key, or its folder.")],
    places: Annotated[int, typer.Option(help="How many places of the validation and of the test split.")] = 8000,
    json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Write a page, its figure (SVG and PNG) and the numbers there."),
    ] = None,
) -> None:
    """Show what the states of a model of text keep track of: quotations, the place in the line, ends of sentences.

    Linear probes with a control task, in which every symbol has a label at random (Hewitt and Liang 2019); selectivity
    is the accuracy less that on the control task. The run's data is prepared again if it is not in the cache.
    """
    from harness.cli.explaining import attended, deliver
    from harness.explain.page import as_bytes
    from harness.explain.probe_page import probe_page
    from harness.explain.probes import explain_probes

    with attended(f"probing {run}"):
        found = explain_probes(run, places=places)
    plain = found.as_json()

    def files() -> dict[str, bytes]:
        return {**probe_page(found).files(), "probes.json": as_bytes(plain)}

    deliver(plain, lambda: _print(found), files, json=json, out=out)


def _print(found: ExplainedProbes) -> None:
    from harness.cli import output
    from harness.explain.run_facts import in_figures

    output.say(f"{found.run.model} on {found.run.task} ({found.run.dataset}), seed {found.run.seed}")
    rows = [
        [p.state, p.of, *map(in_figures, (p.accuracy, 1 / p.classes, p.symbol, p.untrained, p.control, p.selectivity))]
        for p in found.probes
    ]
    columns = ["state", "property", "accuracy", "chance", "last symbol", "untrained", "control", "selectivity"]
    title = f"Balanced accuracy over {found.tested_on} test places, after {found.trained_on} of validation"
    output.table(columns, rows, title=title)
    for sentence in found.left_out:
        output.say(sentence)
