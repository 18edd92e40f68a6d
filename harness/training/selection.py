"""Which validation was the best, when the target was first reached, and when waiting longer is hopeless."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from harness.contract.target import Target
from harness.contract.task import Task
from harness.errors import ConfigError, UnknownNameError


@dataclass(frozen=True)
class Milestone:
    """A validation metric's value whose first reaching is timed."""

    metric: str
    value: float

    @classmethod
    def parse(cls, text: str, task: Task) -> Milestone:
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


class CheckpointSelection:
    """What validations have shown so far.

    Args:
        task: whose primary metric chooses the best weights (the loss, where outputs have to be searched for).
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
        """Whether validation must decode, because a metric of outputs decides or is timed."""
        return self.chosen_by != "loss" or (self.target is not None and self.target.metric != "loss")

    @property
    def hopeless(self) -> bool:
        """Whether so many validations in a row brought nothing that training may stop."""
        return self._patience is not None and self.since_best >= self._patience

    def note(self, values: dict[str, float], step: int, seconds: float) -> bool:
        """Take a validation's values, "loss" among them; whether it is the best so far.

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
        """Put back what `state_dict` gave."""
        self.best = None if state["best"] is None else Best(**state["best"])
        self.to_target_s, self.since_best = state["to_target_s"], state["since_best"]

    def _is_best(self, value: float, loss: float) -> bool:
        if self.best is None:
            return True
        if value == self.best.value:
            return loss < self.best.loss
        return value > self.best.value if self._directions[self.chosen_by] else value < self.best.value
