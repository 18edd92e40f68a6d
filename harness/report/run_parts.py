"""A run in one environment, as shown on its page: outcome, results, time, curves, samples and environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.report import formatting as fmt
from harness.report import overview, run_figures
from harness.report.load import flatten
from harness.report.results import scale_of
from harness.report.run_figures import Drawing
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.store.query import RunView
from harness.store.records import SampleRow
from harness.store.thinned_curves import Curve
from harness.store.training_details import latency_words, memory_words, state_words, training_words

CHARTS = 6
"""How many charts a run's page shows."""

_DIGITS = 12
_SMALL_SHARE = 0.005  # of the wall time: shown as 0 %
_TONES = {"finished": "good", "failed": "bad", "interrupted": "warn", "running": "warn"}

Pairs = list[tuple[str, str]]


@dataclass
class RunPart:
    """A run in one environment.

    Attributes:
        name: prefix of the ids on the page.
        heading: what distinguishes it from the page's other parts; empty if it is the only one.
        status, tone: the state in words, and its style.
        machine, anchor: the environment's name in the report and its id on the overview; empty before the run started.
        undrawn: which curves have no chart, and why; empty if all have one.
        bar: the phases as a bar; phases: (style, name, time, share) for the list under it.
    """

    name: str
    heading: str
    status: str
    tone: str
    reason: str
    traceback: str
    log_tail: str
    facts: Pairs
    splits: list[str]
    results: list[tuple[str, str, list[str]]]
    bar: Drawing | None
    phases: list[tuple[str, str, str, str]]
    charts: list[Drawing]
    undrawn: str
    samples: list[SampleRow]
    machine: str
    anchor: str
    environment: Pairs
    observed: Pairs
    history: Table | None


def part_of(
    run: RunView,
    number: int,
    several: bool,
    machines: Mapping[str, str],
    fingerprints: Mapping[str, Pairs],
    curves: Mapping[str, Curve],
    samples: list[SampleRow],
) -> RunPart:
    """What a page shows about a run in one environment.

    Args:
        run: its data from the store.
        number: of the part on its page, from 1.
        several: whether the page has others.
        machines: the name of every environment in the report, by its hash.
        fingerprints: the fingerprint as pairs, by the environment's hash.
        curves: what it logged, by name.
        samples: its outputs.
    """
    machine = machines.get(run.environment or "", "")
    summary = run.summary
    total = summary.total_s if summary else 0.0
    phases = summary.phases if summary else {}
    charts, undrawn = _charts(run, curves)
    return RunPart(
        name=f"part-{number}",
        heading=(overview.words(machine) if machine else "Not started yet") if several else "",
        status=run.status,
        tone=_TONES.get(run.status, "quiet"),
        reason=run.reason or "",
        traceback=run.traceback.strip(),
        log_tail=run.log_tail.strip(),
        facts=_facts(run, machine),
        splits=_splits(run),
        results=_results(run),
        bar=run_figures.phase_bar(phases, total),
        phases=_phase_rows(phases, total),
        charts=charts,
        undrawn=undrawn,
        samples=samples,
        machine=machine,
        anchor=machine.lower().replace(" ", "-"),
        environment=fingerprints.get(run.environment or "", []),
        observed=_observed(run),
        history=_history(run, machines, f"part-{number}-history"),
    )


def _facts(run: RunView, machine: str) -> Pairs:
    """When and where it ran, and at what cost."""
    found = [("machine", machine or "none yet"), ("started", _when(run.started_at)), ("ended", _when(run.ended_at))]
    s = run.summary
    if s is not None:
        found += [("whole run", fmt.duration(s.total_s)), ("training", fmt.duration(s.train_s))]
        if s.to_target_s is not None:
            found.append(("to target", fmt.duration(s.to_target_s)))
        found += [(term, text) for term, text in (("precision", run.precision), ("backend", run.backend)) if text]
        if s.parameters:
            found.append(("parameters", _parameters(s.parameters, s.fixed_parameters)))
            found.append(("encoder’s share", fmt.share(s.encoder_parameters, s.parameters)))
        found += [*state_words(s.details), *training_words(s.details)]
        if s.throughput:
            found.append(("throughput", f"{fmt.count(s.throughput)} {s.throughput_unit}"))
        found += [*latency_words(s.details), *memory_words(s.memory)]
        if s.checkpoint.get("chosen_by"):
            found.append(("weights tested", f"best {s.checkpoint['chosen_by']}, step {s.checkpoint.get('step')}"))
        if s.machine.get("contended"):
            found.append(("note", "the machine was busy, so times are too long"))
    found.append(("attempts", str(run.attempts)))
    return found


def _parameters(total: int, fixed: int) -> str:
    """How many; those that are not trained apart."""
    text = f"{total - fixed:,} trained + {fixed:,} fixed" if fixed else f"{total:,}"
    return text.replace(",", fmt.NARROW_SPACE)


def _when(seconds: float | None) -> str:
    return "–" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _splits(run: RunView) -> list[str]:
    """The splits that have final values, the one that was scored first."""
    if run.summary is None:
        return []
    scored = run.summary.split
    found = {full.rpartition("/")[0] for full in run.summary.metrics}
    return sorted(found, key=lambda s: (s != scored, s))


def _results(run: RunView) -> list[tuple[str, str, list[str]]]:
    """Final values: the title, unit and direction of every metric, and a value per split; the primary metric first."""
    values: dict[str, dict[str, float]] = {}
    for full, value in (run.summary.metrics if run.summary else {}).items():
        split, _, metric = full.rpartition("/")
        values.setdefault(metric, {})[split] = value
    splits, rows = _splits(run), []
    for metric in dict.fromkeys([str(run.primary.get("name")), *run.units, *values]):
        if metric in values:
            scale = scale_of(run, metric)
            found = [values[metric].get(s) for s in splits]
            digits = fmt.decimals(found)
            texts = ["–" if v is None else fmt.value_or_none(v, digits) for v in found]
            rows.append((scale.title, scale.note, texts))
    return rows


def _phase_rows(phases: Mapping[str, float], total: float) -> list[tuple[str, str, str, str]]:
    rows = [
        (run_figures.swatch(i), name.replace("_", " "), fmt.duration(s), fmt.share(s, total))
        for i, (name, s) in enumerate(phases.items())
    ]
    rest = max(0.0, total - sum(phases.values()))
    told = "unattributed" in phases and rest < _SMALL_SHARE * total
    if rows and not told:
        rows.append(("rest", "not attributed", fmt.duration(rest), fmt.share(rest, total)))
    return rows


def _charts(run: RunView, curves: Mapping[str, Curve]) -> tuple[list[Drawing], str]:
    """One chart per metric, training and validation together: the primary metric, the loss, then the others.

    Returns:
        The charts, and a note on what has none.
    """
    by_metric: dict[str, dict[str, Curve]] = {}
    for full, curve in curves.items():
        split, _, metric = full.rpartition("/")
        by_metric.setdefault(metric, {})[split] = curve
    order = dict.fromkeys([str(run.primary.get("name")), "loss", *run.units, *sorted(by_metric)])
    drawn: list[Drawing] = []
    few, many = [], []
    for metric in (m for m in order if m in by_metric):
        scale = scale_of(run, metric)
        made = run_figures.curve_chart(by_metric[metric], scale.title, scale.note)
        if made is None:
            few.append(scale.title)
        elif len(drawn) == CHARTS:
            many.append(scale.title)
        else:
            drawn.append(made)
    reasons = [(few, "fewer than two finite values"), (many, f"a page shows {CHARTS} charts")]
    return drawn, "; ".join(f"{', '.join(titles)} ({reason})" for titles, reason in reasons if titles)


def _observed(run: RunView) -> Pairs:
    """Observations outside the environment, and the run's memory, machine load and energy."""
    found = pairs(run.observed)
    if run.summary is not None:
        s = run.summary
        for title, values in (("memory", s.memory), ("machine", s.machine), ("energy", s.energy), ("", s.details)):
            found += pairs({title: values} if title else values)
    return found


def _history(run: RunView, machines: Mapping[str, str], name: str) -> Table | None:
    """Earlier attempts: how each ended, when, where, why."""
    if not run.history:
        return None
    columns = [Column(title, numeric=False) for title in ("ended", "machine", "reason")]
    table = Table(name, "Earlier attempts", "How it ended", columns, prose=True, sortable=False)
    for attempt in run.history:
        at = attempt.get("at")
        where = str(attempt.get("environment") or "")
        cells = [
            _when(at) if isinstance(at, int | float) else "–",
            machines.get(where, where[:_DIGITS] or "–"),
            str(attempt.get("reason") or "–"),
        ]
        table.rows.append(TableRow(TableCell(str(attempt.get("status") or "–")), [TableCell(c) for c in cells]))
    return table


def pairs(values: Mapping[str, Any], *, plain: bool = False) -> Pairs:
    """Nested values as (dotted name, text), without empty ones; `plain` keeps names and empty values as they are."""
    flat = flatten(dict(values))
    if plain:
        return [(name, _text(value)) for name, value in flat.items()]
    shown = ((name.replace("_", " ").replace(".", ": "), value) for name, value in flat.items())
    return [(name, _text(value)) for name, value in shown if value not in (None, "", "[]")]


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:.6g}" if isinstance(value, float) else str(value)
