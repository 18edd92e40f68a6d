"""The gradient norm that a run logs: the largest between two logs, before clipping."""

from __future__ import annotations

import copy
import math
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_run import WORDS, tiny_run

from harness.config import compose, to_settings
from harness.measure.clock import PhaseClock
from harness.training.data_module import EndlessBatches, training_loader
from harness.training.initial import initial_network
from harness.training.lightning_module import TrainingModule
from harness.training.load_data import load_data


@pytest.mark.parametrize("clip", [0.0, 1e-3])
def test_it_is_the_largest_of_the_steps_before_clipping(clip: float) -> None:
    settings = to_settings(compose(WORDS), threads=1)
    data = load_data(settings.task)
    network, target = initial_network(settings, data).eval(), data.target_spec  # dropout would differ
    module = TrainingModule(network, target, replace(settings.optimizer, clip=clip), PhaseClock())
    module.configure_optimizers()
    wanted = []
    for _, batch in zip(range(3), EndlessBatches(training_loader(data, settings.task.loader, 0)), strict=False):
        apart = copy.deepcopy(network)
        features, lengths, _ = apart.features(batch.inputs, batch.input_lengths, batch.targets)
        mean, _, _ = target.training_loss(apart.head, features, lengths, batch)
        mean.backward()
        grads = [p.grad.double() for p in apart.parameters() if p.grad is not None]
        wanted.append(math.sqrt(sum(float(grad.square().sum()) for grad in grads)))
        module.train_step(batch)
    assert module.take_grad_norm() == pytest.approx(max(wanted), rel=1e-4)
    assert module.take_grad_norm() is None


def test_a_run_logs_it_beside_the_training_loss(tmp_path: Path) -> None:
    _, rows = tiny_run(tmp_path)
    steps = {name: [row.step for row in rows if row.name == name] for name in ("train/loss", "train/grad_norm")}
    assert steps["train/grad_norm"] == steps["train/loss"] == [2, 4, 6]
    assert all(row.value > 0 for row in rows if row.name == "train/grad_norm")
