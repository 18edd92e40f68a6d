"""What a training step costs beyond the network: the audit alone, and the whole harness against a loop by hand.

One Lightning run trains an LSTM as any run does, with its callback, clock and a store. Blocks of steps alternate with
a hand-written loop over the same network and data; every block has as many steps as lie between two rows of training
metrics, so each of the harness's blocks pays for one. In between come blocks that switch the clock on and off from
step to step, since its cost is far below what a machine's speed wanders between two blocks. What watches memory and
load once a second is measured by itself and added.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import numpy as np
import torch

from harness.bench.comparison import BenchRow, row, timed
from harness.config.settings import RunSettings, TrainerSettings
from harness.contract.batch import Batch, Example, ListSplit
from harness.contract.metric import Metric
from harness.contract.model import Capabilities, Encoder, Model
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, FrameInput, ModelInput
from harness.contract.target import Target
from harness.contract.task import Loader, Task, TaskData
from harness.data.sources import Source
from harness.measure.clock import Phase, PhaseClock
from harness.measure.measurements import Measurements
from harness.metrics.classification import ACCURACY
from harness.nn.network import Network
from harness.nn.recurrent import RecurrentEncoder, RecurrentStack
from harness.store import Store
from harness.store.place import sqlite_url
from harness.store.records import EnvironmentRecord, RunPlan
from harness.targets import ClassTarget
from harness.training.callback import RunCallback, RunContext
from harness.training.data_module import EndlessBatches, training_loader
from harness.training.lightning_module import TrainingModule
from harness.training.loop import TrainingStream, make_trainer
from harness.training.metric_writer import MetricWriter
from harness.training.run_folder import RunFolder
from harness.training.seeding import seed_global
from harness.training.stopping import StopRequest

TRIPLES = 6
"""Triples of blocks to a round; short blocks lie closer together, so that fewer other things come in between."""

_KINDS = ("harness", "by hand", "switching")
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
        split = ListSplit([Example(f"e{i}", frames[i], i % 3) for i in range(len(frames))])
        return TaskData(split, split, split, FrameInput(_FEATURES), ClassTarget(3))

    def tiny(self) -> SpeedTask:
        """Itself."""
        return self


@dataclass
class SpeedModel(Model):
    """One LSTM layer, the kernel that runs fastest, so that all else shows most."""

    name: ClassVar[str] = "speed"

    hidden_size: int = 128

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Reads the past only."""
        return Capabilities(causal=True)

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        return RecurrentEncoder(RecurrentStack("lstm", input_spec.dim, self.hidden_size))

    def tiny(self) -> SpeedModel:
        """8 units."""
        return SpeedModel(hidden_size=8)


class _Switch:
    """A clock that can be switched off."""

    def __init__(self) -> None:
        self.real, self.on = PhaseClock(), True
        self._phases: dict[str, _Switched] = {}

    def phase(self, name: str) -> _Switched:
        return self._phases.setdefault(name, _Switched(self, self.real.phase(name)))

    def training(self) -> float:
        return self.real.training() if self.on else 0.0

    def settle(self) -> None:
        self.real.settle()

    def totals(self) -> dict[str, float]:
        return self.real.totals()


class _Switched:
    """A phase of such a clock."""

    def __init__(self, switch: _Switch, phase: Phase) -> None:
        self._switch, self._phase = switch, phase

    def __enter__(self) -> None:
        if self._switch.on:
            self._phase.__enter__()

    def __exit__(self, *error: Any) -> None:
        if self._switch.on:
            self._phase.__exit__(*error)


class _Blocks(RunCallback):
    """The callback of a run, which changes what is on after every block, and trains by hand in between.

    Attributes:
        harness, by_hand: seconds of a step, a block each.
        audited, unaudited: seconds of single steps that follow each other, in the order on, off, off, on, ...
    """

    def __init__(self, *args: Any, clock: _Switch, triples: int, hand: Any) -> None:
        super().__init__(*args)
        self.harness: list[float] = []
        self.by_hand: list[float] = []
        self.audited: list[float] = []
        self.unaudited: list[float] = []
        self._clock, self._hand = clock, hand
        self._steps = self.settings.trainer.log_every
        self._blocks = [kind for i in range(triples) for kind in (*_KINDS[i % 3 :], *_KINDS[: i % 3])]
        self._kind, self._left, self._began = "to warm up", self._steps, 0.0

    def before_step(self, module: TrainingModule) -> None:
        now = time.perf_counter()
        if self._kind == "switching":
            (self.audited if self._clock.on else self.unaudited).append(now - self._began)
            self._began = now
        if self._left == 0:
            if self._kind == "harness":
                self.harness.append((now - self._began) / self._steps)
            self._change()
        if self._kind == "switching":
            self._clock.on = (self._steps - self._left) % 4 in (0, 3)
        self._left -= 1
        super().before_step(module)

    def after_step(self, module: TrainingModule, batch: Batch) -> bool:
        return super().after_step(module, batch) or not self._kind

    def _change(self) -> None:
        """Begin the next block of the harness; what is to be done by hand before that is done here."""
        self._clock.on, self._left = True, self._steps
        self._kind = self._blocks.pop(0) if self._blocks else ""
        if self._kind == "by hand":
            self.by_hand.append(timed(partial(self._hand, self._steps)) / self._steps)
            self._kind = self._blocks.pop(0) if self._blocks else ""
        self._began = time.perf_counter()


def step_rows(milliseconds: float, rounds: int) -> list[BenchRow]:
    """Audit and step overhead at a step that takes about so long by hand: two rows.

    Args:
        milliseconds: of a step; sets the batch size.
        rounds: of 8 triples of blocks each.
    """
    model = SpeedModel(hidden_size=128 if milliseconds >= 4 else 32)
    with TemporaryDirectory(prefix="harness-bench-") as folder, _one_thread():
        size, each = _batch_size(model, milliseconds)
        timed = _measure(model, Path(folder), size, rounds * TRIPLES)
    share = _watch_share()
    about = f"a step of {1000 * each:.1f} ms by hand ({size} examples of {_TIME} frames, LSTM of {model.hidden_size})"
    name = f"{milliseconds:g}ms"
    return [
        row(
            f"audit-overhead-{name}",
            [(1 + share) * seconds for seconds in timed.audited],
            timed.unaudited,
            limit=1.01,
            about=f"clock on over off, step by step, and memory and load watch ({share:.2%} of a core); {about}",
        ),
        row(
            f"step-overhead-{name}",
            timed.harness,
            timed.by_hand,
            limit=1.02 if milliseconds >= 4 else 1.10,
            about=f"a harness step, everything on, over a loop by hand; {about}",
        ),
    ]


def _watch_share(seconds: float = 5.0) -> float:
    """Seconds of computing per second that watching memory, load and energy takes."""
    with Measurements("cpu", 1, False):
        began = time.process_time()
        time.sleep(seconds)
        return (time.process_time() - began) / seconds


def _batch_size(model: SpeedModel, milliseconds: float) -> tuple[int, float]:
    """Examples of a batch whose step takes so long, and the seconds it took."""
    size, each = 1, 0.0
    while size < 4096:
        hand = _by_hand(model, SpeedTask(loader=Loader(batch_size=size)))
        hand(20)
        each = statistics.median(timed(partial(hand, 5)) for _ in range(15)) / 5
        if each >= 0.8e-3 * milliseconds:
            break
        size = max(size + 1, min(2 * size, int(size * 1e-3 * milliseconds / each)))
    return size, each


def _parts(model: SpeedModel, task: SpeedTask) -> tuple[RunSettings, TaskData, Network]:
    trainer = TrainerSettings(embedding_dim=64, validations=1, threads=1, checkpoint_every_s=1e9)
    settings = RunSettings(task, model, trainer=trainer, budget="steps:1000000000")
    data = task.setup()
    seed_global(0, "initialisation")
    return settings, data, Network(settings.model, task.signature, data.input_spec, data.target_spec, trainer)


def _by_hand(model: SpeedModel, task: SpeedTask) -> Any:
    """A function that trains for so many steps in a plain loop."""
    settings, data, network = _parts(model, task)
    network.train()
    batches = iter(EndlessBatches(training_loader(data, task.loader, 0)))
    module = TrainingModule(network, data.target_spec, settings.optimizer, PhaseClock())
    optimizer: Any = module.configure_optimizers()

    def train(steps: int) -> None:
        for _ in range(steps):
            batch = next(batches)
            outputs, lengths, _state = network(batch.inputs, batch.input_lengths, batch.targets, None)
            total, count = data.target_spec.loss_sum(outputs, lengths, batch.targets, batch.target_lengths)
            optimizer.zero_grad()
            (total / count).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.optimizer.clip)
            optimizer.step()

    return train


def _measure(model: SpeedModel, folder: Path, size: int, triples: int) -> _Blocks:
    task = SpeedTask(loader=Loader(batch_size=size))
    settings, data, network = _parts(model, task)
    clock: Any = _Switch()
    batches = EndlessBatches(training_loader(data, task.loader, 0))
    url = sqlite_url(folder / "store.db")
    with Store.open(url) as store:
        plan = RunPlan("0" * 64, "bench", "speed", "noise", "speed", 0, {})
        run_id = store.start(plan, EnvironmentRecord("bench", {}), owner_pid=1)
        with MetricWriter(store, run_id) as writer:
            around = RunContext(
                RunFolder(folder, plan.key, store.store_id), writer, StopRequest(), {}, Measurements("cpu", 1, False)
            )
            callback = _Blocks(
                settings,
                data,
                batches,
                around,
                clock=clock,
                triples=triples,
                hand=_by_hand(model, task),
            )
            module = TrainingModule(network, data.target_spec, settings.optimizer, clock, around=callback)
            make_trainer(settings, callback).fit(module, train_dataloaders=TrainingStream(batches, clock))
    return callback


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
