"""The share of a training step spent waiting for its batch, on every task of the quick start, with its settings."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from harness.bench.comparison import BenchRow, row
from harness.config import compose, to_settings
from harness.config.composition import experiment_grids
from harness.config.settings import RunSettings
from harness.measure.clock import PhaseClock
from harness.nn.network import Network
from harness.training.data_module import EndlessBatches, training_loader
from harness.training.device import device_of
from harness.training.lightning_module import TrainingModule
from harness.training.load_data import load_data
from harness.training.pooled_video import pooled_once
from harness.training.prefetch import prefetched
from harness.training.seeding import seed_global

EXPERIMENT, MODEL = "experiment=quickstart", "lstm"
LIMIT = 0.02
"""The largest acceptable share of a step spent waiting for data."""


def data_wait_rows(rounds: int, steps: int = 20) -> list[BenchRow]:
    """The share on every task, with the smallest gated model: the shorter the step, the more visible the wait.

    Args:
        rounds: blocks of steps; the share is their median.
        steps: of a block, after as many to warm up. Data sets are downloaded and prepared first if necessary.
    """
    tasks = experiment_grids([EXPERIMENT]).common["task"]
    return [
        data_wait_row(to_settings(compose([EXPERIMENT, f"task={t}", f"model={MODEL}"])), rounds, steps) for t in tasks
    ]


def data_wait_row(settings: RunSettings, rounds: int, steps: int) -> BenchRow:
    """Seconds of waiting over seconds of the whole step, for one task and model."""
    blocks = _blocks(settings, rounds, steps)
    return row(
        f"data-wait-{settings.task.name}",
        [block.waited / steps for block in blocks],
        [block.whole / steps for block in blocks],
        limit=LIMIT,
        about=f"waiting for a batch over the whole step, {settings.model.name} on {settings.task.dataset_name}",
    )


@dataclass
class _Block:
    """Seconds of a number of steps: waiting for batches, and in total."""

    waited: float
    whole: float


def _blocks(settings: RunSettings, rounds: int, steps: int) -> list[_Block]:
    data, device = load_data(settings.task), device_of(settings.trainer.device)
    seed_global(settings.seed, "initialisation")
    network = Network(settings.model, settings.task.signature, data.input_spec, data.target_spec, settings.trainer)
    data = pooled_once(data, network)
    module = TrainingModule(network.to(device), data.target_spec, settings.optimizer, PhaseClock())
    module.configure_optimizers()
    batches = prefetched(EndlessBatches(training_loader(data, settings.task.loader, settings.seed)), device)
    found = []
    for _ in range(rounds + 1):
        waited, began = 0.0, time.perf_counter()
        for _ in range(steps):
            asked = time.perf_counter()
            batch = next(batches)
            waited += time.perf_counter() - asked
            module.train_step(batch.to(device))
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        found.append(_Block(waited, time.perf_counter() - began))
    return found[1:]
