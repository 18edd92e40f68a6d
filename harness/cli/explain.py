"""`harness explain`: what trained models do, one way of explaining a subcommand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import explain_errors, explain_example, explain_probes

if TYPE_CHECKING:
    from pathlib import Path

    from harness.explain.gradients import ExplainedGradients, GradientFlow

app = typer.Typer(
    help="Explain what trained models do: on one example, where they err, what they track, how far gradients reach.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("example")(explain_example.example)
app.command("errors")(explain_errors.errors)
app.command("probes")(explain_probes.probes)

_LAGS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_NAME = "gradients"


@app.command("gradients")
def gradients(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN", help="Finished runs: the beginning of a key, or a run's folder."),
    ],
    examples: Annotated[int, typer.Option(help="How many examples, evenly spaced over the split.")] = 32,
    split: Annotated[str, typer.Option(help="Of the run's data: train, val or test.")] = "test",
    lags: Annotated[
        int | None, typer.Option(help="The largest lag. Default: as far as half of the examples reach.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print an array of objects, one a run.")] = False,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Write the figure (SVG and PNG) and the numbers (JSON) there."),
    ] = None,
) -> None:
    """Show how the gradient of a loss shrinks or grows with the lag, at the start and after training.

    For every lag k, the norm of the gradient of the loss at position t to the embedded input at t - k, divided by that
    at lag 0: the median over examples. A gradient counts as vanished from the lag on at which less than 1e-3 is left.
    The run's data is prepared again if it is not in the cache; the network at the start is initialised anew from the
    run's seed.
    """
    from harness.cli import output
    from harness.places import user_path

    place = user_path(out, "--out") if out is not None else None
    found = _explained(runs, examples, split, lags)
    if json:
        output.as_json([each.as_json() for each in found])
    else:
        _print(found)
    if place is not None:
        files = _write(place, found)
        if not json:
            output.say(f"Written to {place}: {', '.join(files)}")


def _explained(runs: Sequence[str], examples: int, split: str, lags: int | None) -> list[ExplainedGradients]:
    """One after the other."""
    from harness.cli.explaining import attended
    from harness.explain.gradients import explain_gradients

    found = []
    for run in runs:
        with attended(f"gradients of {run}"):
            found.append(explain_gradients(run, examples=examples, split=split, most=lags))
    return found


def _print(found: Sequence[ExplainedGradients]) -> None:
    from harness.cli import output
    from harness.explain.gradients import VANISHED

    longest = max(each.trained.lags for each in found)
    shown = [lag for lag in _LAGS if lag < longest] + [longest]
    columns = ["run", "task", "model", "seed", "weights", "norm at lag 0", *(f"lag {lag}" for lag in shown)]
    rows = [
        [each.key[:12], each.task, each.model, each.seed, when, *_cells(flow, shown)]
        for each in found
        for when, flow in (("start", each.start), ("trained", each.trained))
    ]
    output.table([*columns, f"below {VANISHED:g} from lag"], rows, title="Gradient to the input at each lag ÷ at lag 0")
    for each in found:
        words = f"{each.model}: {each.loss}, {each.examples} {each.split} examples of {each.task} ({each.dataset})"
        without = max(each.start.without, each.trained.without)
        output.say(words + (f"; {without} have no gradient at lag 0" if without else ""))


def _cells(flow: GradientFlow, lags: Sequence[int]) -> list[str]:
    from harness.explain.gradient_figure import lag_in_words

    shares = flow.relative()[1]
    inner = [f"{shares[lag]:.2g}" if lag <= flow.lags else "" for lag in lags]
    return [f"{flow.absolute()[1][0]:.2g}", *inner, lag_in_words(flow.vanishes_at(), flow.lags)]


def _write(place: Path, found: Sequence[ExplainedGradients]) -> list[str]:
    """Write figure and numbers into the folder, made where it is missing; the names of the files.

    Raises:
        UserError: it cannot be made or written to.
    """
    from harness.explain.gradient_figure import gradient_figure
    from harness.explain.page import as_bytes, write

    figure = gradient_figure(found, _NAME)
    numbers = as_bytes([each.as_json() for each in found])
    return write(place, {f"{_NAME}.svg": figure.svg.encode(), f"{_NAME}.png": figure.png, f"{_NAME}.json": numbers})
