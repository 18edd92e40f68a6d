"""`harness show RUN`: what the store knows about one run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from harness.store import RunView, Store

_SAMPLES = 5
_POINTS = 10
_IS_KEY = re.compile("[0-9a-f]{64}")


def command(
    run: Annotated[str, typer.Argument(help="The run's key, or as much of its beginning as is unique.")],
) -> None:
    """Show a run's configuration, results, curve, samples and log."""
    import yaml

    from harness.cli import output
    from harness.cli.results import print_run
    from harness.store import Store, query
    from harness.store.engine import results_folder

    with Store.open(create=False) as store:
        view = query.run(store, run)
        print_run(view)
        _print_curves(store, view)
        _print_samples(store, view)
    output.say("Configuration:\n")
    output.say(yaml.safe_dump(view.config, allow_unicode=True, sort_keys=False))
    if view.command:
        output.say(f"Command: {view.command}")
    folder = results_folder() / "runs" / view.key
    mine = _IS_KEY.fullmatch(view.key) is not None and folder.is_dir()  # the store may come from an untrusted source
    output.say(f"Run folder: {folder if mine else 'none here'}")
    tail = view.log_tail or (_log_tail(folder / "log.txt") if mine else "")
    if tail:
        output.say(f"\nEnd of the log:\n\n{tail}")
    if view.traceback:
        output.say(f"\n{view.traceback}")


def _print_curves(store: Store, view: RunView) -> None:
    """Print validation metrics at up to ten evenly spaced points, including the last."""
    from harness.cli import output
    from harness.store import query

    rows = [row for row in query.metrics(store, view.id) if row.name.startswith("val/")]
    if not rows:
        return
    names = list(dict.fromkeys(row.name for row in rows))
    steps = sorted({row.step for row in rows})
    values = {(row.name, row.step): f"{row.value:.4g}" for row in rows}
    count = min(_POINTS, len(steps))
    chosen = sorted({steps[round((i + 1) * len(steps) / count) - 1] for i in range(count)})
    body = [[step, *(values.get((name, step), "") for name in names)] for step in chosen]
    output.table(["step", *names], body, title="Validation")


def _print_samples(store: Store, view: RunView) -> None:
    from harness.cli import output
    from harness.store import query

    for sample in query.samples(store, view.id)[:_SAMPLES]:
        output.say(f"Sample {sample.title}")
        for word, text in (("input", sample.source), ("reference", sample.reference), ("output", sample.output)):
            if text:
                output.say(f"  {word:<9} {text}")
        print()


def _log_tail(path: object, lines: int = 20) -> str:
    from pathlib import Path

    log = Path(str(path))
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]) if log.is_file() else ""
