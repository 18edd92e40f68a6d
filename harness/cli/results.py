"""Tables of results: one run, or a sweep with models down and tasks across."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from harness.cli import output
from harness.config.schema import meaning_of
from harness.store import Store
from harness.store.checks import in_words
from harness.store.query import RunView, runs
from harness.store.records import RunSummary
from harness.store.training_details import latency_words, memory_words, state_words, training_words


def print_run(view: RunView) -> None:
    """Print the results of one run: metrics, costs, and notes of its data, such as skipped files."""
    rows: list[tuple[str, str]] = []
    if view.summary is not None:
        for name, value in view.summary.metrics.items():
            unit = view.units.get(name.partition("/")[2], {}).get("unit", "")
            rows.append((name, NO_VALUE if math.isnan(value) else f"{value:.5g} {unit}".rstrip()))
        rows.append(("parameters", _parameters(view.summary)))
        rows += [(name, value) for name, value in (("precision", view.precision), ("backend", view.backend)) if value]
        rows.append(
            ("training time", timed(view.summary, f"{view.summary.train_s:.1f} s (of {view.summary.total_s:.1f} s)"))
        )
        if view.summary.machine:
            rows.append(("machine", _machine(view.summary.machine)))
        if view.config.get("target"):
            reached = view.summary.to_target_s
            rows.append((f"time to {view.config['target']}", "not reached" if reached is None else f"{reached:.1f} s"))
        if view.summary.throughput:
            rows.append(("throughput", f"{view.summary.throughput:,.0f} {view.summary.throughput_unit}"))
        rows += [(term, timed(view.summary, text)) for term, text in latency_words(view.summary.details)]
        rows += memory_words(view.summary.memory)
    elif view.reason:
        rows.append(("reason", view.reason))
    if view.summary is not None:
        rows += [*state_words(view.summary.details), *training_words(view.summary.details)]
    if view.contracts:
        rows.append(("contracts", in_words(view.contracts)))
    title = f"{view.task} ({view.dataset}) × {view.model}, seed {view.seed}: {view.status}"
    output.table(("", ""), rows, title=title, empty="no results")
    if view.without_value and view.kind != "baseline":
        output.say(
            f"The primary metric {view.primary.get('name')} is no finite number: in comparisons this run counts as "
            "diverged. It has no place among the others and blocks the mean over its seeds.\n"
        )
    notes = view.summary.details.get("data") if view.summary is not None else None
    if notes:
        output.say(f"About the data: {'; '.join(f'{name}: {value}' for name, value in notes.items())}.\n")


NO_VALUE = "no value (NaN)"


def primary_figure(view: RunView) -> str:
    """The primary metric of a run in words; empty before it finished."""
    if view.summary is None:
        return ""
    value = NO_VALUE if view.primary_value is None else f"{view.primary_value:.4g}"
    return f"{view.primary['name']} {value}"


def timed(summary: RunSummary, text: str) -> str:
    """A time, marked if the machine was too busy for a fair comparison."""
    return f"{text}, contended" if summary.machine.get("contended") else text


def _machine(machine: dict[str, Any]) -> str:
    """The load of the machine during training, and its cost for the run."""
    parts = ["the run had it to itself" if machine.get("exclusive") else "shared"]
    if "other_cpu_share" in machine:
        parts.append(f"others used {100 * machine['other_cpu_share']:.0f} % of its cores")
    if "waiting_share" in machine:
        parts.append(f"the run waited for a core {100 * machine['waiting_share']:.1f} % of its time")
    return "; ".join(parts)


def _parameters(summary: RunSummary) -> str:
    """How many, trained and fixed, and the encoder's share; a decoder apart, and what match=params counts."""
    if not summary.parameters:
        return "0"
    fixed = summary.fixed_parameters
    parts = [f"{summary.parameters - fixed:,} trained + {fixed:,} fixed"] if fixed else []
    for name, count in (("encoder", summary.encoder_parameters), ("decoder", summary.decoder_parameters)):
        if count or name == "encoder":
            parts.append(f"{name} {count:,}, {100 * count / summary.parameters:.0f} %")
    if summary.decoder_parameters:
        parts.append(f"together {summary.model_parameters:,}")
    return f"{summary.parameters:,} ({'; '.join(parts)})"


def print_sweep(store: Store, sweep: str) -> None:
    """Print the primary metric of every model on every task, as means over seeds; with reasons for empty cells."""
    words = {"test": "test", "val": "validation"}
    views = runs(store, sweep=sweep)
    tasks = list(dict.fromkeys(view.task for view in views))
    rows = list(dict.fromkeys(_row_label(view, views) for view in views))
    cells: dict[tuple[str, str], list[RunView]] = {}
    for view in views:
        cells.setdefault((_row_label(view, views), view.task), []).append(view)
    heads = [_heading(task, next(view for view in views if view.task == task)) for task in tasks]
    body = [[row, *(_cell(cells.get((row, task), [])) for task in tasks)] for row in rows]
    splits = dict.fromkeys(view.summary.split for view in views if view.summary is not None)
    shown = f", {' and '.join(words[s] for s in splits)} split" if splits else ""
    shown += ", mean ± standard deviation" if any("±" in cell for row in body for cell in row) else ""
    output.table(["model", *heads], body, title=f"Sweep '{sweep}'{shown}", empty="no runs")
    for view in views:
        if view.reason and view.status in ("incompatible", "failed"):
            word = "n/a" if view.status == "incompatible" else view.status
            output.say(f"{word}: {view.task} × {view.model}, seed {view.seed}: {view.reason}")


def _heading(task: str, view: RunView) -> str:
    """The name with spaces, so that a narrow terminal can break it."""
    arrow = "↑" if view.primary.get("higher_is_better") else "↓"
    metric = f"{view.primary.get('name', '')} {arrow} ({view.primary.get('unit', '')})"
    return f"{task}\n{metric}".replace("_", " ").replace("/", " / ")


def _row_label(view: RunView, views: Sequence[RunView]) -> str:
    """The model's name, and the options other than the seed in which its runs on this task differ.

    The precision is included if any two runs of the sweep differ in it, whatever their models.
    """
    alike = [other for other in views if (other.task, other.model) == (view.task, view.model)]
    mine = _flat(view.config)
    differing = [
        f"{name.removeprefix('model.')}={value}"
        for name, value in mine.items()
        if _in_label(name) and any(_flat(other.config).get(name) != value for other in alike)
    ]
    precision = _precision(view)
    if precision and any(_precision(other) not in (None, precision) for other in views):
        differing.append(f"trainer.precision={precision}")
    name = view.model if view.kind == "model" else view.model.replace(":", ": ").replace("_", " ")
    return f"{name} ({', '.join(differing)})" if differing else name


def _in_label(name: str) -> bool:
    """Whether a label includes an option in which a model's runs differ; the precision has its own rule."""
    option = meaning_of(name)
    return option.in_key and option.shown and name != "trainer.precision"


def _precision(view: RunView) -> str | None:
    """The precision that was planned for a model's run."""
    trainer = view.config.get("trainer")
    return trainer.get("precision") if isinstance(trainer, dict) else None


def _flat(config: object, prefix: str = "") -> dict[str, object]:
    if not isinstance(config, dict):
        return {prefix: config}
    flat: dict[str, object] = {}
    for key, value in config.items():
        flat |= _flat(value, f"{prefix}.{key}" if prefix else str(key))
    return flat


def _cell(views: Sequence[RunView]) -> str:
    # A seed that ran in several environments counts once, with its newest value.
    in_order = sorted(views, key=lambda v: v.ended_at or 0.0)
    newest = {v.seed: v.primary_value for v in in_order if v.status == "finished"}
    values = [value for value in newest.values() if value is not None and math.isfinite(value)]
    if len(values) < len(newest):  # a mean over the others would be one of survivors
        return f"no value ({len(newest) - len(values)} of {len(newest)} not finite)"
    if values:
        mean = f"{statistics.fmean(values):.4g}"
        spread = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
        missing = len({v.seed for v in views}) - len(values)
        return f"{mean}{spread}" + (f" ({missing} missing)" if missing else "")
    states = list(dict.fromkeys(view.status for view in views))
    return ", ".join("n/a" if state == "incompatible" else state for state in states)
