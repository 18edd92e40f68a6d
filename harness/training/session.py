"""A run in progress: its row in the store, its folder, its clocks, and how it ends, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning.loggers import Logger

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
from harness.training.run_folder import RunFolder, shown
from harness.training.stopping import StopRequest


@dataclass
class Session:
    """What a run reaches beside data and network.

    Attributes:
        store, run_id: where it is recorded.
        folder: its own.
        writer: takes its metric rows.
        stop: whether somebody asked it to stop.
        clock, measured: time, and everything else that it costs.
        signature: says in a checkpoint whose it is.
        checkpoint: of an interrupted process of the same run, or None.
        loggers: the user's own, which get every row of metrics too.
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
    loggers: list[Logger] = field(default_factory=list)

    def finish(self, summary: RunSummary, predictions: list[PredictionRow], texts: Sequence[SampleRow]) -> None:
        """Write files, then the store's one transaction: a finished run has everything."""
        with self.clock.phase("logging"):
            samples = [*texts, *([] if texts else shown(predictions))]
            summary.artifacts |= {
                "predictions": self.folder.write_predictions(predictions),
                "samples": self.folder.write_samples(samples),
            }
            self.writer.flush()
            self.measured.write(summary)
        summary.phases = self.clock.totals()
        summary.total_s = sum(summary.phases.values())
        self.store.finish(self.run_id, summary, predictions, samples)
        self.folder.last.unlink(missing_ok=True)
        loggers.finish(self.loggers, summary.metrics, step=int(summary.details.get("steps", 0)))

    @contextmanager
    def running(self, settings: RunSettings, plan: RunPlan) -> Iterator[None]:
        """Watch, write and log for the block."""
        step = 0 if self.checkpoint is None else int(self.checkpoint["global_step"])
        self.clock.start("setup")
        self.folder.write_config(settings.plain)
        with self.writer, self.measured:
            self.clock.stop("setup")
            with self.clock.phase("logging"):
                names = settings.logger
                self.loggers = loggers.make_loggers(names, self.folder.path, plan, step=step)
            try:
                yield
            finally:
                loggers.finish(self.loggers, {}, status="failed")  # of a finished run none are left

    def log_further(self, rows: list[MetricRow]) -> None:
        """Give rows to the user's own loggers."""
        loggers.log_rows(self.loggers, rows)


@contextmanager
def recorded(
    settings: RunSettings,
    plan: RunPlan,
    store: Store,
    results: Path,
    on_stop: Callable[[], None] | None = None,
) -> Iterator[Session]:
    """Claim the run in the store, keep its heartbeat, and record how it ends.

    Raises:
        AlreadyRunning, AlreadyFinished: see `harness.store.claims.claimed`.
        StoreError: store or folder cannot be used.
    """
    check_loggers(settings.logger)
    stop = StopRequest(on_stop)
    with stop.listening():
        folder = RunFolder(results, plan.key, store.store_id)
        threads = settings.trainer.threads or threads_for_one_run()
        torch.set_num_threads(threads)
        device = device_of(settings.trainer.device)
        environment = measure_environment(device, threads)
        with (
            folder.locked(),
            claimed(store, plan, environment, log_tail=folder.log_tail) as run_id,
            folder.logging(),
        ):
            signature = {"key": plan.key, "environment": environment.hash}
            checkpoint = read_if_mine(folder.last, folder.best, signature)
            # Steps after the checkpoint are taken again, so what they logged goes.
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
            )
            with session.running(settings, plan):
                yield session
