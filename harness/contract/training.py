"""What a model may ask of training: groups of parameters with their own settings, and auxiliary losses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from torch import nn

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters of encoder or decoder that are trained with settings of their own.

    Attributes:
        name: lower-case letters, digits and underscores, as shown with the run.
        parameters: of the group; any iterable, kept as a tuple.
        lr_factor: times the run's learning rate, warm-up and schedule included.
        decay_factor: times the run's weight decay; 0: none. As without groups, only parameters with at least two
            dimensions are decayed.

    Raises:
        ValueError: the name is not an identifier in lower case, or a factor is negative.
    """

    name: str
    parameters: tuple[nn.Parameter, ...]
    lr_factor: float = 1.0
    decay_factor: float = 1.0

    def __post_init__(self) -> None:
        given: Iterable[nn.Parameter] = self.parameters
        object.__setattr__(self, "parameters", tuple(given))
        _check_name("ParameterGroup", self.name)
        for field in ("lr_factor", "decay_factor"):
            if not getattr(self, field) >= 0:
                raise ValueError(f"ParameterGroup '{self.name}': {field}={getattr(self, field)} must not be negative")


@dataclass(frozen=True)
class AuxiliaryLoss:
    """A loss that the encoder adds to the target's in training; the run reports it apart, as `train/aux_NAME`.

    Attributes:
        name: lower-case letters, digits and underscores; the key in `EncoderOutput.auxiliary`.
        weight: the training loss is the target's plus weight times sum over count.

    Raises:
        ValueError: the name is not an identifier in lower case, or the weight is not positive.
    """

    name: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check_name("AuxiliaryLoss", self.name)
        if not 0 < self.weight < float("inf"):
            raise ValueError(f"AuxiliaryLoss '{self.name}': weight={self.weight} must be a positive number")


def _check_name(kind: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{kind}: the name '{name}' must be lower-case letters, digits and underscores")
