"""What a training step costs beyond the network: the audit alone, and the whole harness against a loop by hand.

One Lightning run trains as any run does, with its callback, clock, watchers and a store. Blocks of steps alternate:
with the audit, without it, and a hand-written loop over the same network and data; each triple gives one ratio.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import torch

from harness.batch import Example, ListDataset
from harness.bench.comparison import Row, row, timed
from harness.data.sources import Source
from harness.metrics.classification import ACCURACY
from harness.nn.losses import loss_sum
from harness.nn.network import Network
from harness.specs import ClassTarget, FrameInput
from harness.store import Store
from harness.store.records import EnvironmentRecord, RunPlan
from harness.task import Loader, Metric, Task, TaskData
from harness.testing.reference import Reference
from harness.training.callback import RunCallback, Surroundings
from harness.training.data_module import EndlessBatches, training_loader
from harness.training.lightning_module import TrainingModule
from harness.training.measurements import Measurements
from harness.training.metric_writer import MetricWriter
from harness.training.run import TimedBatches, make_trainer
from harness.training.run_folder import RunFolder
from harness.training.seeding import seed_global
from harness.training.settings import OptimizerSettings, RunSettings, TrainerSettings
from harness.training.stopping import StopRequest
from harness.training.timing import PhaseClock

BLOCK_S = 1.2
"""Seconds of a block, so that what happens once a second happens in most."""

_KINDS = ("with", "without", "by hand")
_TIME, _FEATURES = 24, 16


@dataclass
class SpeedTask(Task):
    """Frames of noise with a class: only their number matters."""

    name: ClassVar[str] = "speed"
    input_type = FrameInput
    target_type = ClassTarget
    metrics: ClassVar[tuple[Metric, ...]] = (ACCURACY,)

    @property
    def dataset_name(self) -> str:
        """Nothing that exists."""
        return "noise"

    def sources(self) -> tuple[Source, ...]:
        """None: generated."""
        return ()

    def setup(self) -> TaskData:
        """512 examples, every split the same."""
        draw = np.random.default_rng(0)
        frames = draw.standard_normal((512, _TIME, _FEATURES)).astype(np.float32)
        split = ListDataset([Example(f"e{i}", frames[i], i % 3) for i in range(len(frames))])
        return TaskData(split, split, split, FrameInput(_FEATURES), ClassTarget(3))

    def tiny(self) -> SpeedTask:
        """Itself."""
        return self


class _Switch:
    """A clock that can be switched off."""

    def __init__(self) -> None:
        self.real, self.on = PhaseClock(), True

    def phase(self, name: str) -> Any:
        return self.real.phase(name) if self.on else _nothing

    def training(self) -> float:
        return self.real.training() if self.on else 0.0

    def settle(self) -> None:
        self.real.settle()

    def totals(self) -> dict[str, float]:
        return self.real.totals()


class _Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


_nothing = _Nothing()


class _Blocks(RunCallback):
    """The callback of a run, which changes what is on after every block, and trains by hand in between."""

    def __init__(self, *args: Any, clock: _Switch, steps: int, rounds: int, hand: Any, watch: Any) -> None:
        super().__init__(*args)
        self.times: dict[str, list[float]] = {kind: [] for kind in _KINDS}
        self._clock, self._steps, self._rounds, self._hand, self._watch = clock, steps, rounds, hand, watch
        self._stack = ExitStack()
        self._order: Iterator[str] = iter(())
        self._kind, self._left, self._began = "", 3, 0.0  # a few steps to warm up

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if self._left == 0:
            self._change(trainer)
        super().on_train_batch_start(trainer, pl_module, batch, batch_idx)

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        super().on_train_batch_end(trainer, pl_module, outputs, batch, batch_idx)
        self._left -= 1

    def _change(self, trainer: Any) -> None:
        if self._kind:
            self.times[self._kind].append((time.perf_counter() - self._began) / self._steps)
        self._stack.close()
        self._kind = self._next()
        if self._kind == "by hand":
            began = time.perf_counter()
            self._hand(self._steps)
            self.times["by hand"].append((time.perf_counter() - began) / self._steps)
            self._kind = self._next()
        if not self._kind:
            trainer.should_stop = True
        self._clock.on = self._kind != "without"
        if self._kind == "with":
            self._stack.enter_context(self._watch())
        self._left, self._began = self._steps, time.perf_counter()

    def _next(self) -> str:
        """The next kind of block; every round begins with another one. Empty at the end."""
        kind = next(self._order, "")
        if not kind:
            done = len(self.times["with"])
            if done >= self._rounds:
                return ""
            turned = [*_KINDS[done % 3 :], *_KINDS[: done % 3]]
            self._order = iter(turned)
            kind = next(self._order)
        return kind


def step_rows(milliseconds: float, rounds: int) -> list[Row]:
    """Audit and step overhead at a step that takes about so long by hand: two rows.

    Args:
        milliseconds: of a step; sets the batch size.
        rounds: triples of blocks, 3.6 s each.
    """
    size, each = _batch_size(milliseconds)
    with TemporaryDirectory(prefix="harness-bench-") as folder:
        times = _measure(Path(folder), size, max(10, round(BLOCK_S / each)), rounds)
    about = f"a step of {1000 * each:.1f} ms by hand ({size} examples of {_TIME} frames)"
    name = f"{milliseconds:g}ms"
    return [
        row(
            f"audit-overhead-{name}",
            times["with"],
            times["without"],
            limit=1.01,
            about=f"clock, memory and load watch on, over off; {about}",
        ),
        row(
            f"step-overhead-{name}",
            times["with"],
            times["by hand"],
            limit=1.05 if milliseconds >= 4 else 1.10,
            about=f"a harness step, everything on, over a loop by hand; {about}",
        ),
    ]


def _batch_size(milliseconds: float) -> tuple[int, float]:
    """Examples of a batch whose step takes so long, and the seconds it took."""
    size, each = 1, 0.0
    while size < 4096:
        hand = _by_hand(SpeedTask(loader=Loader(batch_size=size)))
        hand(5)
        each = min(timed(partial(hand, 5)) for _ in range(9)) / 5
        if each >= 0.8e-3 * milliseconds:
            break
        size = max(size + 1, min(2 * size, int(size * 1e-3 * milliseconds / each)))
    return size, each


def _parts(task: SpeedTask) -> tuple[RunSettings, TaskData, Network]:
    trainer = TrainerSettings(embedding_dim=64, validations=1, threads=1, checkpoint_every_s=1e9)
    settings = RunSettings(task, Reference(width=64), OptimizerSettings(), trainer, budget="steps:1000000000")
    data = task.setup()
    seed_global(0, "initialisation")
    return settings, data, Network(settings.model, task.signature, data.input_spec, data.target_spec, trainer)


def _by_hand(task: SpeedTask) -> Any:
    """A function that trains for so many steps in a plain loop."""
    settings, data, network = _parts(task)
    network.train()
    batches = iter(EndlessBatches(training_loader(data, task.loader, 0)))
    optimizer: Any = TrainingModule(network, data.target_spec, settings.optimizer, PhaseClock()).configure_optimizers()

    def train(steps: int) -> None:
        for _ in range(steps):
            batch = next(batches)
            outputs, lengths, _state = network(batch.inputs, batch.input_lengths, batch.targets, None)
            total, count = loss_sum(data.target_spec, outputs, lengths, batch.targets, batch.target_lengths)
            optimizer.zero_grad()
            (total / count).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.optimizer.clip)
            optimizer.step()

    return train


def _measure(folder: Path, size: int, steps: int, rounds: int) -> dict[str, list[float]]:
    task = SpeedTask(loader=Loader(batch_size=size))
    settings, data, network = _parts(task)
    clock: Any = _Switch()
    module = TrainingModule(network, data.target_spec, settings.optimizer, clock)
    batches = EndlessBatches(training_loader(data, task.loader, 0))
    url = f"sqlite:///{folder / 'store.db'}"
    with Store.open(url) as store:
        plan = RunPlan("0" * 64, "bench", "speed", "noise", "reference", 0, {})
        run_id = store.start(plan, EnvironmentRecord("bench", {}), owner_pid=1)
        with MetricWriter(url, run_id) as writer:
            around = Surroundings(
                RunFolder(folder, plan.key, store.store_id), writer, StopRequest(), {}, Measurements("cpu", 1, False)
            )
            callback = _Blocks(
                settings,
                data,
                batches,
                around,
                clock=clock,
                steps=steps,
                rounds=rounds,
                hand=_by_hand(task),
                watch=lambda: Measurements("cpu", 1, False),
            )
            with _one_thread():
                make_trainer(settings, callback).fit(module, train_dataloaders=TimedBatches(batches, clock))
    return {kind: seconds[:rounds] for kind, seconds in callback.times.items()}


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
