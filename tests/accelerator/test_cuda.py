"""What holds on a CUDA device: the CPU's results, steps that never wait for the device, phases that add up.

Left out where there is none: `pytest tests/accelerator --accelerator`. The clause `devices` of the contract suite
compares every model's outputs with the CPU's wherever an accelerator is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from built_in import MODELS
from tiny_run import tiny_run

from harness.config.settings import OptimizerSettings
from harness.contract.batch import Batch
from harness.measure.clock import PhaseClock
from harness.registry.discovery import load_model
from harness.targets import CTCTarget
from harness.testing.model_subject import ModelSubject, subjects
from harness.training.lightning_module import TrainingModule

pytestmark = pytest.mark.accelerator


def _subjects(*, without: tuple[type, ...] = ()) -> list[Any]:
    found = [subject for name in MODELS if name != "keras_lstm" for subject in subjects(load_model(name)())]
    return [
        pytest.param(subject, id=f"{subject.model.name}-{subject.case_name}")
        for subject in found
        if not isinstance(subject.case.target, without)
    ]


@pytest.fixture
def full_precision() -> Iterator[None]:
    """Products in fp32: else recurrent layers and convolutions keep 10 bits of a figure."""
    with torch.backends.cudnn.flags(allow_tf32=False):
        yield


class _Steps:
    """So many steps, and nothing around them."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def before_step(self, module: TrainingModule) -> None:
        self.left -= 1

    def after_step(self, module: TrainingModule, batch: Batch) -> bool:
        return False


def _module(subject: ModelSubject, device: str, precision: str = "fp32") -> TrainingModule:
    module = TrainingModule(
        subject.network(), subject.case.target, OptimizerSettings(), PhaseClock(), precision, _Steps(0)
    )
    module.to(device).train()
    module.configure_optimizers()
    return module


def _train(module: TrainingModule, batch: Batch, steps: int) -> float:
    """Mean loss over the steps."""
    module.training_step(iter([batch] * steps), 0)
    total, count = module.take_totals()
    return total / count


@pytest.mark.parametrize("subject", _subjects())
def test_training_on_the_device_is_training_on_the_cpu(subject: ModelSubject, full_precision: None) -> None:
    batch = subject.batch()
    found = _train(_module(subject, "cuda"), batch, 10)
    expected = _train(_module(subject, "cpu"), batch, 10)
    assert found == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
# torch computes the CTC loss from lengths on the host, so that one waits, once a step.
@pytest.mark.parametrize("subject", _subjects(without=(CTCTarget,)))
def test_a_step_never_waits_for_the_device(subject: ModelSubject, precision: str) -> None:
    module, batch = _module(subject, "cuda", precision), subject.batch()
    module.training_step(iter([batch] * 3), 0)  # kernels are chosen and memory is taken
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        module.training_step(iter([batch] * 3), 0)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_run_on_the_device_ends_with_results_and_phases_that_add_up(tmp_path: Path) -> None:
    view, rows = tiny_run(tmp_path, "trainer.device=cuda", "budget=steps:40")
    assert view.status == "finished"
    assert view.summary is not None
    phases = view.summary.phases
    assert {"forward", "backward", "optimizer", "data_wait", "validation", "evaluation"} <= phases.keys()
    assert sum(phases.values()) == pytest.approx(view.summary.total_s)
    losses = [row.value for row in rows if row.name == "train/loss"]
    assert losses[-1] < losses[0]


def test_a_run_learns_the_same_on_both(tmp_path: Path, full_precision: None) -> None:
    words = ("model.dropout=0", "trainer.head_dropout=0", "budget=steps:20", "trainer.log_every=10")
    curves = {}
    for device in ("cpu", "cuda"):
        folder = tmp_path / device
        folder.mkdir()
        _, rows = tiny_run(folder, f"trainer.device={device}", *words)
        curves[device] = [row.value for row in rows if row.name == "train/loss"]
    assert curves["cuda"] == pytest.approx(curves["cpu"], rel=1e-2)


def test_memory_and_energy_are_the_devices_own(tmp_path: Path) -> None:
    view, _ = tiny_run(tmp_path, "trainer.device=cuda")
    assert view.summary is not None
    assert view.summary.memory["accelerator_peak_bytes"] > 0
    assert view.summary.energy["joules"] > 0
    assert view.summary.energy["method"] == "nvml"
