"""A training step of the harness outside a run: network, loss, optimizer and clock as a run sets them up."""

from __future__ import annotations

from typing import Any

import torch

from harness.config.settings import OptimizerSettings, TrainerSettings
from harness.contract.batch import Batch
from harness.contract.model import Model
from harness.contract.signature import TaskSignature
from harness.contract.specs import InputSpec
from harness.contract.target import Target
from harness.measure.clock import PhaseClock
from harness.nn.network import Network
from harness.training.lightning_module import TrainingModule
from harness.training.seeding import seed_global


class TrainingStep:
    """Call it with a batch to train for one step. Adam without weight decay, gradients clipped to a norm of 1.

    Sets torch's threads and its deterministic algorithms for this process, as a run does.

    Args:
        model: plug-in.
        inputs, target: what its batches are.
        embedding_dim: D of the engine's embedding.
        head_dropout: on features before the head.
        precision: "fp32" or "bf16".
        threads: intra-op threads.

    Attributes:
        network: the whole network.
        parameters: trained numbers.
    """

    def __init__(
        self,
        model: Model,
        inputs: InputSpec,
        target: Target,
        *,
        embedding_dim: int = 256,
        head_dropout: float = 0.0,
        precision: str = "fp32",
        threads: int = 1,
    ) -> None:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True)
        deterministic: Any = torch.utils.deterministic  # a property of the module, which its types do not know
        deterministic.fill_uninitialized_memory = False
        trainer = TrainerSettings(
            precision=precision, embedding_dim=embedding_dim, head_dropout=head_dropout, tie_embeddings=False
        )
        seed_global(0, "initialisation")
        signature = TaskSignature("bench", type(inputs), type(target))
        self.network = Network(model, signature, inputs, target, trainer).train()
        self.parameters = self.network.weight_counts()[0].total
        optimizer = OptimizerSettings(weight_decay=0.0, schedule="constant")
        self._module = TrainingModule(self.network, target, optimizer, PhaseClock(), precision)
        self._module.configure_optimizers()

    def __call__(self, batch: Batch) -> None:
        """Forward, loss, backward, clipping, update."""
        self._module.train_step(batch)

    def loss(self) -> float:
        """Mean training loss of a target unit since the last call."""
        total, count = self._module.take_totals()
        return total / count
