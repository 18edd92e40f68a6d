"""Tracks the best validation, the time to the target, and when to stop early."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from harness.contract.target import Target
from harness.contract.task import Task
from harness.errors import ConfigError, UnknownNameError


@dataclass(frozen=True)
class Milestone:
    """A value of a validation metric; the time until it is first reached is measured."""

    metric: str
    value: float

    @classmethod
    def parse(cls, text: str, task: Task) -> Milestone:
        """Parse "METRIC:VALUE".

        Raises:
            UnknownNameError: the task has no such metric.
            ConfigError: the value is not a number.
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
    """The best validation so far, whose weights are tested. Equal values are ranked by lower loss."""

    value: float
    loss: float
    step: int


class CheckpointSelection:
    """The state of selection after the validations so far.

    Args:
        task: its primary metric selects the best weights (the loss, if outputs require a search).
        target_spec: what the task predicts.
        target: "metric:value" to be timed, or None.
        patience: validations without improvement after which training may stop; None: never.

    Attributes:
        chosen_by: "loss" or the primary metric.
        best: None before the first validation.
        to_target_s: training seconds until the target was first reached, or None.
        since_best: validations since the best one.
    """

    def __init__(self, task: Task, target_spec: Target, target: str | None, patience: int | None) -> None:
        if patience is not None and patience < 1:
            raise ConfigError(f"trainer.early_stopping={patience} must be 1 or more validations, or null for off.")
        primary = task.metrics[0]
        self.chosen_by = "loss" if target_spec.searched else primary.name
        self.target = Milestone.parse(target, task) if target else None
        self.best: Best | None = None
        self.to_target_s: float | None = None
        self.since_best = 0
        self._patience = patience
        self._directions = {m.name: m.higher_is_better for m in task.metrics} | {"loss": False}

    @property
    def needs_outputs(self) -> bool:
        """Whether validation must decode, because a metric of outputs selects weights or is timed."""
        return self.chosen_by != "loss" or (self.target is not None and self.target.metric != "loss")

    @property
    def hopeless(self) -> bool:
        """Whether enough validations in a row brought no improvement for training to stop."""
        return self._patience is not None and self.since_best >= self._patience

    def note(self, values: dict[str, float], step: int, seconds: float) -> bool:
        """Record the values of a validation, including "loss"; returns whether it is the best so far.

        Args:
            values: by metric.
            step: optimizer steps so far.
            seconds: training time so far.
        """
        if self.target is not None and self.to_target_s is None:
            value, wanted = values[self.target.metric], self.target.value
            if value >= wanted if self._directions[self.target.metric] else value <= wanted:
                self.to_target_s = seconds
        if not self._is_best(values[self.chosen_by], values["loss"]):
            self.since_best += 1
            return False
        self.best, self.since_best = Best(values[self.chosen_by], values["loss"], step), 0
        return True

    def state_dict(self) -> dict[str, Any]:
        """Plain values."""
        best = None if self.best is None else asdict(self.best)
        return {"best": best, "to_target_s": self.to_target_s, "since_best": self.since_best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.best = None if state["best"] is None else Best(**state["best"])
        self.to_target_s, self.since_best = state["to_target_s"], state["since_best"]

    def _is_best(self, value: float, loss: float) -> bool:
        if self.best is None:
            return True
        if math.isnan(value) or math.isnan(self.best.value):  # any number is better than none
            return math.isnan(self.best.value) and (not math.isnan(value) or loss < self.best.loss)
        if value == self.best.value:
            return loss < self.best.loss
        return value > self.best.value if self._directions[self.chosen_by] else value < self.best.value
