"""Training one run with Lightning until its budget is used."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.loggers import Logger
from pytorch_lightning.plugins import Precision
from pytorch_lightning.profilers import Profiler
from torch import Tensor

from harness.config.settings import RunSettings
from harness.contract.batch import Batch
from harness.errors import ConfigError
from harness.measure.clock import PhaseClock
from harness.training import checkpoint
from harness.training.callback import RunCallback
from harness.training.data_module import EndlessBatches
from harness.training.device import device_of
from harness.training.lightning_module import TrainingModule
from harness.training.loggers import shared
from harness.training.prefetch import prefetched
from harness.training.session import Session
from harness.training.watching import PhaseProfiler, StoreLogger


def train(settings: RunSettings, session: Session, module: TrainingModule, callback: RunCallback) -> None:
    """Train until the budget is used, from the checkpoint of an interrupted process if there is one.

    Raises:
        KeyboardInterrupt: a stop was requested; the checkpoint is written.
    """
    clock, earlier = session.clock, session.checkpoint
    if earlier is not None:
        clock.add(earlier["process"]["clock"])
        state = earlier["callbacks"][callback.state_key]
        session.measured.carry_on(state["measured"])
        if state["done"]:
            callback.load_state_dict(state)
            return
    single = settings.trainer.one_step_a_call
    batches = TrainingStream(callback.batches, clock, device_of(settings.trainer.device), single=single)
    trainer = _watched_trainer(settings, session, callback) if single else make_trainer(settings, callback)
    with clock.phase("other"), session.stop.deferring():
        try:
            trainer.fit(
                module,
                train_dataloaders=batches,
                ckpt_path=None if earlier is None else session.folder.last,
                weights_only=True,
            )
        except SystemExit:  # Lightning turns Ctrl-C and SIGTERM into it
            raise KeyboardInterrupt from None
    if not callback.done:
        raise KeyboardInterrupt


class TrainingStream:
    """What Lightning iterates over. The time that steps wait for batches is the phase "data_wait".

    Args:
        batches: of the run.
        clock: of the run.
        device: that trains; None: the CPU.
        single: whether Lightning gets one batch at a time; otherwise each of its batches is the iterator over all
            batches to come, from which a call takes several.
    """

    def __init__(self, batches: EndlessBatches, clock: PhaseClock, device: Any = None, *, single: bool = False) -> None:
        self._batches, self._clock, self._device = batches, clock, device or device_of("cpu")
        self._single = single

    def __iter__(self) -> Iterator[Batch] | Iterator[Iterator[Batch]]:
        timed = self._timed()
        return timed if self._single else repeat(timed)

    def _timed(self) -> Iterator[Batch]:
        waiting = self._clock.phase("data_wait")
        with waiting:
            iterator = prefetched(self._batches, self._device)
        while True:
            with waiting:
                batch = next(iterator)
            yield batch


class UnwatchedPrecision(Precision):
    """Full precision without hooks around the backward pass, which are costly in a short step and unused here."""

    def pre_backward(self, tensor: Tensor, module: pl.LightningModule) -> Tensor:  # type: ignore[override]
        """Return the loss as it is."""
        return tensor

    def post_backward(self, tensor: Tensor, module: pl.LightningModule) -> Tensor:  # type: ignore[override]
        """Return the loss as it is."""
        return tensor


def make_trainer(
    settings: RunSettings,
    callback: RunCallback,
    *,
    others: Sequence[pl.Callback] = (),
    loggers: Sequence[Logger] = (),
    profiler: Profiler | None = None,
    folder: Path | None = None,
) -> pl.Trainer:
    """A Lightning trainer with everything switched off that the harness does itself.

    Args:
        settings: of the run.
        callback: the harness's own, which comes first.
        others: the user's callbacks.
        loggers: that callbacks log to.
        profiler: Lightning's, or None.
        folder: the run's, where callbacks may write.

    Raises:
        ConfigError: training is not possible in this precision.
    """
    if settings.trainer.precision not in ("fp32", "bf16"):
        raise ConfigError(
            f"trainer.precision '{settings.trainer.precision}' cannot be trained in; choose 'fp32' or 'bf16' "
            "('harness run' turns 'auto' into one of them)."
        )
    # With this variable Lightning looks for GPUs in a way that loads a driver's library anew at every optimizer step.
    # It is meant for processes that fork; a run does not.
    os.environ.pop("PYTORCH_NVML_BASED_CUDA_CHECK", None)
    # Lightning advertises its platform with every trainer, which does not belong in a run's log.
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    return pl.Trainer(
        accelerator="cpu" if device_of(settings.trainer.device).type == "cpu" else "gpu",
        devices=1,
        strategy=settings.trainer.strategy,
        max_epochs=-1,
        check_val_every_n_epoch=None,  # validation comes by steps, as EarlyStopping wants to know
        val_check_interval=1,
        log_every_n_steps=settings.trainer.log_every,
        logger=list(loggers) or False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[callback, *others],
        # Full precision: bf16 is autocast in the training step.
        plugins=[checkpoint.AtomicCheckpointIO(), Precision() if others or profiler else UnwatchedPrecision()],
        profiler=profiler,
        use_distributed_sampler=False,
        default_root_dir=folder,
    )


def _watched_trainer(settings: RunSettings, session: Session, callback: RunCallback) -> pl.Trainer:
    """A trainer with the user's callbacks, loggers and profiler."""
    folder = session.folder.path
    return make_trainer(
        settings,
        callback,
        others=session.callbacks,
        loggers=[*shared(session.loggers), StoreLogger(folder, callback.record)],
        profiler=PhaseProfiler(session.clock, (callback.state_key,), session.profiler),
        folder=folder,
    )
