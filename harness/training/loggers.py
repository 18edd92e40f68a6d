"""Further places for a run's metrics, which users may have already: TensorBoard, MLflow, Weights & Biases.

The store is where runs are compared; these get the same rows beside it, through Lightning's own loggers. They are
optional packages. A logger that fails after the run has begun is named in the log and left out: a training run does not
end because a server of charts is away.

    TensorBoard         results/runs/KEY/tensorboard; all runs: tensorboard --logdir results/runs
    MLflow              MLFLOW_TRACKING_URI, else results/mlflow.db; the sweep is the experiment
    Weights & Biases    WANDB_PROJECT, else sequence-harness; WANDB_MODE, else online where there is a key. Offline,
                        files wait in results/runs/KEY/wandb for 'wandb sync'. Never asks for a login
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.loggers import check_loggers, wandb_mode

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger

    from harness.store.records import MetricRow, RunPlan

_log = logging.getLogger(__name__)

_PROJECT = "sequence-harness"
_ONGOING = "loggers.json"  # in a run's folder: what a process that goes on with the run needs to know


def make_loggers(names: Sequence[str], folder: Path, plan: RunPlan, *, step: int = 0) -> list[Logger]:
    """The loggers of a run, with its settings entered; make them in the phase "logging".

    Args:
        names: of "tensorboard", "mlflow" and "wandb".
        folder: the run's own.
        plan: of the run.
        step: the one from which an interrupted run goes on; what TensorBoard shows after it is replaced.

    Raises:
        ConfigError: as `check_loggers`.
    """
    check_loggers(names)
    known = _ongoing(folder)
    makers = {
        "tensorboard": lambda: _tensorboard(folder, step),
        "mlflow": lambda: _mlflow(folder, plan, known),
        "wandb": lambda: _wandb(folder, plan),
    }
    made: list[Logger] = []
    for name in names:

        def begin(name: str = name) -> None:
            logger = makers[name]()
            logger.log_hyperparams(_settings(plan))
            made.append(logger)

        _guarded(name, begin)
    return made


def log_rows(loggers: list[Logger], rows: Iterable[MetricRow]) -> None:
    """Forward rows of metrics; a logger that fails is taken out of the list."""
    by_step = [(step, list(of)) for step, of in groupby(rows, key=lambda row: row.step)]
    for logger in list(loggers):

        def forward(logger: Logger = logger) -> None:
            for step, of in by_step:
                logger.log_metrics({row.name: row.value for row in of}, step=step)

        if not _guarded(_name(logger), forward):
            loggers.remove(logger)


def finish(loggers: list[Logger], metrics: Mapping[str, float], *, step: int = 0, status: str = "success") -> None:
    """Enter the final metrics and close every logger.

    Args:
        loggers: as `make_loggers` returned them; empty afterwards.
        metrics: `RunSummary.metrics`; empty for a run that did not finish.
        step: the last one.
        status: "success" or "failed".
    """
    for logger in loggers:

        def end(logger: Logger = logger) -> None:
            if metrics:
                logger.log_metrics(dict(metrics), step=step)
            logger.save()
            logger.finalize(status)
            if _name(logger) == "wandb":
                run = logger.experiment  # type: ignore[attr-defined]
                run.finish(exit_code=0 if status == "success" else 1)

        _guarded(_name(logger), end)
    loggers.clear()


# -- each of them --------------------------------------------------------------------------------------


def _tensorboard(folder: Path, step: int) -> Logger:
    from pytorch_lightning.loggers import TensorBoardLogger

    purge = step + 1 if step else None
    return TensorBoardLogger(folder, name="tensorboard", version="", default_hp_metric=False, purge_step=purge)


def _mlflow(folder: Path, plan: RunPlan, known: Mapping[str, str]) -> Logger:
    from filelock import FileLock
    from pytorch_lightning.loggers import MLFlowLogger

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # else it tells how it makes its tables
    results = folder.parent.parent.absolute()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{results / 'mlflow.db'}"
    logger = MLFlowLogger(
        experiment_name=plan.sweep,
        run_name=_title(plan),
        tracking_uri=uri,
        artifact_location=(folder / "mlflow").absolute().as_uri(),
        run_id=known.get("mlflow"),
        tags={"harness.key": plan.key},
    )
    with FileLock(results / ".mlflow.lock"):  # two processes that make its tables at once are one too many
        run_id = logger.run_id
    (folder / _ONGOING).write_text(json.dumps({"mlflow": run_id}))
    return logger


def _wandb(folder: Path, plan: RunPlan) -> Logger:
    import wandb
    from pytorch_lightning.loggers import WandbLogger

    # Begun here, since Lightning passes an option of which wandb warns at every run.
    begun = wandb.init(
        project=os.environ.get("WANDB_PROJECT") or _PROJECT,
        name=_title(plan),
        id=plan.key[:32],
        group=plan.sweep,
        dir=folder,
        mode=wandb_mode(),
        resume="allow",
        # Its own watching of the machine would take time from training; what is printed stays the harness's.
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_meta=True, save_code=False),
    )
    begun.define_metric("trainer/global_step")
    begun.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    return WandbLogger(experiment=begun, save_dir=folder)


# -- what they share -----------------------------------------------------------------------------------


def _guarded(name: str, act: Callable[[], None]) -> bool:
    """Do it; whatever it raises goes to the log. Returns whether it was done."""
    try:
        act()
    except Exception as error:  # packages of others, and their servers: any error may come
        _log.warning("logger '%s' fails and is left out: %s: %s", name, type(error).__name__, error)
        return False
    return True


def _name(logger: Logger) -> str:
    return {"TensorBoardLogger": "tensorboard", "MLFlowLogger": "mlflow", "WandbLogger": "wandb"}[type(logger).__name__]


def _title(plan: RunPlan) -> str:
    return f"{plan.task} × {plan.model}, seed {plan.seed} ({plan.key[:8]})"


def _settings(plan: RunPlan) -> dict[str, Any]:
    """The configuration and the key, for the loggers' own tables."""
    return {"key": plan.key, "dataset": plan.dataset, **plan.config}


def _ongoing(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / _ONGOING).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
