"""Connects Lightning's callbacks, profilers and loggers to the parts of a run other than training steps.

The harness validates by itself, so validation hooks are called here. The time of callbacks is charged to a separate
phase through the profiler, which Lightning calls around every hook. What callbacks log goes to the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers import Logger
from pytorch_lightning.profilers import PassThroughProfiler, Profiler
from pytorch_lightning.trainer import call

from harness.measure.clock import PhaseClock

PHASE = "callbacks"
"""The phase of the clock that the hooks of callbacks are charged to."""

PREFIX = "callback/"
"""Prefix of the names of callbacks' metrics in the store."""


@contextmanager
def validating(module: pl.LightningModule) -> Iterator[None]:
    """Call the hooks of a validation by Lightning around one by the harness.

    These are on_validation_start, on_validation_epoch_start, on_validation_epoch_end and on_validation_end; there are
    none for its batches. What callbacks log in them goes to the loggers.
    """
    trainer = module.trainer
    connector: Any = trainer._logger_connector
    first = connector._first_loop_iter
    trainer.validating = True
    try:
        call._call_callback_hooks(trainer, "on_validation_start")
        call._call_callback_hooks(trainer, "on_validation_epoch_start")
        yield
        connector.epoch_end_reached()
        call._call_callback_hooks(trainer, "on_validation_epoch_end")
        connector.log_metrics(connector.update_eval_epoch_metrics())
        call._call_callback_hooks(trainer, "on_validation_end")
        connector.reset_results()
    finally:
        trainer.training = True
        connector._first_loop_iter = first


def tell_validation(module: pl.LightningModule, metrics: Mapping[str, float]) -> None:
    """Let callbacks find validation metrics under `trainer.callback_metrics`, as if they had been logged."""
    module.trainer.callback_metrics.update({name: torch.tensor(value) for name, value in metrics.items()})


class PhaseProfiler(Profiler):
    """Charges the hooks of callbacks to the phase "callbacks" and passes every action on to the user's profiler.

    Args:
        clock: of the run.
        own: state keys of the harness's own callbacks, which have phases of their own.
        inner: the user's profiler.
    """

    def __init__(self, clock: PhaseClock, own: tuple[str, ...], inner: Profiler | None = None) -> None:
        super().__init__()
        self._phase = clock.phase(PHASE)
        self._own = tuple(f"[Callback]{key}." for key in own)
        self._inner = inner or PassThroughProfiler()

    def start(self, action_name: str) -> None:
        """Enter the phase if the action belongs to a callback."""
        if self._is_callback(action_name):
            self._phase.__enter__()
        self._inner.start(action_name)

    def stop(self, action_name: str) -> None:
        """Leave the phase."""
        self._inner.stop(action_name)
        if self._is_callback(action_name):
            self._phase.__exit__(None, None, None)

    def setup(self, stage: str, local_rank: int | None = None, log_dir: str | None = None) -> None:
        """Set up the user's profiler."""
        inner: Any = self._inner
        inner._lightning_module = getattr(self, "_lightning_module", None)
        inner.setup(stage, local_rank, log_dir)

    def teardown(self, stage: str | None) -> None:
        """Close the user's profiler."""
        self._inner.teardown(stage)

    def summary(self) -> str:
        """The summary of the user's profiler."""
        return self._inner.summary()

    def describe(self) -> None:
        """Let the user's profiler write what it found."""
        self._inner.describe()

    def _is_callback(self, action: str) -> bool:
        return action.startswith("[Callback]") and not action.startswith(self._own)


class StoreLogger(Logger):
    """Takes the metrics that callbacks log into the store, their names beginning with "callback/".

    Args:
        folder: the run's.
        put: called with metrics by name.
    """

    def __init__(self, folder: Path, put: Callable[[dict[str, float]], None]) -> None:
        super().__init__()
        self._folder, self._put = folder, put

    @property
    def name(self) -> str:
        """The name of the logger."""
        return "store"

    @property
    def version(self) -> str:
        """None: a run has one."""
        return ""

    @property
    def save_dir(self) -> str:
        """The run's folder."""
        return str(self._folder)

    def log_hyperparams(self, params: Any, *args: Any, **options: Any) -> None:
        """Do nothing: the store has the configuration."""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Write metrics, at the step at which they are logged."""
        self._put({f"{PREFIX}{name}": float(value) for name, value in metrics.items() if name != "epoch"})
