"""The auxiliary losses of an encoder's output, checked against those that its model declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from harness.contract.model import EncoderOutput
from harness.contract.training import AuxiliaryLoss
from harness.errors import PluginError


def checked_auxiliary(encoded: EncoderOutput, declared: Sequence[AuxiliaryLoss]) -> Mapping[str, tuple[Tensor, Tensor]]:
    """(sum, count) by name, each a tensor without dimensions.

    Raises:
        PluginError: others than declared were returned, or not as pairs of such tensors.
    """
    found = encoded.auxiliary or {}
    names = {one.name for one in declared}
    if set(found) != names:
        raise PluginError(
            f"In training mode, EncoderOutput.auxiliary holds {sorted(found) or 'nothing'}, while "
            f"Capabilities.auxiliary declares {sorted(names) or 'nothing'}. "
            "See harness/contract/training.py, class AuxiliaryLoss."
        )
    for name, pair in found.items():
        right = isinstance(pair, tuple) and len(pair) == 2
        if not right or not all(isinstance(part, Tensor) and part.ndim == 0 for part in pair):
            raise PluginError(
                f"EncoderOutput.auxiliary['{name}'] must be a pair (sum, count) of tensors without dimensions; found "
                f"{_described(pair)}."
            )
    return found


def auxiliary_loss(encoded: EncoderOutput, declared: Sequence[AuxiliaryLoss]) -> Tensor | float:
    """The weighted sum of all auxiliary losses, each a mean over its count; 0 if none are declared.

    Raises:
        PluginError: as `checked_auxiliary`.
    """
    if not declared:
        return 0.0
    found = checked_auxiliary(encoded, declared)
    return torch.stack([one.weight * mean_of(found[one.name]) for one in declared]).sum()


def mean_of(pair: tuple[Tensor, Tensor]) -> Tensor:
    """Sum over count in float32; 0 for a batch in which the loss has no terms."""
    total, count = pair
    return total.float() / count.clamp(min=1)


def _described(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(_described(part) for part in value)})"
    return f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
