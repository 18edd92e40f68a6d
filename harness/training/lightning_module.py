"""The Lightning module: one training step for every task and model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map, tree_structure, tree_unflatten

from harness.config.settings import OptimizerSettings
from harness.contract.batch import Batch
from harness.contract.target import Target
from harness.measure.clock import PhaseClock
from harness.nn.embedding import TokenEmbedding
from harness.nn.network import Network

STRETCH = 50
"""Steps that Lightning is given as one batch."""


class AroundSteps(Protocol):
    """What happens before and after every step."""

    def before_step(self, module: TrainingModule) -> None:
        """A step is about to begin."""

    def after_step(self, module: TrainingModule, batch: Batch) -> bool:
        """A step on this batch, as it was before it went to the device, has ended; whether training has, too."""
        ...


@dataclass(slots=True)
class _Now:
    """What every step changes: attributes of an `nn.Module` are slow to set.

    Attributes:
        steps: taken.
        state: carried from the last batch.
        loss, count: totals since they were taken last, as tensors: reading them would stall an accelerator.
    """

    steps: int = 0
    state: Any = None
    loss: Tensor | None = None
    count: Tensor | None = None


class TrainingModule(pl.LightningModule):
    """Network, loss and optimizer.

    What Lightning does around a batch (hooks, fetchers, progress, closures) costs as much as a small network's step, so
    it is given stretches of steps as its batches, and steps are taken by hand.

    Args:
        network, target, optimizer, clock, precision: of the run.
        around: what happens around steps; None where `step` is called by hand.
    """

    def __init__(
        self,
        network: Network,
        target: Target,
        optimizer: OptimizerSettings,
        clock: PhaseClock,
        precision: str = "fp32",
        around: AroundSteps | None = None,
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self._now = _Now()
        self.network = network
        self.clock = clock
        self._around = around
        self._target, self._settings = target, optimizer
        # Lightning's own bf16 mode refuses to clip gradients of a fused optimizer; autocast needs no scaler.
        self._bf16 = precision == "bf16"
        self._saved_state: list[Tensor] | None = None  # leaves of the carried state of an interrupted process
        # The first step of a process pays for lazy initialisation of kernels and memory; it would distort the phases.
        self._cold = True
        self._phases = (clock.phase("warmup"),) * 3

    @property
    def steps(self) -> int:
        """Optimizer steps taken."""
        return self._now.steps

    def training_step(self, batches: Iterator[Batch], batch_idx: int) -> None:
        """The next `STRETCH` steps, or as many as there are before training ends."""
        around, device = self._around, self.device
        assert around is not None  # only single steps are taken without
        for batch in islice(batches, STRETCH):
            around.before_step(self)
            self.step(batch if device.type == "cpu" else batch.pin_memory().to(device))
            if around.after_step(self, batch):
                self.trainer.should_stop = True
                return

    def step(self, batch: Batch) -> None:
        """One step on a batch that is on the module's device."""
        forward, backward, optimizer = self._phases
        with forward:
            loss = self._loss(batch)
        with backward:
            for parameter in self._trained:
                parameter.grad = None
            loss.backward()
        with optimizer:
            if self._settings.clip:
                torch.nn.utils.clip_grad_norm_(self._trained, self._settings.clip)
            self.optimizer.step()
        if self._cold:
            self._cold = False
            self._phases = self.clock.phase("forward"), self.clock.phase("backward"), self.clock.phase("optimizer")
        self._now.steps += 1

    def _loss(self, batch: Batch) -> Tensor:
        """Mean loss of a batch over its target units."""
        now = self._now
        carries = self._target.needs.streams and self.network.capabilities.carries_state
        if self._saved_state is not None:
            now.state = self._rebuilt(self._saved_state, batch)
            self._saved_state = None
        state = None if batch.reset_state or not carries else now.state
        smoothing = self._settings.label_smoothing
        with torch.autocast(batch.inputs.device.type, torch.bfloat16, enabled=self._bf16):
            features, lengths, state = self.network.features(batch.inputs, batch.input_lengths, batch.targets, state)
            mean, total, count = self._target.training_loss(self.network.head, features, lengths, batch, smoothing)
        # Truncated back-propagation: the state goes on, its history does not.
        now.state = tree_map(lambda t: t.detach(), state) if carries else None
        total = total.detach()
        now.loss = total if now.loss is None else now.loss + total
        now.count = count if now.count is None else now.count + count
        return mean

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Lightning counts only the steps that it takes itself."""
        checkpoint["global_step"] = self.steps

    def transfer_batch_to_device(
        self, batch: Iterator[Batch], device: torch.device, dataloader_idx: int
    ) -> Iterator[Batch]:
        """Nothing yet: every batch of a stretch moves when its step begins."""
        return batch

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW; weight decay on matrices only (not on biases, gains and embeddings)."""
        embeddings = {id(m.weight) for m in self.network.modules() if isinstance(m, TokenEmbedding)}
        trained = [p for p in self.network.parameters() if p.requires_grad]
        decayed = [p for p in trained if p.ndim > 1 and id(p) not in embeddings]
        plain = [p for p in trained if p.ndim <= 1 or id(p) in embeddings]
        first, second = self._settings.betas
        self._trained = [*decayed, *plain]
        self.optimizer: torch.optim.Optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": self._settings.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=self._settings.lr,
            betas=(first, second),
            fused=True,
        )
        return self.optimizer

    def take_totals(self) -> tuple[float, float]:
        """Total loss and count since the last call, read from the device and reset."""
        now = self._now
        if now.loss is None or now.count is None:
            return 0.0, 0.0
        totals = float(now.loss), float(now.count)
        now.loss = now.count = None
        return totals

    def work(self, batch: Batch) -> tuple[int, str]:
        """Real, unpadded units of a batch and their name."""
        return self._target.work(batch.input_lengths, batch.target_lengths)

    def run_state(self) -> dict[str, Any]:
        """What the next step needs beside weights and optimizer: the carried state and open totals, as tensors."""
        return {
            "steps": self.steps,
            "carried_state": None if self._now.state is None else tree_leaves(self._now.state),
            "loss_total": self._now.loss,
            "count_total": self._now.count,
        }

    def load_run_state(self, state: dict[str, Any]) -> None:
        """Put back what `run_state` gave."""
        self._now.steps = state["steps"]
        saved = tree_map(lambda t: t.to(self.device) if isinstance(t, Tensor) else t, state)
        self._saved_state = saved["carried_state"]
        self._now.loss, self._now.count = saved["loss_total"], saved["count_total"]

    def _rebuilt(self, leaves: list[Tensor], batch: Batch) -> Any:
        """The carried state from its tensors. Its shape as a tree is the model's affair: one look at it shows it."""
        self.network.eval()  # neither dropout nor statistics of batches may notice
        with torch.no_grad():
            _, _, state = self.network(batch.inputs, batch.input_lengths, batch.targets, None)
        self.network.train()
        return tree_unflatten(leaves, tree_structure(state))
