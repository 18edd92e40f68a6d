"""For notebooks: runs and metrics as tidy pandas data frames, and a function to execute one run.

    import harness
    harness.runs(task="translation")
    harness.metrics(sweep="quickstart", name="val/loss")
    harness.run(["task=translation", "model=lstm", "seed=1"])

`RUN_COLUMNS` and `METRIC_COLUMNS` describe each column and its unit. Unknown values are missing (NA),
never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import StoreError, UnknownNameError, UserError

if TYPE_CHECKING:
    import pandas as pd

    from harness.store import RunView, Store
    from harness.store.records import RunSummary

RUN_COLUMNS: dict[str, tuple[str, str, str]] = {
    "key": ("string", "", "identity of the run: 64 hexadecimal digits derived from its content"),
    "environment": ("string", "", "hash of the environment it ran in; NA before it started"),
    "sweep": ("string", "", "the requested sweep, else the first that planned it"),
    "task": ("string", "", "name of the task"),
    "dataset": ("string", "", "name of the data set"),
    "model": ("string", "", "name of the model, or of the baseline"),
    "kind": ("string", "", "model or baseline"),
    "seed": ("Int64", "", "seed of the run"),
    "status": ("string", "", "planned, running, finished, failed, interrupted or incompatible"),
    "reason": ("string", "", "why it is incompatible, or the error it failed with"),
    "synthetic": ("boolean", "", "whether the data is generated"),
    "metric": ("string", "", "name of the task's primary metric"),
    "value": ("Float64", "see `unit`", "the primary metric on the final split"),
    "unit": ("string", "", "unit of the primary metric"),
    "higher_is_better": ("boolean", "", "direction of the primary metric"),
    "split": ("string", "", "the final split: test, or val for trials of a search"),
    "parameters": ("Int64", "parameters", "all weights, trained and fixed"),
    "fixed_parameters": ("Int64", "parameters", "those that are not trained"),
    "encoder_parameters": ("Int64", "parameters", "those of the encoder alone"),
    "decoder_parameters": ("Int64", "parameters", "those of the decoder, except what it shares with the encoder"),
    "total_s": ("Float64", "s", "wall time of the run"),
    "train_s": ("Float64", "s", "training time: without validation and checkpoints"),
    "to_target_s": ("Float64", "s", "training time until the target was first reached"),
    "throughput": ("Float64", "see `throughput_unit`", "real, unpadded units per second of training time"),
    "throughput_unit": ("string", "", "unit of the throughput"),
    "memory_peak_bytes": ("Int64", "bytes", "peak memory of the run's processes"),
    "training_peak_bytes": ("Int64", "bytes", "peak in training, less what the process used before the run"),
    "evaluation_peak_bytes": ("Int64", "bytes", "peak in evaluation, likewise"),
    "latency_1_ms": ("Float64", "ms", "median time to predict one test example"),
    "latency_batch_ms": ("Float64", "ms", "median time to predict a batch of the test evaluation"),
    "real_time_factor": ("Float64", "", "seconds of computation per second of signal, one example at a time"),
    "load_average": ("Float64", "processes", "mean load average of the machine over the run"),
    "other_cpu_share": ("Float64", "0 to 1", "share of the usable cores used by other processes"),
    "waiting_share": ("Float64", "0 to 1", "share of time in which threads were ready but had no core"),
    "contended": ("boolean", "", "whether the machine was too busy for times to be compared"),
    "energy_j": ("Float64", "J", "energy, only if the machine measures it"),
    "energy_method": ("string", "", "what measured it: rapl or nvml"),
    "attempts": ("Int64", "", "how often the run was started"),
    "created_at": ("datetime64[ns, UTC]", "UTC", "when it was planned"),
    "started_at": ("datetime64[ns, UTC]", "UTC", "when its last attempt started"),
    "ended_at": ("datetime64[ns, UTC]", "UTC", "when it ended"),
}
"""Columns of `runs`: pandas type, unit, meaning. One more for each requested setting."""

METRIC_COLUMNS: dict[str, tuple[str, str, str]] = {
    "key": ("category", "", "the run, as in `runs`"),
    "environment": ("category", "", "the environment, as in `runs`"),
    "task": ("category", "", "name of the task"),
    "dataset": ("category", "", "name of the data set"),
    "model": ("category", "", "name of the model, or of the baseline"),
    "seed": ("int64", "", "seed of the run"),
    "status": ("category", "", "state of the run"),
    "split": ("category", "", "train, val or test"),
    "metric": ("category", "", "name of the metric"),
    "step": ("Int64", "optimizer steps", "steps so far; NA for a final value"),
    "epoch": ("float64", "epochs", "passes over the training data so far"),
    "examples": ("Int64", "examples", "training examples so far"),
    "seconds": ("float64", "s", "training time so far, validation excluded"),
    "value": ("float64", "see `unit`", "the value"),
    "unit": ("category", "", "unit of the metric, if the task declares one"),
    "higher_is_better": ("boolean", "", "direction of the metric, if the task declares one"),
}
"""Columns of `metrics`: pandas type, unit, meaning."""


def runs(
    store: Store | str | Path | None = None,
    *,
    sweep: str | None = None,
    task: str | None = None,
    model: str | None = None,
    status: str | None = None,
    settings: Sequence[str] = (),
) -> pd.DataFrame:
    """One row per run, in the order of planning; columns as in `RUN_COLUMNS`.

    Args:
        store: an open store, its file or its URL; None: the store used by the commands.
        sweep: only runs of this sweep; likewise `task`, `model`, `status`.
        settings: dotted names of settings ("optimizer.lr"), each added as a column.

    Raises:
        StoreError: there is no such store.
        UnknownNameError: no such sweep or state, or no run has such a setting.
    """
    from harness.store import query

    with _opened(store) as opened:
        views = query.runs(opened, sweep=sweep, task=task, model=model, status=status)
    return _frame_of(views, settings)


def metrics(
    store: Store | str | Path | None = None,
    *,
    sweep: str | None = None,
    task: str | None = None,
    model: str | None = None,
    status: str | None = None,
    name: str | Iterable[str] | None = None,
    final: bool = False,
) -> pd.DataFrame:
    """One row per logged value, by run, metric and step; columns as in `METRIC_COLUMNS`.

    Args:
        store: an open store, its file or its URL; None: the store used by the commands.
        sweep: only values of this sweep's runs; likewise `task`, `model`, `status`.
        name: only these metrics, split and name: "val/loss", or several of them.
        final: the final values of finished runs instead of their curves; they have no step.

    Raises:
        StoreError: there is no such store.
        UnknownNameError: no such sweep or state.
    """
    import numpy as np
    import pandas as pd

    from harness.store import query

    names = None if name is None else [name] if isinstance(name, str) else list(name)
    with _opened(store) as opened:
        views = query.runs(opened, sweep=sweep, task=task, model=model, status=status)
        columns = query.metric_columns(opened, [view.id for view in views], names, final=final)
    place = pd.Series({view.id: number for number, view in enumerate(views)}, dtype="int64")
    of_run = place.reindex(columns.pop("run_id")).to_numpy(dtype="int64")
    label = pd.Categorical(columns.pop("name"))
    split_of = [str(full).partition("/")[0] for full in label.categories]
    metric_of = [str(full).partition("/")[2] for full in label.categories]
    made: dict[str, Any] = {
        column: pd.Categorical([getattr(view, column) for view in views]).take(of_run)
        for column in ("key", "environment", "task", "dataset", "model", "status")
    }
    made["seed"] = pd.Series([view.seed for view in views], dtype="int64").to_numpy()[of_run]
    made["split"] = pd.Categorical(split_of).take(label.codes) if len(label) else pd.Categorical([])
    made["metric"] = pd.Categorical(metric_of).take(label.codes) if len(label) else pd.Categorical([])
    made |= columns
    for column in ("unit", "higher_is_better"):
        table = np.empty((len(views), len(metric_of)), dtype=object)  # (runs, metrics): what each task declares
        for number, view in enumerate(views):
            table[number] = [view.units.get(metric, {}).get(column) for metric in metric_of]
        made[column] = table[of_run, label.codes]
    return pd.DataFrame({column: _typed(made[column], kind) for column, (kind, _, _) in METRIC_COLUMNS.items()})


def run(overrides: Sequence[str] = (), *, store: str | Path | None = None) -> pd.DataFrame:
    """Train and test one model on one task, as `harness run` does, and print nothing.

    A finished run is not run again. The run folder is in HARNESS_RESULTS, as for the command.

    Args:
        overrides: `NAME=VALUE` as after `harness run`: ["task=translation", "model=lstm", "budget=epochs:1"].
        store: the results store's file or URL; None: the one used by the commands.

    Returns:
        One row, columns as in `RUN_COLUMNS`.

    Raises:
        UserError: a word is wrong, the model cannot do the task, or another process is executing this run.
    """
    from harness.runtime import tune_allocator

    tune_allocator()  # before anything imports torch
    from harness.store import Store, query
    from harness.store.engine import results_folder
    from harness.sweeping.single_run import plan_one
    from harness.sweeping.sweep import run_one
    from harness.sweeping.sweep_display import SweepDisplay

    with ExitStack() as stack:
        opened = cache(lambda: stack.enter_context(Store.open(_url(store))))
        planned = plan_one(overrides, opened)
        display = SweepDisplay(quiet=True)
        result = run_one(planned, opened(), results_folder(), display)
        outcome = result.outcomes.get(planned.plan.key)
        if outcome is not None and outcome.status != "done":
            raise outcome.raised or UserError(outcome.error)
        if result.elsewhere:
            raise StoreError(f"Another process is running run {planned.plan.key[:12]} at the moment.")
        return _frame_of([query.run(opened(), planned.plan.key)], ())


@contextmanager
def _opened(store: Store | str | Path | None) -> Iterator[Store]:
    """The store; one passed in open is left open."""
    from harness.store import Store

    if isinstance(store, Store):
        yield store
        return
    with Store.open(_url(store), create=False) as opened:
        yield opened


def _url(store: str | Path | None) -> str | None:
    """A file's path as a URL."""
    if store is None:
        return None
    from harness.store.place import url_of

    return url_of(store)


def _frame_of(views: Sequence[RunView], settings: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    rows = [_row(view) for view in views]
    columns = {
        name: _typed([row[name] for row in rows], kind) for name, (kind, _, _) in RUN_COLUMNS.items()
    }  # fmt: skip
    for name in settings:
        values = [_setting(view.config, name) for view in views]
        if views and all(value is _ABSENT for value in values):
            known = {full for view in views for full in _names(view.config)}
            raise UnknownNameError("setting", name, known, "the configurations of these runs")
        columns[name] = pd.Series([pd.NA if value is _ABSENT or value is None else value for value in values])
    return pd.DataFrame(columns)


def _row(view: RunView) -> dict[str, Any]:
    s = view.summary
    known: dict[str, Any] = {name: getattr(view, name, None) for name in RUN_COLUMNS}
    known |= {
        "metric": view.primary.get("name"),
        "value": view.primary_value,
        "unit": view.primary.get("unit"),
        "higher_is_better": view.primary.get("higher_is_better"),
    }
    if s is None:
        return known
    copied = (
        "split", "parameters", "fixed_parameters", "encoder_parameters", "decoder_parameters", "total_s", "train_s",
        "to_target_s",
    )  # fmt: skip
    return known | {name: getattr(s, name) for name in copied} | {
        "throughput": s.throughput or None,
        "throughput_unit": s.throughput_unit or None,
        "memory_peak_bytes": s.memory_peak_bytes or None,
        "training_peak_bytes": s.memory.get("training_peak_bytes"),
        "evaluation_peak_bytes": s.memory.get("evaluation_peak_bytes"),
        "latency_1_ms": _latency(s, "one", "p50_ms"),
        "latency_batch_ms": _latency(s, "batch", "p50_ms"),
        "real_time_factor": _latency(s, "one", "real_time_factor"),
        "load_average": s.machine.get("load_average_mean"),
        "other_cpu_share": s.machine.get("other_cpu_share"),
        "waiting_share": s.machine.get("waiting_share"),
        "contended": s.machine.get("contended"),
        "energy_j": s.energy.get("joules"),
        "energy_method": s.energy.get("method"),
    }  # fmt: skip


def _latency(summary: RunSummary, part: str, name: str) -> Any:
    return (summary.details.get("latency") or {}).get(part, {}).get(name)


def _typed(values: Any, kind: str) -> pd.Series:
    import pandas as pd

    if kind.startswith("datetime"):
        return pd.Series(pd.to_datetime(pd.Series(values, dtype="float64"), unit="s", utc=True)).astype(kind)
    return pd.Series(values, dtype=kind)


_ABSENT = object()


def _setting(config: Any, name: str) -> Any:
    for part in name.split("."):
        if not isinstance(config, dict) or part not in config:
            return _ABSENT
        config = config[part]
    return config


def _names(config: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _names(value, f"{prefix}{name}.")
        else:
            yield prefix + name
