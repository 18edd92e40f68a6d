"""Further destinations for a run's metrics: TensorBoard, MLflow, Weights & Biases, CSV, any logger of Lightning's.

Runs are compared in the store; these loggers receive the same rows as well. Some need optional packages. A logger that
fails after the run has started is named in the log and dropped: training does not end because a tracking server is
unreachable.

    tensorboard   results/runs/KEY/tensorboard; all runs: tensorboard --logdir results/runs
    mlflow        MLFLOW_TRACKING_URI, else results/mlflow.db; the sweep is the experiment
    wandb         WANDB_PROJECT, else sequence-harness; WANDB_MODE, else online if there is a key. Offline, files wait
                  in results/runs/KEY/wandb for 'wandb sync'. Never asks for a login
    csv           results/runs/KEY/csv/metrics.csv; a resumed run continues in csv/from_step_N/metrics.csv
    a class       by its name in Lightning or its path; the run's folder is its save_dir unless another is given
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.config.lightning import Part
from harness.config.loggers import check_loggers, loggers_of, wandb_mode
from harness.errors import UserError
from harness.training.parts import build, class_of

if TYPE_CHECKING:
    from pytorch_lightning.loggers import Logger

    from harness.store.records import MetricRow, RunPlan

_log = logging.getLogger(__name__)

_PROJECT = "sequence-harness"
_ONGOING = "loggers.json"  # in a run's folder: what a process that resumes the run needs to know


def make_loggers(named: Any, folder: Path, plan: RunPlan, *, step: int = 0) -> list[Logger]:
    """Create the loggers of a run and log its settings; call this in the phase "logging".

    Args:
        named: the value of `logger=`: a name, a list, or names with arguments.
        folder: the run's.
        plan: of the run.
        step: the step from which an interrupted run resumes; what TensorBoard shows after it is replaced.

    Raises:
        UserError: as `check_loggers`; or a class does not exist or refuses its arguments.
    """
    check_loggers(named)
    known = _ongoing(folder)
    makers: dict[str, Callable[[], Logger]] = {
        "tensorboard": lambda: _tensorboard(folder, step),
        "mlflow": lambda: _mlflow(folder, plan, known),
        "wandb": lambda: _wandb(folder, plan),
        "csv": lambda: _csv(folder, step),
    }
    made: list[Logger] = []
    for part in loggers_of(named):

        def begin(part: Part = part) -> None:
            logger = makers[part.name]() if part.name in makers else _by_class(part, folder)
            logger.log_hyperparams(_settings(plan))
            made.append(logger)

        _guarded(part.name, begin)
    return made


def shared(loggers: list[Logger]) -> list[Logger]:
    """The same loggers for Lightning's callbacks to write to; one that fails then is dropped from the list given."""
    for logger in loggers:
        logger.log_metrics = _forgiving(logger, loggers)  # type: ignore[method-assign]
    return list(loggers)


def _forgiving(logger: Logger, loggers: list[Logger]) -> Callable[..., None]:
    write = logger.log_metrics

    def log_metrics(metrics: dict[str, float], step: int | None = None) -> None:
        if logger in loggers and not _guarded(_name(logger), lambda: write(metrics, step)):
            loggers.remove(logger)

    return log_metrics


def log_rows(loggers: list[Logger], rows: Iterable[MetricRow]) -> None:
    """Forward rows of metrics; a logger that fails is removed from the list."""
    by_step = [(step, list(of)) for step, of in groupby(rows, key=lambda row: row.step)]
    for logger in list(loggers):

        def forward(logger: Logger = logger) -> None:
            for step, of in by_step:
                logger.log_metrics({row.name: row.value for row in of}, step=step)

        if not _guarded(_name(logger), forward):
            loggers.remove(logger)


def finish(loggers: list[Logger], metrics: Mapping[str, float], *, step: int = 0, status: str = "success") -> None:
    """Log the final metrics and close every logger.

    Args:
        loggers: those from `make_loggers`; the list is empty afterwards.
        metrics: `RunSummary.metrics`; empty if the run did not finish.
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

    from harness.store.engine import quoted_url

    logging.getLogger("mlflow").setLevel(logging.WARNING)  # otherwise it logs the creation of its tables
    results = folder.parent.parent.absolute()
    uri = os.environ.get("MLFLOW_TRACKING_URI") or quoted_url(results / "mlflow.db")
    logger = MLFlowLogger(
        experiment_name=plan.sweep,
        run_name=_title(plan),
        tracking_uri=uri,
        artifact_location=(folder / "mlflow").absolute().as_uri(),
        run_id=known.get("mlflow"),
        tags={"harness.key": plan.key},
    )
    with FileLock(results / ".mlflow.lock"):  # two processes must not create its tables at once
        run_id = logger.run_id
    (folder / _ONGOING).write_text(json.dumps({"mlflow": run_id}))
    return logger


def _wandb(folder: Path, plan: RunPlan) -> Logger:
    import wandb
    from pytorch_lightning.loggers import WandbLogger

    # Started here because Lightning passes an option that makes wandb warn at every run.
    begun = wandb.init(
        project=os.environ.get("WANDB_PROJECT") or _PROJECT,
        name=_title(plan),
        id=plan.key[:32],
        group=plan.sweep,
        dir=folder,
        mode=wandb_mode(),
        resume="allow",
        # Its monitoring of the machine would take time from training; what a run prints is up to the harness.
        settings=wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_meta=True, save_code=False),
    )
    begun.define_metric("trainer/global_step")
    begun.define_metric("*", step_metric="trainer/global_step", step_sync=True)
    return WandbLogger(experiment=begun, save_dir=folder)


def _csv(folder: Path, step: int) -> Logger:
    from pytorch_lightning.loggers import CSVLogger

    return CSVLogger(folder, name="csv", version=f"from_step_{step}" if step else "")


def _by_class(part: Part, folder: Path) -> Logger:
    from pytorch_lightning.loggers import Logger

    logger: Logger = build(
        class_of(part, "pytorch_lightning.loggers", Logger, "logger"), part, "logger", save_dir=folder
    )
    return logger


# -- what they share -----------------------------------------------------------------------------------


def _guarded(name: str, act: Callable[[], None]) -> bool:
    """Call `act` and log whatever it raises. Returns whether it succeeded.

    Raises:
        UserError: as `act`.
    """
    try:
        act()
    except UserError:
        raise
    except Exception as error:  # third-party packages and servers may raise any error
        _log.warning("logger '%s' failed and is no longer used: %s: %s", name, type(error).__name__, error)
        return False
    return True


def _name(logger: Logger) -> str:
    known = {"TensorBoardLogger": "tensorboard", "MLFlowLogger": "mlflow", "WandbLogger": "wandb", "CSVLogger": "csv"}
    return known.get(type(logger).__name__, type(logger).__name__)


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
