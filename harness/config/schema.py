"""The root of the configuration, typed. Its fields are the options; conf/config.yaml fills them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.config.settings import SOFTMAX, DecodingSettings, OptimizerSettings, TrainerSettings


@dataclass
class LimitOptions:
    """Per-run limits; exceeding one stops the run: "90s", "30m", "2h"; "800MB", "4GiB". None: no limit."""

    time: str | None = None
    memory: str | None = None


@dataclass
class RootConfig:
    """Everything that a command line or an experiment file may set.

    Attributes:
        task, model: the plug-ins' own fields; chosen with task=NAME and model=NAME.
        optimizer, trainer, decoding: see harness.config.settings.
        seed: initialisation, data order and dropout follow from it.
        budget: how long to train: epochs:N, steps:N, seconds:N or tokens:N.
        target: METRIC:VALUE whose first reaching on validation data is timed.
        match: params:N or total:N; solves the model's hidden size for N parameters (see harness.config.matching).
        logger: further places for the metrics, one name or a list: tensorboard, mlflow, wandb.
        sweep: name that groups runs; None: the experiment's name, or "default".
        baselines: whether a sweep also runs the predictors that a task brings (copying a neighbour, ...).
        exclusive: whether a sweep runs nothing beside a run that is timed.
        limits: exceeding one stops a run; watched by the local launcher.
        launcher: what starts workers: inline (this process) or local (processes of this machine); None: inline for
            `harness run`, local for `harness sweep`.
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
    match: str | None = None
    logger: Any = None
    sweep: str | None = None
    baselines: bool = True
    exclusive: bool = False
    limits: LimitOptions = field(default_factory=LimitOptions)
    launcher: str | None = None
    tuned: Any = None
    grid: dict[str, Any] = field(default_factory=dict)
    per_task: dict[str, Any] = field(default_factory=dict)
    per_model: dict[str, Any] = field(default_factory=dict)


OPTIONS = {
    "seed": "initialisation, data order and dropout follow from it",
    "budget": "how long to train: epochs:N, steps:N, seconds:N or tokens:N",
    "target": "METRIC:VALUE whose first reaching is timed",
    "precision": "fp32, bf16, or for one run auto, which checks whether bf16 may be used; short for trainer.precision=",
    "match": "params:N or total:N: solve the model's hidden size for N parameters, without or with embedding and head",
    "logger": "also log to tensorboard, mlflow or wandb, or to a list of them",
    "sweep": "name that groups runs in the store and the report",
    "baselines": "whether a sweep also runs the predictors that a task brings",
    "exclusive": "true: each run has the machine to itself, so that its times can be trusted",
    "limits.time": "a run that takes longer is stopped and recorded as failed, as in 30m",
    "limits.memory": "the same for the memory of a run's processes, as in 4GiB",
    "launcher": "inline (runs in this process; a run's default) or local (a process for each run; a sweep's default)",
}
"""The plain options with what they mean, for `harness run --help`."""

GROUPS = ("task", "model", "optimizer", "trainer", "decoding", "tuned", "experiment", "trial")
"""The options that choose one of several configurations."""

LOGGERS = ("tensorboard", "mlflow", "wandb")
"""What `logger` accepts, alone or in a list."""

SHORT = {"precision": "trainer.precision"}
"""Options with a shorter name, which the words of a command may use."""

CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer.schedule": ("cosine", "constant"),
    "trainer.precision": ("fp32", "bf16", "auto"),
    "trainer.softmax": SOFTMAX,
    "trainer.device": ("auto", "cpu", "cuda"),
    "trainer.final_split": ("test", "val"),
    "decoding.method": ("greedy", "beam"),
    "launcher": ("inline", "local"),
}
"""Options of type str that accept few values."""

AT_LEAST_ONE = (
    "trainer.threads",
    "trainer.val_every",
    "trainer.validations",
    "trainer.early_stopping",
    "trainer.log_every",
    "trainer.embedding_dim",
    "decoding.beam_size",
)
"""Options that count something, and so are 1 or more where they are given."""
