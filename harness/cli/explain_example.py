"""`harness explain example`: what a trained model does with one example."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.explain.attributions import Attributions
    from harness.explain.explain_example import ExplainedExample

_STEPS = 12  # with the largest attributions, in the table


def example(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A finished run: the beginning of a key, or its folder.")],
    source: Annotated[
        str | None,
        typer.Argument(metavar="[INPUT]", help="An input of one's own: a text, or a file's path.", show_default=False),
    ] = None,
    example: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Id of an example of the run's data. Default: the first of the split."),
    ] = None,
    split: Annotated[str, typer.Option(help="Of the run's data: train, val or test.")] = "test",
    examples: Annotated[int, typer.Option(help="Over how many of the split saturation is counted.")] = 32,
    attributions: Annotated[
        bool, typer.Option(help="Tell what each step contributes to the answer (needs captum).")
    ] = True,
    position: Annotated[
        int | None,
        typer.Option(help="Whose loss is attributed, where each position has one. Default: the last that counts."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Write a page, its figures (SVG and PNG) and the numbers there."),
    ] = None,
) -> None:
    """Show what a model does with one example: gates and states over time, attention, saturated gates,
    and what each step of the input contributes to the answer.

    What is shown is what the model fills into the `explain` mapping of its contract; what it does not fill in is said.
    Saturation is the share of steps in which a gate is below 0.05 or above 0.95.
    """
    from harness.cli.explaining import attended, deliver
    from harness.explain.explain_example import explain_example

    with attended(f"explaining {run}"):
        found = explain_example(
            run,
            example=example,
            source=source,
            split=split,
            examples=examples,
            attribute=attributions,
            position=position,
        )
    deliver(found.as_json(), lambda: _print(found), found.files, json=json, out=out)


def _print(found: ExplainedExample) -> None:
    from harness.cli import output
    from harness.explain.saturation import CLOSED, OPEN

    looked, shown = found.looked, found.shown
    where = "your input" if found.split is None else f"{found.split} example {looked.example.id}"
    output.say(f"{found.run.model} on {found.run.task} ({found.run.dataset}), {where}")
    for name, text in (("input", looked.example.source), ("right answer", looked.reference), ("answer", looked.text)):
        if text:
            output.say(f"{name}: {text}")
    rows = [
        [t.name, t.kind, t.values.shape[1], f"{t.values.mean():.3f}", f"{t.values.std():.3f}"] for t in shown.traces
    ]
    output.table(
        ["what", "kind", "units", "mean", "deviation"], rows, title=f"Over {len(shown.traces[-1].values)} steps"
    )
    if found.saturation:
        rows = [
            [s.name, f"{s.mean:.2f}", f"{100 * s.closed.mean():.1f} %", f"{100 * s.opened.mean():.1f} %"]
            for s in found.saturation
        ]
        columns = ["gate", "mean", f"below {CLOSED:g}", f"above {OPEN:g}"]
        output.table(columns, rows, title=f"Saturation over {found.saturation_of}")
    for each in shown.maps:
        heads, high, wide = each.values.shape
        output.say(f"{each.name}: {heads} head{'s' if heads > 1 else ''}, {high} × {wide}")
    for name, values in shown.weights.items():
        best = int(values.argmax())
        word = f" ({looked.labels[best]})" if looked.labels is not None and len(looked.labels) == len(values) else ""
        output.say(f"{name}: largest at step {best}{word}, {values[best]:.2f}")
    if found.attributed is not None:
        _print_attributions(found.attributed, looked.labels)
    for sentence in found.missing:
        output.say(sentence)


def _print_attributions(found: Attributions, words: tuple[str, ...] | None) -> None:
    """The steps with the largest attributions, and the checks."""
    from harness.cli import output
    from harness.explain.explain_example import check_sentences

    first, second = found.methods
    order = sorted(range(len(first.values)), key=lambda t: -abs(first.values[t]))[:_STEPS]
    named = words if words is not None and len(words) == len(first.values) else None
    rows = [
        [t, named[t] if named else "", f"{first.values[t]:+.3g}", f"{second.values[t]:+.3g}"] for t in sorted(order)
    ]
    output.table(["step", "word", first.method, second.method], rows, title="What steps contribute")
    for sentence in check_sentences(found):
        output.say(sentence)
