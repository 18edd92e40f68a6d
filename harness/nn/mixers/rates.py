"""Initial values of learnt decay: those of Mamba and Gated DeltaNet in their authors' code.

Sources: state-spaces/mamba, `mamba_ssm/modules/mamba_simple.py` and `mamba2.py`; fla-org/flash-linear-attention,
`fla/layers/gated_deltanet.py`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def decay_rates(count: int, low: float, high: float) -> Tensor:
    """Logarithms of rates drawn uniformly from [low, high], (count,)."""
    return torch.empty(count).uniform_(low, high).clamp_(min=1e-4).log_()


def step_biases(count: int, low: float = 1e-3, high: float = 0.1) -> Tensor:
    """What softplus turns into steps spread evenly in logarithm over [low, high], (count,)."""
    steps = torch.exp(torch.rand(count) * (math.log(high) - math.log(low)) + math.log(low)).clamp(min=1e-4)
    return steps + torch.log(-torch.expm1(-steps))  # the inverse of softplus
