"""What happens around the steps: learning rate, budget, logging, validation, checkpoints, and stopping when asked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytorch_lightning as pl

from harness.config.budget import Budget, BudgetProgress, learning_rate_factor
from harness.config.settings import RunSettings
from harness.contract.batch import Batch
from harness.contract.task import TaskData
from harness.errors import HarnessError
from harness.measure.measurements import Measurements
from harness.store.records import MetricRow
from harness.training import random_state
from harness.training.checkpoint import SIGNATURE
from harness.training.data_module import EndlessBatches
from harness.training.evaluate import evaluate
from harness.training.lightning_module import TrainingModule
from harness.training.metric_writer import MetricWriter
from harness.training.run_folder import RunFolder
from harness.training.selection import CheckpointSelection
from harness.training.stopping import StopRequest


class DivergedError(HarnessError):
    """The training loss is no longer a finite number."""


@dataclass
class RunContext:
    """What a run's training reaches beside the network: files, the store, the user.

    Attributes:
        folder: of the run; gets `best.ckpt` and, while it trains, `last.ckpt`.
        writer: takes metric rows.
        stop: whether somebody asked to stop.
        signature: written into checkpoints, to know them again.
        measured: memory, load and energy; what they have seen so far goes into the checkpoint.
        log: called with rows for the user's own loggers.
        on_progress: called with the share of the budget and a word.
    """

    folder: RunFolder
    writer: MetricWriter
    stop: StopRequest
    signature: dict[str, str]
    measured: Measurements
    log: Callable[[list[MetricRow]], None] | None = None
    on_progress: Callable[[float, str], None] | None = None


class RunCallback(pl.Callback):
    """Drives one run by its budget.

    Its state, together with Lightning's, is all that a killed run needs to go on as if nothing had happened.

    Attributes:
        progress: what has been used of the budget.
        selection: the best validation and the target.
        unit: name of the throughput's unit.
        done: whether training has ended (and not merely this process).
        stopped_early: whether it ended before its budget, for want of improvement.
    """

    def __init__(
        self, settings: RunSettings, data: TaskData, batches: EndlessBatches, surroundings: RunContext
    ) -> None:
        self.settings, self.data, self.batches, self.around = settings, data, batches, surroundings
        self.budget = Budget.parse(settings.budget)
        self.progress = BudgetProgress()
        self.selection = CheckpointSelection(
            settings.task, data.target_spec, settings.target, settings.trainer.early_stopping
        )
        # The learning rate must be wrong before the run starts, not after an hour of set-up.
        learning_rate_factor(0.0, settings.optimizer.warmup, settings.optimizer.schedule)
        self.unit = ""
        self.done = self.stopped_early = False
        self._validated = 0
        self._saved_at = time.monotonic()
        self._resumed: dict[str, Any] | None = None

    # -- Lightning's hooks ---------------------------------------------------------------------------

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """A run that goes on gets back what the interrupted one had, last of all the random generators."""
        if self._resumed is not None:
            pl_module.load_run_state(self._resumed["module"])
            random_state.restore(self._resumed["random"])
            self._resumed = None

    # -- around a step -------------------------------------------------------------------------------

    def before_step(self, module: TrainingModule) -> None:
        """Set the learning rate from the share of the budget used."""
        optimizer = self.settings.optimizer
        factor = learning_rate_factor(self.progress.fraction(self.budget), optimizer.warmup, optimizer.schedule)
        for group in module.optimizer.param_groups:
            group["lr"] = optimizer.lr * factor

    def after_step(self, module: TrainingModule, batch: Batch) -> bool:
        """Count, log, validate and save where due; whether the budget is used or somebody asked to stop."""
        progress = self.progress
        self.batches.advance()
        work, self.unit = module.work(batch)
        progress.step += 1
        progress.examples += len(batch)
        progress.units += work
        progress.epoch = self.batches.epochs
        progress.seconds = module.clock.training()
        self.done = progress.fraction(self.budget) >= 1.0
        if self.done or progress.step % self.settings.trainer.log_every == 0:
            self._log_training(module)
        improved = False
        if self.done or self._validation_due():
            with self.around.stop.at_once():
                improved = self._validate(module)
            self.stopped_early = self.selection.hopeless and not self.done
            self.done = self.done or self.stopped_early
        self._save_where_due(module, improved)
        return self.done or self.around.stop.requested

    # -- state ---------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything of a run that Lightning does not save itself, as tensors and plain values."""
        return {
            "progress": asdict(self.progress),
            "selection": self.selection.state_dict(),
            "batches": self.batches.state_dict(),
            "unit": self.unit,
            "done": self.done,
            "stopped_early": self.stopped_early,
            "validated": self._validated,
            "measured": self.around.measured.taken(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over from an interrupted process; `on_train_start` does the rest."""
        self.progress = BudgetProgress(**state_dict["progress"])
        self.selection.load_state_dict(state_dict["selection"])
        self.batches.load_state_dict(state_dict["batches"])
        self.unit = state_dict["unit"]
        self.done, self.stopped_early = state_dict["done"], state_dict["stopped_early"]
        self._validated = state_dict["validated"]

    def on_save_checkpoint(self, trainer: pl.Trainer, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Add what belongs to the process, and whose checkpoint this is."""
        checkpoint[SIGNATURE] = self.around.signature
        checkpoint["best_step"] = self.selection.best.step if self.selection.best else None
        checkpoint["process"] = {
            "random": random_state.capture(),
            "module": pl_module.run_state(),
            "clock": pl_module.clock.totals(),
        }

    def on_load_checkpoint(self, trainer: pl.Trainer, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Remember it until training starts: until then Lightning still draws and builds."""
        self._resumed = checkpoint["process"]

    # -- parts ---------------------------------------------------------------------------------------

    def _log_training(self, module: TrainingModule) -> None:
        with module.clock.phase("logging"):
            total, count = module.take_totals()  # waits for an accelerator anyway
            module.clock.settle()
            if count:
                loss = total / count
                if not math.isfinite(loss):
                    raise DivergedError(
                        f"the training loss became {loss} by step {self.progress.step}. Lower optimizer.lr "
                        f"(now {self.settings.optimizer.lr:g}) or optimizer.clip "
                        f"(now {self.settings.optimizer.clip:g})."
                    )
                self._log({"train/loss": loss})
            if self.around.on_progress is not None:
                self.around.on_progress(self.progress.fraction(self.budget), "training")

    def _validation_due(self) -> bool:
        trainer = self.settings.trainer
        if trainer.val_every is not None:
            return self.progress.step % trainer.val_every == 0
        return int(self.progress.fraction(self.budget) * trainer.validations) > self._validated

    def _validate(self, module: TrainingModule) -> bool:
        """Whether this validation is the best so far."""
        settings = self.settings
        self._validated = int(self.progress.fraction(self.budget) * settings.trainer.validations)
        with module.clock.phase("validation"), self.around.measured.validating():
            outcome = evaluate(
                module.network,
                settings.task,
                self.data,
                self.data.val,
                replace(settings.decoding, method="greedy"),
                decode=self.selection.needs_outputs,
            )
        with module.clock.phase("logging"):
            values = {"loss": outcome.loss, **outcome.metrics}
            self._log({f"val/{name}": value for name, value in values.items()})
            return self.selection.note(values, self.progress.step, self.progress.seconds)

    def _save_where_due(self, module: TrainingModule, improved: bool) -> None:
        """First the state to go on from, then the best weights: so the best are never newer than the state knows."""
        waited = time.monotonic() - self._saved_at
        due = waited >= self.settings.trainer.checkpoint_every_s
        if not (due or improved or self.done or self.around.stop.requested):
            return
        with module.clock.phase("checkpoint"):
            self.around.writer.flush()  # rows up to here must be in the store before the state that follows them
            module.trainer.save_checkpoint(self.around.folder.last, weights_only=False)
            if improved:
                module.trainer.save_checkpoint(self.around.folder.best, weights_only=True)
            self._saved_at = time.monotonic()

    def _log(self, values: dict[str, float]) -> None:
        p = self.progress
        rows = [MetricRow(name, p.step, value, p.epoch, p.examples, p.seconds) for name, value in values.items()]
        self.around.writer.put(rows)
        if self.around.log is not None:
            self.around.log(rows)
