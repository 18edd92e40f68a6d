"""Gated DeltaNet: a DeltaNet whose memory decays, and whose output is gated.

Source: S. Yang et al., "Gated Delta Networks: Improving Mamba2 with Delta Rule", 2024, arXiv 2412.06464;
negative eigenvalues: R. Grazzi et al. 2024, arXiv 2411.12537.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness import Model, hookimpl
from harness_models.delta_net import DeltaNetModel

HARNESS_CONTRACT = 2


@dataclass
class GatedDeltaNetModel(DeltaNetModel):
    """S_t = a (I - b k k^T) S_(t-1) + b k v^T, y_t = S_t^T q_t, in residual blocks. An LSTM decodes."""

    name: ClassVar[str] = "gated_delta_net"
    gated: ClassVar[bool] = True


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [GatedDeltaNetModel]
