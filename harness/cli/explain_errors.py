"""`harness explain errors`: where a trained model errs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.explain.errors import ExplainedErrors

_LONGEST = 48  # characters of a text in a table


def errors(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A finished run: the beginning of a key, or its folder.")],
    worst: Annotated[int, typer.Option(help="How many of the worst examples.")] = 10,
    confusions: Annotated[int, typer.Option(help="How many of the most frequent confusions.")] = 15,
    by: Annotated[
        str | None, typer.Option(metavar="METRIC", help="What examples are ordered by. Default: the primary metric.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print an object.")] = False,
    out: Annotated[
        str | None,
        typer.Option(metavar="FOLDER", help="Write a page, its figure (SVG and PNG) and the numbers there."),
    ] = None,
) -> None:
    """Show where a model errs: its worst test examples, and what it takes for what.

    Read from the predictions in the run's folder; neither its data nor its weights are needed. Examples are ordered by
    a metric of each alone, ties by the task's other metrics. Confusions are of classes, tags, or words.
    """
    from harness.cli.explaining import attended, deliver
    from harness.explain.error_page import error_page
    from harness.explain.errors import explain_errors
    from harness.explain.page import as_bytes

    with attended(f"errors of {run}"):
        found = explain_errors(run, worst=worst, confusions=confusions, by=by)
    plain = found.as_json()

    def files() -> dict[str, bytes]:
        return {**error_page(found).files(), "errors.json": as_bytes(plain)}

    deliver(plain, lambda: _print(found), files, json=json, out=out)


def _print(found: ExplainedErrors) -> None:
    from harness.cli import output
    from harness.explain.error_page import confusion_sentences, order_sentence

    output.say(f"{found.run.model} on {found.run.task} ({found.run.dataset})")
    if found.confusions:
        rows = [[c.right, c.said, c.count, f"{100 * c.count / found.errors:.1f} %"] for c in found.confusions]
        columns = ["right answer", "answer of the model", "times", "of all errors"]
        output.table(columns, rows, title=f"Most frequent confusions of {found.of}")
    for sentence in confusion_sentences(found):
        output.say(sentence)
    rows = [
        [one.row.example_id, f"{one.scores[found.by.name]:.4g}", *map(_cut, (one.row.reference, one.row.output))]
        for one in found.worst
    ]
    columns = ["example", found.by.name, "right answer", "answer of the model"]
    output.table(columns, rows, title="The worst examples")
    output.say(order_sentence(found))


def _cut(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"
