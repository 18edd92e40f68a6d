"""Saturated gates: how often a unit's gate is nearly closed or nearly open, over examples.

Source: A. Karpathy, J. Johnson and L. Fei-Fei, "Visualizing and Understanding Recurrent Networks", 2015, section 4.2,
with their thresholds doubled: a gate counts as closed below 0.05 and as open above 0.95.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from harness.explain.traces import as_tensors
from harness.nn.network import Network

CLOSED, OPEN = 0.05, 0.95


@dataclass(frozen=True)
class Saturation:
    """Of one gate of one layer.

    Attributes:
        name: "layer_1.forget_gate".
        closed, opened: float64 (H,), for each unit the share of steps in which it is closed, and open.
        mean: over units and steps.
        steps: how many were looked at.
    """

    name: str
    closed: np.ndarray
    opened: np.ndarray
    mean: float
    steps: int


@torch.no_grad()
def saturation(network: Network, inputs: Sequence[np.ndarray], spec: object) -> list[Saturation]:
    """Of every gate that the encoder shows, over all steps of some inputs; what lies outside [0, 1] is no gate."""
    closed, opened, sums = dict[str, np.ndarray](), dict[str, np.ndarray](), dict[str, float]()
    steps = dict[str, int]()
    for one in inputs:
        found = network.explain(*as_tensors(one, network, spec)).explain or {}
        for name, value in found.items():
            if "gate" not in name or value.ndim != 3 or value.min() < 0 or value.max() > 1:
                continue
            gate = value[0].double().cpu()  # (T', H)
            closed[name] = closed.get(name, 0) + (gate < CLOSED).sum(0).numpy()
            opened[name] = opened.get(name, 0) + (gate > OPEN).sum(0).numpy()
            sums[name] = sums.get(name, 0.0) + float(gate.mean(1).sum())
            steps[name] = steps.get(name, 0) + len(gate)
    return [Saturation(n, closed[n] / steps[n], opened[n] / steps[n], sums[n] / steps[n], steps[n]) for n in closed]
