"""The optimizer of a run: AdamW, with the model's own groups of parameters where it declares some."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from harness.config.settings import OptimizerSettings
from harness.nn.embedding import TokenEmbedding
from harness.nn.network import Network


def make_optimizer(network: Network, settings: OptimizerSettings) -> torch.optim.AdamW:
    """AdamW over all trained parameters, with weight decay on matrices only (not on biases, gains or embeddings).

    Every parameter group of the optimizer has `lr_factor`, by which `set_learning_rate` multiplies.

    Raises:
        PluginError: the model's groups are not what the contract asks for.
    """
    embeddings = {id(m.weight) for m in network.modules() if isinstance(m, TokenEmbedding)}
    groups = network.parameter_groups()
    own = {id(parameter) for group in groups for parameter in group.parameters}
    rest = [p for p in network.parameters() if p.requires_grad and id(p) not in own]
    made = _pair(rest, embeddings, settings.weight_decay, lr_factor=1.0)
    for group in groups:
        decay = settings.weight_decay * group.decay_factor
        pair = _pair(group.parameters, embeddings, decay, lr_factor=group.lr_factor)
        made += [each for each in pair if each["params"]]
    first, second = settings.betas
    return torch.optim.AdamW(made, lr=settings.lr, betas=(first, second), fused=True)


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Set the run's current learning rate; every group gets it times its own factor."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group["lr_factor"]


def recorded_groups(network: Network) -> dict[str, dict[str, Any]]:
    """What a run keeps of its model's groups, by name: number of parameters and factors."""
    return {
        group.name: {
            "parameters": sum(p.numel() for p in group.parameters),
            "lr_factor": group.lr_factor,
            "decay_factor": group.decay_factor,
        }
        for group in network.parameter_groups()
    }


def _pair(
    parameters: Iterable[nn.Parameter], embeddings: set[int], weight_decay: float, **options: Any
) -> list[dict[str, Any]]:
    """Two groups of the optimizer: parameters with weight decay, and those without."""
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for parameter in parameters:
        (decayed if parameter.ndim > 1 and id(parameter) not in embeddings else plain).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay, **options},
        {"params": plain, "weight_decay": 0.0, **options},
    ]
