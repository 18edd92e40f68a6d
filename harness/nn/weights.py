"""How many numbers a network is made of: trained weights, and weights that stay as they are.

A fixed weight is a number that decides outputs, is saved with the network and is not trained: a parameter with
`requires_grad=False`, or an element of a floating-point buffer that is saved (`persistent=True`, torch's default).
Not counted are buffers of whole numbers and booleans (masks, positions, counters), buffers that are not saved (a table
that can be computed again), and the running statistics of torch's batch and instance normalisation, which are measured
on the training data.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase


@dataclass(frozen=True)
class WeightCounts:
    """Weights of some modules; those that are shared count once.

    Attributes:
        trained: parameters that training changes.
        fixed: all others, as the module's docstring says.
    """

    trained: int
    fixed: int = 0

    @property
    def total(self) -> int:
        """Trained and fixed together: what statements about size are made of."""
        return self.trained + self.fixed


def count_weights(modules: Iterable[nn.Module]) -> WeightCounts:
    """The weights of several modules together."""
    trained: dict[int, int] = {}
    fixed: dict[int, int] = {}
    for module in modules:
        for parameter in module.parameters():
            (trained if parameter.requires_grad else fixed)[id(parameter)] = parameter.numel()
        fixed |= {id(buffer): buffer.numel() for buffer in _fixed_buffers(module)}
    return WeightCounts(sum(trained.values()), sum(fixed.values()))


def _fixed_buffers(module: nn.Module) -> Iterable[Tensor]:
    for part in module.modules():
        if isinstance(part, _NormBase):
            continue
        for name, buffer in part.named_buffers(recurse=False):
            saved = name not in part._non_persistent_buffers_set
            if saved and (buffer.is_floating_point() or buffer.is_complex()):
                yield buffer
