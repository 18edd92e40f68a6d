"""The Lightning module: one training step for every task and model."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map, tree_structure, tree_unflatten

from harness.batch import Batch
from harness.nn.embedding import TokenEmbedding
from harness.nn.losses import loss_sum, worked_units
from harness.nn.network import Network
from harness.specs import NextTokenTarget, TargetSpec
from harness.training.settings import OptimizerSettings
from harness.training.timing import PhaseClock


class TrainingModule(pl.LightningModule):
    """Network, loss and optimizer.

    Totals since the last `take_totals` are kept as tensors: reading them every step would stall an accelerator.
    """

    def __init__(
        self,
        network: Network,
        target: TargetSpec,
        optimizer: OptimizerSettings,
        clock: PhaseClock,
        precision: str = "fp32",
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.steps = 0
        self.network = network
        self.clock = clock
        self._target, self._settings = target, optimizer
        # Lightning's own bf16 mode refuses to clip gradients of a fused optimizer; autocast needs no scaler.
        self._bf16 = precision == "bf16"
        self._state: Any = None
        self._saved_state: list[Tensor] | None = None  # leaves of the carried state of an interrupted process
        self._warm = False
        self._loss_total: Tensor | None = None
        self._count_total: Tensor | None = None

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One step, by hand: Lightning's own sequence of hooks and closures costs as much as a small network does."""
        with self._phase("forward"):
            loss = self._loss(batch)
        with self._phase("backward"):
            for parameter in self._trained:
                parameter.grad = None
            loss.backward()
        with self._phase("optimizer"):
            if self._settings.clip:
                torch.nn.utils.clip_grad_norm_(self._trained, self._settings.clip)
            self._optimizer.step()
        self._warm = True
        self.steps += 1

    def _loss(self, batch: Batch) -> Tensor:
        """Mean loss of a batch over its target units."""
        carries = isinstance(self._target, NextTokenTarget) and self.network.capabilities.carries_state
        if self._saved_state is not None:
            self._state = self._rebuilt(self._saved_state, batch)
            self._saved_state = None
        state = None if batch.fresh or not carries else self._state
        with torch.autocast(batch.inputs.device.type, torch.bfloat16, enabled=self._bf16):
            outputs, lengths, state = self.network(batch.inputs, batch.input_lengths, batch.targets, state)
        # Truncated back-propagation: the state goes on, its history does not.
        self._state = tree_map(lambda t: t.detach(), state) if carries else None
        total, count = loss_sum(
            self._target,
            outputs,
            lengths,
            batch.targets,
            batch.target_lengths,
            label_smoothing=self._settings.label_smoothing,
        )
        detached = total.detach()
        self._loss_total = detached if self._loss_total is None else self._loss_total + detached
        self._count_total = count if self._count_total is None else self._count_total + count
        return total / count

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Lightning counts only the steps that it takes itself."""
        checkpoint["global_step"] = self.steps

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Move a batch."""
        return batch.to(device)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; weight decay on matrices only (not on biases, gains and embeddings)."""
        embeddings = {id(m.weight) for m in self.network.modules() if isinstance(m, TokenEmbedding)}
        trained = [p for p in self.network.parameters() if p.requires_grad]
        decayed = [p for p in trained if p.ndim > 1 and id(p) not in embeddings]
        plain = [p for p in trained if p.ndim <= 1 or id(p) in embeddings]
        first, second = self._settings.betas
        self._trained = [*decayed, *plain]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": self._settings.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=self._settings.lr,
            betas=(first, second),
            fused=True,
        )
        return self._optimizer

    def take_totals(self) -> tuple[float, float]:
        """Total loss and count since the last call, read from the device and reset."""
        if self._loss_total is None or self._count_total is None:
            return 0.0, 0.0
        totals = float(self._loss_total), float(self._count_total)
        self._loss_total = self._count_total = None
        return totals

    def work(self, batch: Batch) -> tuple[Tensor, str]:
        """Real, unpadded units of a batch and their name."""
        return worked_units(self._target, batch.input_lengths, batch.target_lengths)

    def run_state(self) -> dict[str, Any]:
        """What the next step needs beside weights and optimizer: the carried state and open totals, as tensors."""
        return {
            "steps": self.steps,
            "carried_state": None if self._state is None else tree_leaves(self._state),
            "loss_total": self._loss_total,
            "count_total": self._count_total,
        }

    def load_run_state(self, state: dict[str, Any]) -> None:
        """Put back what `run_state` gave."""
        self.steps = state["steps"]
        saved = tree_map(lambda t: t.to(self.device) if isinstance(t, Tensor) else t, state)
        self._saved_state = saved["carried_state"]
        self._loss_total, self._count_total = saved["loss_total"], saved["count_total"]

    def _rebuilt(self, leaves: list[Tensor], batch: Batch) -> Any:
        """The carried state from its tensors. Its shape as a tree is the model's affair: one look at it shows it."""
        self.network.eval()  # neither dropout nor statistics of batches may notice
        with torch.no_grad():
            _, _, state = self.network(batch.inputs, batch.input_lengths, batch.targets, None)
        self.network.train()
        return tree_unflatten(leaves, tree_structure(state))

    def _phase(self, name: str) -> AbstractContextManager[None]:
        # The first step of a process pays for lazy initialisation of kernels and memory; it would distort the phases.
        return self.clock.phase(name if self._warm else "warmup")
