"""Grouping of runs: a comparison for every task and set of conditions, an entry for every model and configuration."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.config.schema import meaning_of
from harness.report.conditions import Conditions, conditions_of, flatten
from harness.store.query import RunView


@dataclass
class Entry:
    """A row of a comparison: one model (or baseline) in one configuration, over its seeds.

    Attributes:
        label: the model's name, followed in brackets by what distinguishes this configuration from its others.
        finished: its finished runs by seed, the newest for each.
        others: runs of it in any other state.
        superseded: number of older finished runs of the same seeds, not shown (the code has changed since).
    """

    label: str
    model: str
    kind: str
    finished: list[RunView] = field(default_factory=list)
    others: list[RunView] = field(default_factory=list)
    superseded: int = 0

    @property
    def why_missing(self) -> str:
        """Why there is no result, in one phrase."""
        for state in ("incompatible", "failed"):
            found = [r for r in self.others if r.status == state]
            if found:
                prefix = "failed: " if state == "failed" else ""
                return prefix + one_line(found[0].reason or "no reason was recorded")
        states = sorted({r.status for r in self.others})
        if states:
            words = {"planned": "planned, not run yet", "running": "still running"}
            return "; ".join(words.get(s, s) for s in states)
        return "not run under these conditions"


@dataclass
class Comparison:
    """The runs of one task under one set of conditions."""

    task: str
    conditions: Conditions
    entries: list[Entry]
    baselines: list[Entry]
    synthetic: bool

    @property
    def finished(self) -> list[RunView]:
        """Every finished run of a model."""
        return [r for e in self.entries for r in e.finished]

    @property
    def any_run(self) -> RunView:
        """A run that knows the task's metrics and references: a finished one if possible."""
        candidates = [*self.finished, *(r for e in self.baselines for r in e.finished)]
        others = (r for e in [*self.entries, *self.baselines] for r in e.others)
        return next(iter([*candidates, *others]))

    @property
    def primary(self) -> dict[str, Any]:
        """Name, unit and direction of the primary metric."""
        return self.any_run.primary


def compare(runs: Sequence[RunView]) -> list[Comparison]:
    """Group runs. Runs with results define the comparisons; runs without join the ones they belong to."""
    found: list[Comparison] = []
    known = {r.id: _Known(r) for r in runs}
    for task in dict.fromkeys(r.task for r in runs):
        of_task = [r for r in runs if r.task == task]
        models = [r for r in of_task if r.kind != "baseline"]
        groups = list(dict.fromkeys(known[r.id].conditions for r in models if r.status == "finished"))
        if not groups:  # nothing finished: whatever is known of the others
            planned = [r for r in models if r.status != "incompatible"] or models or of_task
            groups = list(dict.fromkeys(known[r.id].conditions.anywhere for r in planned))
        all_models = list(dict.fromkeys(r.model for r in models))
        datasets = {g.dataset for g in groups}
        for conditions in groups:
            here = [r for r in models if _belongs(r, known[r.id].conditions, conditions, groups, datasets)]
            baselines = [r for r in of_task if r.kind == "baseline" and known[r.id].conditions.scored_as(conditions)]
            entries = _entries(here, known)
            present = {e.model for e in entries}
            entries += [Entry(model, model, "model") for model in all_models if model not in present]
            entries.sort(key=lambda e: all_models.index(e.model))
            synthetic = any(r.synthetic for r in [*here, *baselines])
            found.append(Comparison(task, conditions, entries, _entries(baselines, known), synthetic))
    return found


def one_line(text: str, longest: int = 300) -> str:
    """An error or reason on one line: the last line of a traceback, the beginning of a long text."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and lines[0].startswith("Traceback"):
        lines = lines[-1:]
    joined = " ".join(lines)
    return joined if len(joined) <= longest else joined[:longest] + " …"


class _Known:
    """Derived properties of a run, computed once because they are looked up often."""

    def __init__(self, run: RunView) -> None:
        flat = flatten(run.config)
        self.conditions = conditions_of(run, flat)
        # The settings that make a configuration, without seed, bookkeeping and conditions; of a baseline, its task's.
        self.settings = {
            name: value
            for name, value in flat.items()
            if meaning_of(name).variant and (run.kind != "baseline" or name.startswith("task."))
        }


def _belongs(
    run: RunView, own: Conditions, conditions: Conditions, groups: Sequence[Conditions], datasets: set[str]
) -> bool:
    """Whether a run belongs to the comparison: equal conditions; without a result, equal except for the environment;
    incompatible runs belong to every comparison of their data set, since no condition would change them.
    """
    if run.status == "finished":
        return own == conditions
    if run.status == "incompatible":
        return own.dataset == conditions.dataset or own.dataset not in datasets
    if own in groups:
        return own == conditions
    return own.anywhere == conditions.anywhere


def _entries(runs: Sequence[RunView], known: dict[int, _Known]) -> list[Entry]:
    """One entry a model and configuration, in the order in which they were planned."""
    entries: list[Entry] = []
    by_model: dict[str, list[RunView]] = {}
    for run in runs:
        by_model.setdefault(run.model, []).append(run)
    for model, of_model in by_model.items():
        differing = _differing(known[r.id].settings for r in of_model if r.status != "incompatible")
        by_label: dict[str, Entry] = {}
        for run in of_model:
            label = model
            if run.status != "incompatible" and differing:
                told = ", ".join(f"{n.removeprefix('model.')}={known[run.id].settings.get(n)}" for n in differing)
                label = f"{model} [{told}]"
            entry = by_label.setdefault(label, Entry(label, model, run.kind))
            (entry.finished if run.status == "finished" else entry.others).append(run)
        for entry in by_label.values():
            _keep_newest(entry)
        entries += by_label.values()
    return entries


def _differing(configurations: Iterable[dict[str, Any]]) -> list[str]:
    """The names of settings that are not equal in all of them."""
    configurations = list(configurations)
    names = dict.fromkeys(name for c in configurations for name in c)
    return [n for n in names if len({repr(c.get(n)) for c in configurations}) > 1]


def _keep_newest(entry: Entry) -> None:
    """One finished run per seed, the newest; states of older attempts at a finished seed no longer matter."""
    newest: dict[int, RunView] = {}
    for run in entry.finished:
        held = newest.get(run.seed)
        if held is None or (run.ended_at or 0.0) >= (held.ended_at or 0.0):
            newest[run.seed] = run
    entry.superseded = len(entry.finished) - len(newest)
    entry.finished = [newest[seed] for seed in sorted(newest)]
    entry.others = [r for r in entry.others if r.seed not in newest or r.status == "incompatible"]
