"""From the store to comparisons: which runs may stand in one table, and under which label.

Runs are compared only under equal conditions (`Conditions`): the data set, the budget, the precision, how many
examples were used, and the environment. Every set of conditions of a task is a `Comparison` of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.errors import StoreError
from harness.store import Store, query
from harness.store.query import RunView
from harness.store.records import EnvironmentRecord

_NOT_A_VARIANT = (
    *("seed", "sweep", "budget", "trainer.precision", "task.eval_limit", "task.train_limit", "baselines"),
    *("logger", "exclusive"),  # these cannot change a result, and neither can limits
)


@dataclass(frozen=True)
class Conditions:
    """What must be equal for results to share a table; None: not known, or no limit."""

    dataset: str
    budget: str | None
    precision: str | None
    environment: str | None
    eval_limit: int | None
    train_limit: int | None

    @property
    def evaluation(self) -> tuple[str, int | None]:
        """What must be equal for scores (not times) to be compared: baselines need no more."""
        return self.dataset, self.eval_limit


@dataclass
class Entry:
    """A row of a comparison: one model (or baseline) in one configuration, over its seeds.

    Attributes:
        label: the model's name, with what tells this configuration from the model's others in brackets.
        finished: its finished runs by seed, the newest of each.
        others: runs of it in any other state.
        superseded: older finished runs of the same seed that are not shown (the code or the data changed since).
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
        """A run that knows the task's metrics and references: finished where there is one."""
        candidates = [*self.finished, *(r for e in self.baselines for r in e.finished)]
        others = (r for e in [*self.entries, *self.baselines] for r in e.others)
        return next(iter([*candidates, *others]))

    @property
    def primary(self) -> dict[str, Any]:
        """Name, unit and direction of the primary metric."""
        return self.any_run.primary


@dataclass
class ReportData:
    """Everything that a report shows."""

    sweep: str | None
    store_id: str
    runs: list[RunView]
    comparisons: list[Comparison]
    environments: dict[str, EnvironmentRecord]
    models: list[str]

    @property
    def tasks(self) -> list[str]:
        """Task names in the order in which they were planned."""
        return list(dict.fromkeys(c.task for c in self.comparisons))

    def count(self, *states: str) -> int:
        """How many runs are in one of these states."""
        return sum(r.status in states for r in self.runs)


def load(store: Store, sweep: str | None = None) -> ReportData:
    """Read runs and group them.

    Raises:
        UnknownNameError: no such sweep.
        StoreError: there is nothing to report.
    """
    runs = query.runs(store, sweep=sweep)
    if not runs:
        raise StoreError(
            f"The results store {store.url} holds no runs yet. Start with: harness sweep experiment=quickstart"
        )
    known = query.environments(store)
    used = {r.environment for r in runs if r.environment}
    comparisons = _comparisons(runs)
    labels = [e.label for c in comparisons for e in c.entries]
    return ReportData(
        sweep=sweep,
        store_id=store.store_id,
        runs=runs,
        comparisons=comparisons,
        environments={h: e for h, e in known.items() if h in used},
        models=list(dict.fromkeys(labels)),
    )


def conditions_of(run: RunView) -> Conditions:
    """The conditions that a run was planned or run under."""
    flat = flatten(run.config)
    return Conditions(
        dataset=run.dataset,
        budget=flat.get("budget"),
        precision=flat.get("trainer.precision"),
        environment=run.environment,
        eval_limit=flat.get("task.eval_limit"),
        train_limit=flat.get("task.train_limit"),
    )


def flatten(config: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted name; lists become JSON text."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = json.dumps(value) if isinstance(value, list) else value
    return flat


def one_line(text: str, longest: int = 300) -> str:
    """An error or reason on one line: of a traceback its last one, of a long text its beginning."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and lines[0].startswith("Traceback"):
        lines = lines[-1:]
    joined = " ".join(lines)
    return joined if len(joined) <= longest else joined[:longest] + " …"


# -- grouping ----------------------------------------------------------------------------------------


def _comparisons(runs: list[RunView]) -> list[Comparison]:
    """Runs of models with results span the comparisons; runs without an environment join those they belong to."""
    found: list[Comparison] = []
    for task in dict.fromkeys(r.task for r in runs):
        of_task = [r for r in runs if r.task == task]
        models = [r for r in of_task if r.kind != "baseline"]
        ran = [r for r in models if r.status == "finished"]
        groups = list(dict.fromkeys(conditions_of(r) for r in ran))
        if not groups:  # nothing finished: whatever is known of the planned runs
            groups = list(dict.fromkeys(_anywhere(conditions_of(r)) for r in models or of_task))
        all_models = list(dict.fromkeys(r.model for r in models))
        for conditions in groups:
            here = [r for r in models if _belongs(r, conditions, groups)]
            baselines = [
                r for r in of_task if r.kind == "baseline" and conditions_of(r).evaluation == conditions.evaluation
            ]
            entries = _entries(here)
            for model in all_models:
                if model not in {e.model for e in entries}:
                    entries.append(Entry(model, model, "model"))
            entries.sort(key=lambda e: all_models.index(e.model))
            synthetic = any(r.synthetic for r in [*here, *baselines])
            found.append(Comparison(task, conditions, entries, _entries(baselines), synthetic))
    return found


def _anywhere(conditions: Conditions) -> Conditions:
    return Conditions(**{**conditions.__dict__, "environment": None})


def _belongs(run: RunView, conditions: Conditions, groups: list[Conditions]) -> bool:
    """Whether a run stands in the comparison: equal conditions; without a result, equal but for the environment;
    an incompatible one in every comparison of its data set, since no condition would change it.
    """
    own = conditions_of(run)
    if run.status == "finished":
        return own == conditions
    if run.status == "incompatible":
        return own.dataset == conditions.dataset or own.dataset not in {g.dataset for g in groups}
    if own in groups:
        return own == conditions
    return _anywhere(own) == _anywhere(conditions)


def _entries(runs: list[RunView]) -> list[Entry]:
    """One entry a model and configuration, in the order in which they were planned."""
    entries: list[Entry] = []
    for model in dict.fromkeys(r.model for r in runs):
        of_model = [r for r in runs if r.model == model]
        settings = {r.id: _settings(r) for r in of_model}
        differing = _differing(settings[r.id] for r in of_model if r.status != "incompatible")
        by_label: dict[str, Entry] = {}
        for run in of_model:
            label = model
            if run.status != "incompatible" and differing:
                told = ", ".join(f"{n.removeprefix('model.')}={settings[run.id].get(n)}" for n in differing)
                label = f"{model} [{told}]"
            entry = by_label.setdefault(label, Entry(label, model, run.kind))
            if run.status == "finished":
                entry.finished.append(run)
            else:
                entry.others.append(run)
        for entry in by_label.values():
            _keep_newest(entry)
        entries += by_label.values()
    return entries


def _settings(run: RunView) -> dict[str, Any]:
    """The settings that make a configuration, without seed, bookkeeping and conditions; of a baseline, its task's."""
    flat = flatten(run.config)
    if run.kind == "baseline":
        flat = {k: v for k, v in flat.items() if k.startswith("task.")}
    return {k: v for k, v in flat.items() if k not in _NOT_A_VARIANT and not k.startswith(("tuning", "limits"))}


def _differing(configurations: Iterable[dict[str, Any]]) -> list[str]:
    configurations = list(configurations)
    names = dict.fromkeys(name for c in configurations for name in c)
    return [n for n in names if len({repr(c.get(n)) for c in configurations}) > 1]


def _keep_newest(entry: Entry) -> None:
    """One finished run a seed: the newest; states of older attempts at a finished seed no longer matter."""
    newest: dict[int, RunView] = {}
    for run in entry.finished:
        held = newest.get(run.seed)
        if held is None or (run.ended_at or 0.0) >= (held.ended_at or 0.0):
            newest[run.seed] = run
    entry.superseded = len(entry.finished) - len(newest)
    entry.finished = [newest[seed] for seed in sorted(newest)]
    entry.others = [r for r in entry.others if r.seed not in newest or r.status == "incompatible"]
