"""Where a training step of every built-in task spends its time: the most expensive operators, as shares of the step.

Settings are those of the quick start, and the model is `lstm`. Operators are counted without the operators they call,
as in torch's profiler; making the batch is listed as `batch`, and `python` is the time outside all operators.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from harness.bench.comparison import BenchRow
from harness.config import compose, to_settings
from harness.measure.clock import PhaseClock
from harness.nn.network import Network
from harness.registry.discovery import list_plugins
from harness.runtime import threads_for_one_run
from harness.training.data_module import training_loader
from harness.training.lightning_module import TrainingModule
from harness.training.load_data import load_data
from harness.training.pooled_video import pooled_once
from harness.training.seeding import seed_global

MODEL = "lstm"
TOP = 5
"""Operators shown per task."""

_WARM = 3


def profile_rows(rounds: int, threads: int | None = None) -> list[BenchRow]:
    """The largest shares of a step: rows `profile-TASK-OPERATOR`, ratio = share, a = seconds in it, b = of a step.

    Args:
        rounds: steps, after a few to warm up.
        threads: intra-op threads of this process from now on; None: as many as a run uses.
    """
    torch.set_num_threads(threads or threads_for_one_run())
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # keeps the profiler from reporting its start and stop on stderr
    built_in = [info.name for info in list_plugins("task") if info.distribution == "sequence-harness"]
    return [row for task in built_in for row in _of_task(task, max(_WARM, rounds))]


def _of_task(task: str, steps: int) -> Iterator[BenchRow]:
    settings = to_settings(compose(["experiment=quickstart", f"task={task}", f"model={MODEL}"]))
    data = load_data(settings.task)
    seed_global(0, "initialisation")
    network = Network(settings.model, settings.task.signature, data.input_spec, data.target_spec, settings.trainer)
    data = pooled_once(data, network)
    module = TrainingModule(network.train(), data.target_spec, settings.optimizer, PhaseClock())
    module.configure_optimizers()
    batches = iter(training_loader(data, settings.task.loader, 0))
    for _ in range(_WARM):
        module.train_step(next(batches))
    began = time.perf_counter()
    with profile(activities=[ProfilerActivity.CPU]) as found:
        for _ in range(steps):
            with record_function("batch"):
                batch = next(batches)
            module.train_step(batch)
    each = (time.perf_counter() - began) / steps
    seconds = {event.key: event.self_cpu_time_total / 1e6 / steps for event in found.key_averages()}
    seconds["python"] = max(0.0, each - sum(seconds.values()))
    for name in sorted(seconds, key=lambda key: -seconds[key])[:TOP]:
        about = f"of a step of {task} with {MODEL} ({torch.get_num_threads()} threads), profiler on"
        yield BenchRow(f"profile-{task}-{name}", seconds[name] / each, 0.0, seconds[name], each, about=about)
