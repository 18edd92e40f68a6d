"""Delays put into every part of a real run are found in their own phase, and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback
from tiny_run import tiny_run

from harness.measure import clock as clock_module
from harness.training import callback, execute, session
from harness.training.checkpoint import AtomicCheckpointIO
from harness.training.data_module import ExampleBatches
from harness.training.metric_writer import MetricWriter

UNIT = 1000.0
"""Seconds, so long that what the run really takes does not matter."""


class Skewed:
    """The real clock, which can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def perf_counter(self) -> float:
        return time.perf_counter() + self.ahead


@pytest.fixture
def clock() -> Iterator[Skewed]:
    skewed = Skewed()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock_module, "time", skewed)
        yield skewed


def _late(clock: Skewed, call: Callable[..., Any], seconds: float) -> Callable[..., Any]:
    def slow(*args: Any, **options: Any) -> Any:
        clock.ahead += seconds
        return call(*args, **options)

    return slow


class _SlowGradient(torch.autograd.Function):
    """The identity, whose gradient takes its time."""

    clock: Skewed

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        _SlowGradient.clock.ahead += UNIT
        return gradient


def _slow_epochs(clock: Skewed) -> Callable[..., Any]:
    original = ExampleBatches.epoch_from

    def epoch_from(self: ExampleBatches, skip: int) -> Iterator[Any]:
        for batch in original(self, skip):
            clock.ahead += UNIT
            yield batch

    return epoch_from


def _inject(part: str, clock: Skewed, patch: pytest.MonkeyPatch) -> None:
    from harness.nn.network import Network

    places: dict[str, tuple[Any, str]] = {
        "data_preparation": (execute, "load_data"),
        "setup": (execute, "initial_network"),
        "optimizer": (torch.optim.AdamW, "step"),
        "validation": (callback, "evaluate"),
        "evaluation": (execute, "evaluate"),
        "latency": (execute, "measure_latency"),
        "logging": (MetricWriter, "put"),
        "samples": (session.RunFolder, "write_samples"),
    }
    if part == "data_wait":
        patch.setattr(ExampleBatches, "epoch_from", _slow_epochs(clock))
    elif part in ("forward", "backward"):
        original = Network.read
        _SlowGradient.clock = clock

        def forward(self: Any, *args: Any, **options: Any) -> Any:
            outputs, lengths, state = original(self, *args, **options)
            if not self.training:  # validation has a phase of its own
                return outputs, lengths, state
            if part == "forward":
                clock.ahead += UNIT
                return outputs, lengths, state
            return _SlowGradient.apply(outputs), lengths, state

        patch.setattr(Network, "read", forward)
    else:
        owner, name = places[part]
        patch.setattr(owner, name, _late(clock, getattr(owner, name), UNIT))


STEPS, VALIDATIONS = 6, 2
# The first step is the warm-up: of six steps, five count as forward, backward and optimizer.
FOUND = {
    "data_preparation": {"data_preparation": 1},
    "setup": {"setup": 1},
    "data_wait": {"data_wait": STEPS},
    "forward": {"warmup": 1, "forward": STEPS - 1},
    "backward": {"warmup": 1, "backward": STEPS - 1},
    "optimizer": {"warmup": 1, "optimizer": STEPS - 1},
    "validation": {"validation": VALIDATIONS},
    "evaluation": {"evaluation": 1},
    "latency": {"latency": 1},
    "logging": {"logging": 5},  # three times training, two validations
    "samples": {"logging": 1},
}


@pytest.mark.parametrize("part", FOUND)
def test_a_delay_is_found_in_its_own_phase(part: str, clock: Skewed, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        _inject(part, clock, patch)
        view, rows = tiny_run(tmp_path)
    assert view.summary is not None
    phases = view.summary.phases
    late = {phase: round(seconds / UNIT) for phase, seconds in phases.items() if seconds > UNIT / 2}
    assert late == FOUND[part]
    assert sum(phases.values()) == pytest.approx(view.summary.total_s)
    in_training = sum(count for phase, count in FOUND[part].items() if phase in clock_module.TRAINING)
    assert round(view.summary.train_s / UNIT) == in_training
    assert round(max(row.seconds for row in rows) / UNIT) == in_training


class SlowCallback(Callback):
    """A user's callback that takes its time at every step and validation."""

    clock: Skewed

    def on_train_batch_end(self, *args: Any) -> None:
        SlowCallback.clock.ahead += UNIT

    def on_validation_end(self, *args: Any) -> None:
        SlowCallback.clock.ahead += UNIT


WATCHED = FOUND | {
    "data_wait": {"data_wait": STEPS + 1},  # Lightning fetches one ahead where it is given batches
    "logging": {"logging": 5, "callbacks": 4},  # the learning rate: before the epoch and at every second step
    "callbacks": {"callbacks": STEPS + VALIDATIONS},
}


@pytest.mark.parametrize(
    "part", ["data_wait", "forward", "backward", "optimizer", "validation", "logging", "callbacks"]
)
def test_a_delay_is_found_in_its_own_phase_where_a_callback_watches_too(
    part: str, clock: Skewed, tmp_path: Path
) -> None:
    SlowCallback.clock = clock
    words = "trainer.callbacks=[LearningRateMonitor]"
    with pytest.MonkeyPatch.context() as patch:
        if part == "callbacks":
            patch.setattr("probe_callback.Probe", SlowCallback)
            words = "trainer.callbacks=[probe_callback.Probe]"
        else:
            _inject(part, clock, patch)
        view, _ = tiny_run(tmp_path, words)
    assert view.summary is not None
    phases = view.summary.phases
    late = {phase: round(seconds / UNIT) for phase, seconds in phases.items() if seconds > UNIT / 2}
    assert late == WATCHED[part]
    assert sum(phases.values()) == pytest.approx(view.summary.total_s)
    in_training = sum(count for phase, count in WATCHED[part].items() if phase in clock_module.TRAINING)
    assert round(view.summary.train_s / UNIT) == in_training


def test_a_checkpoint_is_no_training_time(clock: Skewed, tmp_path: Path) -> None:
    saved = 0
    original = AtomicCheckpointIO.save_checkpoint

    def slow(self: AtomicCheckpointIO, *args: Any, **options: Any) -> None:
        nonlocal saved
        saved += 1
        clock.ahead += UNIT
        original(self, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AtomicCheckpointIO, "save_checkpoint", slow)
        view, rows = tiny_run(tmp_path)
    assert view.summary is not None
    late = {phase: round(seconds / UNIT) for phase, seconds in view.summary.phases.items() if seconds > UNIT / 2}
    assert saved >= 3  # before the end, at the end, and the best weights as often as a validation was the best so far
    assert late == {"checkpoint": saved}
    assert max(row.seconds for row in rows) < UNIT


def test_a_run_has_every_phase_and_together_they_are_its_wall_time(tmp_path: Path) -> None:
    view, _ = tiny_run(tmp_path)
    assert view.summary is not None
    assert view.summary.phases.keys() == {
        "setup", "data_preparation", "warmup", "data_wait", "forward", "backward", "optimizer", "validation",
        "evaluation", "latency", "checkpoint", "logging", "other", clock_module.UNATTRIBUTED,
    }  # fmt: skip
    assert sum(view.summary.phases.values()) == view.summary.total_s
