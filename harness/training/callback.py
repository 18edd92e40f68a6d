"""What happens around the steps: learning rate, budget, logging, validation, best checkpoint, time to target."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from harness.batch import Batch
from harness.errors import ConfigError, HarnessError, UnknownNameError
from harness.specs import TokenSequenceTarget
from harness.store.records import MetricRow
from harness.task import Task, TaskData
from harness.training.budget import Budget, Progress, learning_rate_factor
from harness.training.data_module import TrainingBatches
from harness.training.evaluate import evaluate
from harness.training.lightning_module import TrainingModule
from harness.training.settings import RunSettings


class DivergedError(HarnessError):
    """The training loss is no longer a finite number."""


@dataclass(frozen=True)
class Target:
    """A validation metric's value whose first reaching is timed."""

    metric: str
    value: float

    @classmethod
    def parse(cls, text: str, task: Task) -> Target:
        """Read "METRIC:VALUE".

        Raises:
            UnknownNameError: the task has no such metric.
            ConfigError: the value is no number.
        """
        name, _, value = text.partition(":")
        known = ["loss", *(m.name for m in task.metrics)]
        if name not in known:
            raise UnknownNameError("metric", name, known, where=f"the metrics of task '{task.name}' (target={text})")
        try:
            return cls(name, float(value))
        except ValueError:
            raise ConfigError(f"target '{text}' is not understood: write 'METRIC:VALUE', as in 'loss:1.5'.") from None


@dataclass
class Best:
    """The best validation so far, whose weights are tested. Of equal values, the one of lower loss is better."""

    value: float
    loss: float
    step: int


class RunCallback(pl.Callback):
    """Drives one run by its budget.

    Attributes:
        progress: what has been used of the budget.
        best: the best validation, or None before the first.
        unit: name of the throughput's unit.
        to_target_s: training seconds until the target was first reached, or None.
        rows: metric rows not yet taken by `flush`.
    """

    def __init__(
        self,
        settings: RunSettings,
        data: TaskData,
        batches: TrainingBatches,
        checkpoint: Path,
        flush: Callable[[list[MetricRow]], None],
        on_progress: Callable[[float, str], None] | None,
    ) -> None:
        self.settings, self.data, self.checkpoint = settings, data, checkpoint
        self.budget = Budget.parse(settings.budget)
        self.progress = Progress()
        self.best: Best | None = None
        self.unit = ""
        self.to_target_s: float | None = None
        self.target = Target.parse(settings.target, settings.task) if settings.target else None
        # The learning rate must be wrong before the run starts, not after an hour of set-up.
        learning_rate_factor(0.0, settings.optimizer.warmup, settings.optimizer.schedule)
        self._batches = batches
        self._flush, self._on_progress = flush, on_progress
        self._validated = 0
        primary = settings.task.metrics[0]
        by_loss = isinstance(data.target_spec, TokenSequenceTarget)
        self.chosen_by = "loss" if by_loss else primary.name
        self._higher_is_better = False if by_loss else primary.higher_is_better
        self._directions = {m.name: m.higher_is_better for m in settings.task.metrics}

    # -- Lightning's hooks ---------------------------------------------------------------------------

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Batch, batch_idx: int) -> None:
        """Set the learning rate from the share of the budget used."""
        optimizer = self.settings.optimizer
        factor = learning_rate_factor(self.progress.fraction(self.budget), optimizer.warmup, optimizer.schedule)
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = optimizer.lr * factor

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Count, log, validate where due, and stop when the budget is used."""
        module: TrainingModule = pl_module
        progress = self.progress
        work, self.unit = module.work(batch)
        progress.step += 1
        progress.examples += len(batch)
        progress.units += int(work)
        progress.epoch = trainer.current_epoch + min(1.0, (batch_idx + 1) / self._batches.batches_per_epoch)
        progress.seconds = module.clock.training()
        finished = progress.fraction(self.budget) >= 1.0
        if finished or progress.step % self.settings.trainer.log_every == 0:
            self._log_training(module)
        if finished or self._validation_due():
            self._validate(trainer, module)
        if finished:
            trainer.should_stop = True

    # -- parts ---------------------------------------------------------------------------------------

    def _log_training(self, module: TrainingModule) -> None:
        with module.clock.phase("logging"):
            total, count = module.take_totals()
            if count:
                loss = total / count
                if not math.isfinite(loss):
                    raise DivergedError(
                        f"the training loss became {loss} by step {self.progress.step}. Lower optimizer.lr "
                        f"(now {self.settings.optimizer.lr:g}) or optimizer.clip "
                        f"(now {self.settings.optimizer.clip:g})."
                    )
                self._flush([self._row("train/loss", loss)])
            if self._on_progress is not None:
                self._on_progress(self.progress.fraction(self.budget), "training")

    def _validation_due(self) -> bool:
        trainer = self.settings.trainer
        if trainer.val_every is not None:
            return self.progress.step % trainer.val_every == 0
        return int(self.progress.fraction(self.budget) * trainer.validations) > self._validated

    def _validate(self, trainer: pl.Trainer, module: TrainingModule) -> None:
        settings = self.settings
        self._validated = int(self.progress.fraction(self.budget) * settings.trainer.validations)
        with module.clock.phase("validation"):
            decode = self.target is not None and self.target.metric in self._directions
            outcome = evaluate(
                module.network,
                settings.task,
                self.data,
                self.data.val,
                replace(settings.decoding, method="greedy"),
                decode=decode or self.chosen_by != "loss",
            )
            values = {"loss": outcome.loss, **outcome.metrics}
        with module.clock.phase("logging"):
            self._flush([self._row(f"val/{name}", value) for name, value in values.items()])
        self._note_target(values)
        value = values[self.chosen_by]
        if self._is_best(value, outcome.loss):
            with module.clock.phase("checkpoint"):
                self.best = Best(value, outcome.loss, self.progress.step)
                self._save(trainer)

    def _is_best(self, value: float, loss: float) -> bool:
        if self.best is None:
            return True
        if value == self.best.value:
            return loss < self.best.loss
        return value > self.best.value if self._higher_is_better else value < self.best.value

    def _note_target(self, values: dict[str, float]) -> None:
        if self.target is None or self.to_target_s is not None:
            return
        value = values[self.target.metric]
        higher = self._directions.get(self.target.metric, False)
        if value >= self.target.value if higher else value <= self.target.value:
            self.to_target_s = self.progress.seconds

    def _save(self, trainer: pl.Trainer) -> None:
        """Write the weights aside and move them into place, so that a kill never leaves half a file."""
        partial = self.checkpoint.with_suffix(".partial")
        trainer.save_checkpoint(partial, weights_only=True)
        os.replace(partial, self.checkpoint)

    def _row(self, name: str, value: float) -> MetricRow:
        p = self.progress
        return MetricRow(name, p.step, value, p.epoch, p.examples, p.seconds)
