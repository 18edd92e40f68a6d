"""The root of the configuration, typed. Its fields are the options; conf/config.yaml fills them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.training.settings import DecodingSettings, OptimizerSettings, TrainerSettings


@dataclass
class RootConfig:
    """Everything that a command line or an experiment file may set.

    Attributes:
        task, model: the plug-ins' own fields; chosen with task=NAME and model=NAME.
        optimizer, trainer, decoding: see harness.training.settings.
        seed: initialisation, data order and dropout follow from it.
        budget: how long to train: epochs:N, steps:N, seconds:N or tokens:N.
        target: METRIC:VALUE whose first reaching on validation data is timed.
        sweep: name that groups runs; None: the experiment's name, or "default".
        baselines: whether a sweep also runs the predictors that a task brings (copying a neighbour, ...).
        tuned: the table of searched defaults; only this cell's entry stays after composition.
        grid, per_task, per_model: for experiments; gone after composition.
    """

    task: Any = None
    model: Any = None
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    trainer: TrainerSettings = field(default_factory=TrainerSettings)
    decoding: DecodingSettings = field(default_factory=DecodingSettings)
    seed: int = 0
    budget: str = "epochs:3"
    target: str | None = None
    sweep: str | None = None
    baselines: bool = True
    tuned: Any = None
    grid: dict[str, Any] = field(default_factory=dict)
    per_task: dict[str, Any] = field(default_factory=dict)
    per_model: dict[str, Any] = field(default_factory=dict)


OPTIONS = {
    "seed": "initialisation, data order and dropout follow from it",
    "budget": "how long to train: epochs:N, steps:N, seconds:N or tokens:N",
    "target": "METRIC:VALUE whose first reaching is timed",
    "sweep": "name that groups runs in the store and the report",
    "baselines": "whether a sweep also runs the predictors that a task brings",
}
"""The plain options with what they mean, for `harness run --help`."""

GROUPS = ("task", "model", "optimizer", "trainer", "decoding", "tuned", "experiment", "trial")
"""The options that choose one of several configurations."""

CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer.schedule": ("cosine", "constant"),
    "trainer.precision": ("fp32", "bf16"),
    "trainer.device": ("auto", "cpu", "cuda"),
    "trainer.final_split": ("test", "val"),
    "decoding.method": ("greedy", "beam"),
}
"""Options of type str that accept few values."""
