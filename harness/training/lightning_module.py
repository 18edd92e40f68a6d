"""The Lightning module: the training step, the same for every task and model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import pytorch_lightning as pl
import torch
from pytorch_lightning.core.optimizer import LightningOptimizer
from pytorch_lightning.trainer import call  # the only way to call one hook of every callback
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map, tree_structure, tree_unflatten

from harness.config.settings import OptimizerSettings
from harness.contract.batch import Batch
from harness.contract.model import Decoder, Encoder, EncoderOutput
from harness.contract.target import Target
from harness.measure.clock import PhaseClock
from harness.nn.auxiliary import auxiliary_loss
from harness.nn.network import Network
from harness.training.optimizer import make_optimizer

STRETCH = 50
"""Training steps that Lightning gets as one batch if nothing observes single steps."""


class AroundSteps(Protocol):
    """What a run does before the first step and around every step."""

    def training_begins(self, module: TrainingModule) -> None:
        """Called once, after every callback's `on_train_start`."""

    def before_step(self, module: TrainingModule) -> None:
        """Called before every step."""

    def after_step(self, module: TrainingModule, batch: Batch) -> bool:
        """Called after every step with its batch on the host. Returns whether training is over."""
        ...


@dataclass(slots=True)
class _Now:
    """State that changes with every step. Kept apart because attributes of an `nn.Module` are slow to set.

    Attributes:
        steps: optimizer steps taken.
        state: the state carried over from the last batch.
        loss, count: summed loss and target units since they were last read, kept as tensors because reading them
            would stall an accelerator.
        auxiliary: summed auxiliary losses and their counts by name, likewise.
        grad_norm: the largest norm of a step's gradient before clipping, likewise.
        batch: the current batch on the host, where Lightning moves batches itself.
    """

    steps: int = 0
    state: Any = None
    loss: Tensor | None = None
    count: Tensor | None = None
    auxiliary: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)
    grad_norm: Tensor | None = None
    batch: Batch | None = None


class TrainingModule(pl.LightningModule):
    """Network, loss and optimizer.

    Lightning's work around a batch (hooks, fetchers, progress, closures) costs as much as a step of a small network.
    Without callbacks or a profiler, Lightning's batch is therefore an iterator, from which one call takes `STRETCH`
    steps. Otherwise Lightning's batch is one batch of the task, and all of its hooks are called.

    Args:
        network, target, optimizer, clock, precision: the run's.
        around: called around steps; None where `train_step` is called directly.
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
        self._auxiliary = network.capabilities.auxiliary
        # Lightning's own bf16 mode refuses to clip gradients of a fused optimizer; autocast needs no scaler.
        self._bf16 = precision == "bf16"
        self._saved_state: list[Tensor] | None = None  # leaves of the carried state of an interrupted process
        # The first step of a process pays for lazy initialisation of kernels and memory; it would distort the phases.
        self._cold = True
        self._phases = (clock.phase("warmup"),) * 3

    def __deepcopy__(self, memo: dict[int, Any]) -> TrainingModule:
        """A copy with weights of its own, which callbacks that average weights make; clock and run stay the same."""
        made = type(self).__new__(type(self))
        memo |= {id(self): made, id(self.clock): self.clock, id(self._around): self._around}
        made.__setstate__(deepcopy(self.__getstate__(), memo))
        return made

    @property
    def steps(self) -> int:
        """Optimizer steps taken."""
        return self._now.steps

    # -- Lightning's hooks ---------------------------------------------------------------------------

    def training_step(self, batch: Batch | Iterator[Batch], batch_idx: int) -> Tensor | None:
        """One step on a batch, whose loss is returned; or `STRETCH` steps from an iterator, or until training ends."""
        if isinstance(batch, Batch):
            loss = self.train_step(batch, hooks=True).detach()
            self.trainer.callback_metrics["train/loss"] = loss
            return loss
        around, device = self._around, self.device
        assert around is not None  # only single steps are taken without
        for each in islice(batch, STRETCH):
            around.before_step(self)
            self.train_step(_moved(each, device))
            if around.after_step(self, each):
                self.trainer.should_stop = True
                break
        return None

    def on_fit_start(self) -> None:
        """Begin training: a callback with no time left on resuming must wait for a step and its validation."""
        self.trainer.should_stop = False

    def on_train_start(self) -> None:
        """Comes after every callback's, which may draw random numbers."""
        assert self._around is not None
        self._around.training_begins(self)

    def on_train_batch_end(self, outputs: Any, batch: Batch | Iterator[Batch], batch_idx: int) -> None:
        """End a single step, after the hooks of all callbacks."""
        if isinstance(batch, Batch):
            around, on_host = self._around, self._now.batch
            assert around is not None
            assert on_host is not None
            if around.after_step(self, on_host):
                self.trainer.should_stop = True

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Clip gradients after every callback has seen them, as Lightning does."""
        self._clip()

    def transfer_batch_to_device(
        self, batch: Batch | Iterator[Batch], device: torch.device, dataloader_idx: int
    ) -> Batch | Iterator[Batch]:
        """Move one batch; an iterator's batches are moved when their steps begin."""
        if not isinstance(batch, Batch):
            return batch
        self._now.batch = batch
        return _moved(batch, device)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Set the number of steps: Lightning counts only single ones."""
        checkpoint["global_step"] = self.steps

    def teardown(self, stage: str) -> None:
        """Keep Lightning from closing loggers, which still get the test metrics; the session closes them."""
        self.trainer.loggers = []

    # -- the step ------------------------------------------------------------------------------------

    def train_step(self, batch: Batch, hooks: bool = False) -> Tensor:
        """One step on a batch that is on the module's device.

        Args:
            batch: to train on.
            hooks: whether to call the hooks of Lightning's callbacks that come within a step.

        Returns:
            The batch's mean loss.
        """
        forward, backward, optimizer = self._phases
        with forward:
            loss = self._loss(batch)
        with backward:
            if hooks:
                call._call_callback_hooks(self.trainer, "on_before_zero_grad", self.optimizer)
            for parameter in self._trained:
                parameter.grad = None
            if self._trainer is None:  # called directly: there is no strategy to synchronise gradients
                loss.backward()
            else:
                self.manual_backward(loss)
        with optimizer:
            if hooks:
                self._lightning_optimizer().step()
            else:
                self._clip()
                self.optimizer.step()
            if self._after_steps:
                with torch.no_grad():
                    for after_step in self._after_steps:
                        after_step()
        if self._cold:
            self._cold = False
            self._phases = self.clock.phase("forward"), self.clock.phase("backward"), self.clock.phase("optimizer")
        self._now.steps += 1
        return loss

    def _lightning_optimizer(self) -> LightningOptimizer:
        optimizer = self.optimizers()
        assert isinstance(optimizer, LightningOptimizer)
        return optimizer

    def _clip(self) -> None:
        """Clip gradients to a norm, if the run says so, and note what their norm was."""
        utils, now = torch.nn.utils, self._now
        if self._settings.clip:
            norm = utils.clip_grad_norm_(self._trained, self._settings.clip)
        else:
            norm = utils.get_total_norm([p.grad for p in self._trained if p.grad is not None])
        now.grad_norm = norm if now.grad_norm is None else torch.maximum(now.grad_norm, norm)

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
            encoded = self.network.encode(batch.inputs, batch.input_lengths, state)
            features, lengths, state = self.network.read(encoded, batch.targets)
            mean, total, count = self._target.training_loss(self.network.head, features, lengths, batch, smoothing)
        if self._auxiliary:
            mean = mean + auxiliary_loss(encoded, self._auxiliary)
            self._note_auxiliary(encoded)
        # Truncated back-propagation: the state is carried over, without its graph.
        now.state = tree_map(lambda t: t.detach(), state) if carries else None
        total = total.detach()
        now.loss = total if now.loss is None else now.loss + total
        now.count = count if now.count is None else now.count + count
        return mean

    def _note_auxiliary(self, encoded: EncoderOutput) -> None:
        """Add the auxiliary losses of a batch to what the log will show."""
        assert encoded.auxiliary is not None
        kept = self._now.auxiliary
        for name, (total, count) in encoded.auxiliary.items():
            now = (total.detach().float(), count.detach())
            before = kept.get(name)
            kept[name] = now if before is None else (before[0] + now[0], before[1] + now[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The run's optimizer, `harness.training.optimizer`."""
        self.optimizer: torch.optim.Optimizer = make_optimizer(self.network, self._settings)
        self._trained = [p for group in self.optimizer.param_groups for p in group["params"]]
        self._after_steps = after_steps(self.network)
        return self.optimizer

    def take_totals(self) -> tuple[float, float]:
        """Summed loss and target units since the last call; reads them from the device and resets them."""
        now = self._now
        if now.loss is None or now.count is None:
            return 0.0, 0.0
        totals = float(now.loss), float(now.count)
        now.loss = now.count = None
        return totals

    def take_auxiliary(self) -> dict[str, float]:
        """The mean auxiliary losses since the last call, by name; as `take_totals`."""
        found = {name: float(total) / max(float(count), 1.0) for name, (total, count) in self._now.auxiliary.items()}
        self._now.auxiliary = {}
        return found

    def take_grad_norm(self) -> float | None:
        """The largest norm of a step's gradient before clipping since the last call; as `take_totals`."""
        found, self._now.grad_norm = self._now.grad_norm, None
        return None if found is None else float(found)

    def work(self, batch: Batch) -> tuple[int, str]:
        """How many units of work a batch holds, without padding, and their name."""
        return self._target.work(batch.input_lengths, batch.target_lengths)

    def run_state(self) -> dict[str, Any]:
        """What the next step needs besides weights and optimizer state, as tensors and plain values."""
        return {
            "steps": self.steps,
            "carried_state": None if self._now.state is None else tree_leaves(self._now.state),
            "loss_total": self._now.loss,
            "count_total": self._now.count,
            "auxiliary_totals": self._now.auxiliary,
            "grad_norm": self._now.grad_norm,
        }

    def load_run_state(self, state: dict[str, Any]) -> None:
        """Restore what `run_state` returned."""
        self._now.steps = state["steps"]
        saved = tree_map(lambda t: t.to(self.device) if isinstance(t, Tensor) else t, state)
        self._saved_state = saved["carried_state"]
        self._now.loss, self._now.count = saved["loss_total"], saved["count_total"]
        self._now.auxiliary, self._now.grad_norm = saved["auxiliary_totals"], saved["grad_norm"]

    def _rebuilt(self, leaves: list[Tensor], batch: Batch) -> Any:
        """The carried state from its leaves. Only the model knows the tree; a forward pass shows it."""
        self.network.eval()  # draws no random numbers and updates no batch statistics
        with torch.no_grad():
            _, _, state = self.network(batch.inputs, batch.input_lengths, batch.targets, None)
        self.network.train()
        return tree_unflatten(leaves, tree_structure(state))


def after_steps(network: Network) -> list[Callable[[], None]]:
    """The hooks after an optimizer step that the model's encoder and decoder define; empty for most."""
    bases = (Encoder.after_step, Decoder.after_step)
    return [part.after_step for part in network.parts if type(part).after_step not in bases]


def _moved(batch: Batch, device: torch.device) -> Batch:
    return batch if device.type == "cpu" else batch.pin_memory().to(device)
