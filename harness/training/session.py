"""A run in progress: its row in the store, its folder and its clocks, and a record of its outcome in every case."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback
from pytorch_lightning.loggers import Logger
from pytorch_lightning.profilers import Profiler

from harness.config.lightning import check_lightning
from harness.config.loggers import check_loggers
from harness.config.settings import RunSettings
from harness.measure.clock import PhaseClock
from harness.measure.device_timeline import DeviceTimeline
from harness.measure.environment import measure_environment
from harness.measure.measurements import Measurements
from harness.runtime import threads_for_one_run
from harness.store import Store
from harness.store.claims import claimed
from harness.store.records import MetricRow, PredictionRow, RunPlan, RunSummary, SampleRow
from harness.training import loggers
from harness.training.checkpoint import read_if_mine
from harness.training.device import device_of
from harness.training.metric_writer import MetricWriter
from harness.training.model_files import forget_model
from harness.training.parts import make_callbacks, make_profiler
from harness.training.run_folder import RunFolder
from harness.training.stopping import StopRequest


@dataclass
class Session:
    """What a run has access to besides data and network.

    Attributes:
        store, run_id: where the run is recorded.
        folder: the run's.
        writer: writes metric rows to the store.
        stop: whether the run has been asked to stop.
        clock, measured: time, and everything else that the run costs.
        signature: identifies the run's checkpoints.
        checkpoint: written by an interrupted process of the same run, or None.
        callbacks, profiler: Lightning objects, as configured.
        loggers: the user's, which also receive every row of metrics.
    """

    store: Store
    run_id: int
    folder: RunFolder
    writer: MetricWriter
    stop: StopRequest
    clock: PhaseClock
    measured: Measurements
    signature: dict[str, str]
    checkpoint: dict[str, Any] | None
    callbacks: list[Callback] = field(default_factory=list)
    profiler: Profiler | None = None
    loggers: list[Logger] = field(default_factory=list)

    def finish(self, summary: RunSummary, predictions: list[PredictionRow], samples: Sequence[SampleRow]) -> None:
        """Write the files, then all results in one transaction, so that a finished run is complete."""
        with self.clock.phase("logging"):
            summary.artifacts |= {
                "predictions": self.folder.write_predictions(predictions),
                "samples": self.folder.write_samples(samples),
            }
            self.writer.stop()
            self.measured.write(summary)
        summary.phases = self.clock.totals()
        summary.total_s = sum(summary.phases.values())
        self.store.finish(self.run_id, summary, predictions, samples)
        self.folder.last.unlink(missing_ok=True)
        self.folder.best.unlink(missing_ok=True)  # its weights are in model.safetensors
        loggers.finish(self.loggers, summary.metrics, step=int(summary.details.get("steps", 0)))

    @contextmanager
    def running(self, settings: RunSettings, plan: RunPlan) -> Iterator[None]:
        """Measure the machine, write metrics and keep loggers open while the block runs."""
        step = 0 if self.checkpoint is None else int(self.checkpoint["global_step"])
        self.clock.start("setup")
        forget_model(self.folder.path)
        self.folder.write_config(settings.plain)
        with self.writer, self.measured:
            self.clock.stop("setup")
            with self.clock.phase("logging"):
                names = settings.logger
                self.loggers = loggers.make_loggers(names, self.folder.path, plan, step=step)
            try:
                yield
            finally:
                loggers.finish(self.loggers, {}, status="failed")  # the list is empty if the run has finished

    def log_further(self, rows: list[MetricRow]) -> None:
        """Pass rows on to the user's own loggers."""
        loggers.log_rows(self.loggers, rows)


@contextmanager
def recorded(
    settings: RunSettings,
    plan: RunPlan,
    store: Store,
    results: Path,
    on_stop: Callable[[], None] | None = None,
) -> Iterator[Session]:
    """Claim the run in the store, keep its heartbeat going, and record how it ends.

    Raises:
        UserError: a logger, a callback or a profiler cannot be used; nothing is recorded.
        AlreadyRunning, AlreadyFinished: see `harness.store.claims.claimed`.
        StoreError: store or folder cannot be used.
    """
    check_loggers(settings.logger)
    check_lightning(settings.trainer)
    monitored = ["train/loss", "val/loss", *(f"val/{metric.name}" for metric in settings.task.metrics)]
    callbacks = make_callbacks(settings.trainer, monitored)
    stop = StopRequest(on_stop)
    with stop.listening():
        folder = RunFolder(results, plan.key, store.store_id)
        threads = settings.trainer.threads or threads_for_one_run()
        torch.set_num_threads(threads)
        device = device_of(settings.trainer.device)
        environment = measure_environment(device, threads)
        profiler = make_profiler(settings.trainer, folder.path)
        with (
            folder.locked(),
            claimed(store, plan, environment, log_tail=folder.log_tail) as run_id,
            folder.logging(),
        ):
            signature = {"key": plan.key, "environment": environment.hash}
            checkpoint = read_if_mine(folder.last, folder.best, signature)
            # Steps after the checkpoint are repeated, so their logged rows are removed.
            store.delete_metrics_after(run_id, -1 if checkpoint is None else int(checkpoint["global_step"]))
            session = Session(
                store,
                run_id,
                folder,
                MetricWriter(store, run_id),
                stop,
                PhaseClock(DeviceTimeline() if device.type == "cuda" else None),
                Measurements(device.type, threads, settings.exclusive),
                signature,
                checkpoint,
                callbacks,
                profiler,
            )
            with session.running(settings, plan):
                yield session
