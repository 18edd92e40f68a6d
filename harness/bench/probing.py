"""What the probe before a run takes, for every task and model of the quick start, over the second it may take."""

from __future__ import annotations

import time

import torch

from harness.bench.comparison import BenchRow, row
from harness.config import compose, to_settings
from harness.config.composition import experiment_grids
from harness.config.settings import RunSettings
from harness.contract.task import TaskData
from harness.nn.network import Network
from harness.registry.compatibility import check
from harness.training.load_data import load_data
from harness.training.pooled_video import pooled_once
from harness.training.probe import probe
from harness.training.seeding import seed_global

EXPERIMENT = "experiment=quickstart"

MOST_S = 1.0
"""The longest acceptable time of one probe, the first in a process included."""


def probing_rows(rounds: int) -> list[BenchRow]:
    """Seconds of the probe for every pair that fits; data sets are downloaded and prepared first if necessary."""
    grids = experiment_grids([EXPERIMENT])
    rows = []
    for task in grids.common["task"]:
        data: TaskData | None = None
        for model in grids.of(task)["model"]:
            settings = to_settings(compose([EXPERIMENT, f"task={task}", f"model={model}"]), threads=1)
            signature = settings.task.signature
            if not check(signature, model, settings.model.capabilities(signature)).compatible:
                continue
            data = data or load_data(settings.task)
            rows.append(probing_row(settings, data, rounds))
    return rows


def probing_row(settings: RunSettings, data: TaskData, rounds: int) -> BenchRow:
    """Seconds of the probe of one pair, over the most that it may take."""
    torch.set_num_threads(1)
    seed_global(settings.seed, "initialisation")
    network = Network(settings.model, settings.task.signature, data.input_spec, data.target_spec, settings.trainer)
    data, took = pooled_once(data, network), []
    for _ in range(rounds):
        began = time.perf_counter()
        probe(network, data, settings.model.name)
        took.append(time.perf_counter() - began)
    return row(
        f"probe-{settings.task.name}-{settings.model.name}",
        took,
        [MOST_S] * rounds,
        limit=1.0,
        about=f"the probe of {settings.model.name} on {settings.task.dataset_name}, over the {MOST_S:g} s it may take; "
        f"the first one took {1000 * took[0]:.0f} ms",
    )
