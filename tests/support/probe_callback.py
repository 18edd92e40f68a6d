"""A callback of a user's: writes down what it is told, and logs a metric of its own."""

from __future__ import annotations

from typing import Any, ClassVar

import pytorch_lightning as pl

from harness.contract.batch import Batch


class Probe(pl.Callback):
    """Notes every hook of the last run that it took part in."""

    seen: ClassVar[list[tuple[Any, ...]]] = []

    def __init__(self, every: int = 1) -> None:
        self.every = every
        self.seen.clear()

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Batch, batch_idx: int) -> None:
        self.seen.append(
            ("start", batch_idx, trainer.global_step, batch.ids, pl_module.optimizer.param_groups[0]["lr"])
        )

    def on_before_zero_grad(self, trainer: pl.Trainer, pl_module: Any, optimizer: Any) -> None:
        self.seen.append(("zero_grad",))

    def on_before_backward(self, trainer: pl.Trainer, pl_module: Any, loss: Any) -> None:
        self.seen.append(("backward", float(loss.detach())))

    def on_after_backward(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self.seen.append(("after_backward", _norm(pl_module)))

    def on_before_optimizer_step(self, trainer: pl.Trainer, pl_module: Any, optimizer: Any) -> None:
        self.seen.append(("optimizer", _norm(pl_module)))

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: Any, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        self.seen.append(("end", batch_idx, trainer.global_step, float(outputs["loss"]), _norm(pl_module)))
        if batch_idx % self.every == 0:
            self.log("probe", float(batch_idx))

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self.seen.append(("validated", trainer.global_step, float(trainer.callback_metrics["val/loss"])))
        self.log("probe_of_validation", 1.0)


def _norm(module: Any) -> float:
    """Of all gradients."""
    return float(sum(p.grad.pow(2).sum() for p in module.parameters() if p.grad is not None) ** 0.5)
