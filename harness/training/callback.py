"""Actions of a run around its steps: learning rate, budget, logging, validation, checkpoints, stopping."""

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
from harness.errors import DivergedError
from harness.measure.measurements import Measurements
from harness.store.records import MetricRow
from harness.training import random_state
from harness.training.checkpoint import BEST_WEIGHTS, SIGNATURE, save_weights
from harness.training.data_module import EndlessBatches
from harness.training.evaluate import evaluate
from harness.training.lightning_module import TrainingModule
from harness.training.metric_writer import MetricWriter
from harness.training.optimizer import set_learning_rate
from harness.training.run_folder import RunFolder
from harness.training.selection import CheckpointSelection
from harness.training.stopping import StopRequest
from harness.training.watching import tell_validation, validating


@dataclass
class RunContext:
    """What training has access to besides the network: files, the store, the user.

    Attributes:
        folder: the run's; receives `best.ckpt` and, during training, `last.ckpt`.
        writer: writes metric rows to the store.
        stop: whether the run has been asked to stop.
        signature: written into checkpoints to identify them.
        measured: memory, load and energy; saved in checkpoints so that a resumed run can add to them.
        log: called with rows for the user's own loggers.
        on_progress: called with the fraction of the budget used and a short text.
    """

    folder: RunFolder
    writer: MetricWriter
    stop: StopRequest
    signature: dict[str, str]
    measured: Measurements
    log: Callable[[list[MetricRow]], None] | None = None
    on_progress: Callable[[float, str], None] | None = None


class RunCallback(pl.Callback):
    """Drives one run until its budget is used.

    Its state and Lightning's are all that a killed run needs to resume exactly where it was.

    Attributes:
        progress: how much of the budget has been used.
        selection: the best validation and the target.
        unit: name of the unit of throughput.
        done: whether training has ended, as opposed to this process.
        stopped_early: whether training ended before its budget was used, because validation stopped improving or a
            callback asked for it.
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
        # A wrong schedule is reported now, not after an hour of set-up.
        learning_rate_factor(0.0, settings.optimizer.warmup, settings.optimizer.schedule)
        self.unit = ""
        self.done = self.stopped_early = False
        self._watched = settings.trainer.one_step_a_call
        self._best_weights: dict[str, Any] | None = None  # of the last validation, where it was the best
        self._validated = 0
        self._saved_at = time.monotonic()
        self._resumed: dict[str, Any] | None = None

    # -- Lightning's hooks ---------------------------------------------------------------------------

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        """Begin a single step; this callback comes first, so that others see the step's learning rate."""
        if self._watched:
            self.before_step(pl_module)

    # -- around a step -------------------------------------------------------------------------------

    def training_begins(self, module: TrainingModule) -> None:
        """Restore the state of an interrupted process, random generators last."""
        if self._resumed is not None:
            module.load_run_state(self._resumed["module"])
            random_state.restore(self._resumed["random"])
            self._resumed = None

    def before_step(self, module: TrainingModule) -> None:
        """Set the learning rate from the fraction of the budget used."""
        optimizer = self.settings.optimizer
        factor = learning_rate_factor(self.progress.fraction(self.budget), optimizer.warmup, optimizer.schedule)
        set_learning_rate(module.optimizer, optimizer.lr * factor)

    def after_step(self, module: TrainingModule, batch: Batch) -> bool:
        """Count; log, validate and save when due. Returns whether the budget is used or a stop was requested."""
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
        if self.done or self._validation_due() or self._told_to_stop(module):
            with self.around.stop.at_once():
                improved = self._validate(module)
            self.stopped_early = not self.done and (self.selection.hopeless or self._told_to_stop(module))
            self.done = self.done or self.stopped_early
        self._save_where_due(module, improved)
        return self.done or self.around.stop.requested

    def record(self, values: dict[str, float]) -> None:
        """Write further metrics of this step to the store."""
        self.around.writer.put(self._rows(values))

    # -- state ---------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The part of a run's state that Lightning does not save, as tensors and plain values."""
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
        """Restore the state of an interrupted process; `training_begins` does the rest."""
        self.progress = BudgetProgress(**state_dict["progress"])
        self.selection.load_state_dict(state_dict["selection"])
        self.batches.load_state_dict(state_dict["batches"])
        self.unit = state_dict["unit"]
        self.done, self.stopped_early = state_dict["done"], state_dict["stopped_early"]
        self._validated = state_dict["validated"]

    def on_save_checkpoint(self, trainer: pl.Trainer, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Add the state of this process, and which run the checkpoint belongs to."""
        checkpoint[SIGNATURE] = self.around.signature
        checkpoint["best_step"] = self.selection.best.step if self.selection.best else None
        if self._best_weights is not None:
            checkpoint[BEST_WEIGHTS] = self._best_weights
        checkpoint["process"] = {
            "random": random_state.capture(),
            "module": pl_module.run_state(),
            "clock": pl_module.clock.totals(),
        }

    def on_load_checkpoint(self, trainer: pl.Trainer, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """Keep the state of the process until training begins, because Lightning still draws and builds until then."""
        self._resumed = checkpoint["process"]

    # -- parts ---------------------------------------------------------------------------------------

    def _told_to_stop(self, module: TrainingModule) -> bool:
        """Whether another callback wants training to end."""
        return self._watched and module.trainer.should_stop

    def _log_training(self, module: TrainingModule) -> None:
        with module.clock.phase("logging"):
            total, count = module.take_totals()  # synchronises with an accelerator anyway
            module.clock.settle()
            if count:
                loss = total / count
                if not math.isfinite(loss):
                    raise DivergedError(
                        f"the training loss became {loss} by step {self.progress.step}. Lower optimizer.lr "
                        f"(now {self.settings.optimizer.lr:g}) or optimizer.clip "
                        f"(now {self.settings.optimizer.clip:g})."
                    )
                self._log({"train/loss": loss, **self._grad_norm(module), **self._auxiliary_losses(module)})
            if self.around.on_progress is not None:
                self.around.on_progress(self.progress.fraction(self.budget), "training")

    def _grad_norm(self, module: TrainingModule) -> dict[str, float]:
        """The largest since the last log; nothing where it overflowed: the next losses show what came of it."""
        found = module.take_grad_norm()
        return {} if found is None or not math.isfinite(found) else {"train/grad_norm": found}

    def _auxiliary_losses(self, module: TrainingModule) -> dict[str, float]:
        found = module.take_auxiliary()
        for name, value in found.items():
            if not math.isfinite(value):
                raise DivergedError(
                    f"the auxiliary loss '{name}' of model '{self.settings.model.name}' became {value} by step "
                    f"{self.progress.step}. Lower optimizer.lr (now {self.settings.optimizer.lr:g}), or its weight."
                )
        return {f"train/aux_{name}": value for name, value in found.items()}

    def _validation_due(self) -> bool:
        trainer = self.settings.trainer
        if trainer.val_every is not None:
            return self.progress.step % trainer.val_every == 0
        return int(self.progress.fraction(self.budget) * trainer.validations) > self._validated

    def _validate(self, module: TrainingModule) -> bool:
        """Whether this validation is the best so far."""
        if not self._watched:
            return self._evaluate(module)
        with validating(module):
            improved = self._evaluate(module)
            if improved:  # a callback may have put other weights in place for now, such as averages
                with module.clock.phase("checkpoint"):
                    self._best_weights = {name: value.clone() for name, value in module.state_dict().items()}
        return improved

    def _evaluate(self, module: TrainingModule) -> bool:
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
            named = {f"val/{name}": value for name, value in values.items()}
            self._log(named)
            if self._watched:
                tell_validation(module, named)
            return self.selection.note(values, self.progress.step, self.progress.seconds)

    def _save_where_due(self, module: TrainingModule, improved: bool) -> None:
        """Save the state to resume from first and the best weights second: they are never newer than the state."""
        waited = time.monotonic() - self._saved_at
        due = waited >= self.settings.trainer.checkpoint_every_s
        if not (due or improved or self.done or self.around.stop.requested):
            return
        with module.clock.phase("checkpoint"):
            self.around.writer.flush()  # rows up to here must be in the store before the state that follows them
            module.trainer.save_checkpoint(self.around.folder.last, weights_only=False)
            if improved and self._best_weights is not None:
                save_weights(self._best_weights, self.progress.step, self.around.folder.best)
            elif improved:
                module.trainer.save_checkpoint(self.around.folder.best, weights_only=True)
            self._best_weights = None
            self._saved_at = time.monotonic()

    def _log(self, values: dict[str, float]) -> None:
        rows = self._rows(values)
        self.around.writer.put(rows)
        if self.around.log is not None:
            self.around.log(rows)

    def _rows(self, values: dict[str, float]) -> list[MetricRow]:
        p = self.progress
        return [MetricRow(name, p.step, value, p.epoch, p.examples, p.seconds) for name, value in values.items()]
