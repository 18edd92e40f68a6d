"""What computes a network's recurrences, as a run records it: models are compared in speed only with that in view."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor, nn

CUDNN = "cuDNN"
ONEDNN = "oneDNN"
FUSED = "fused Python"
"""The whole loop is one node of autograd's graph, in torch's own operations: `harness.nn.kernels`."""
STEP_BY_STEP = "step by step"
"""A loop in Python, with nodes of its own in autograd's graph for every step."""
OWN = "the model's own"
"""None of our layers: what a plug-in brought along, a torch layer used directly included."""


class Backed(ABC):
    """A module that can say what computes it. A plug-in's own recurrent layer may inherit it too."""

    @property
    @abstractmethod
    def backend(self) -> str:
        """A short name, for the device that the module is on."""


def backends_of(*parts: nn.Module | None) -> str:
    """What computes the recurrences of a network's parts (encoder, decoder; None: absent) on their device.

    Returns:
        the distinct names, in the order of the parts, with commas between: "oneDNN", or "the model's own, oneDNN". A
        part without any module that is `Backed` counts as the model's own.
    """
    names = [name for part in parts if part is not None for name in (list(_backends(part)) or [OWN])]
    return ", ".join(dict.fromkeys(names))


def library_backend(kind: type[nn.Module], weight: Tensor) -> str | None:
    """The library that runs a layer of a kind with such weights fastest, or None where no library does.

    cuDNN has all three of `nn.RNN`, `nn.LSTM` and `nn.GRU`; oneDNN is reached for the LSTM only, in float32 and
    bfloat16: torch runs the others step by step on CPU.
    """
    device = weight.device.type
    if device == "cuda" and issubclass(kind, nn.RNNBase):
        return CUDNN if torch.backends.cudnn.enabled and torch.backends.cudnn.is_available() else None
    if device == "cpu" and issubclass(kind, nn.LSTM) and weight.dtype in (torch.float32, torch.bfloat16):
        return ONEDNN if torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled else None
    return None


def _backends(module: nn.Module) -> Iterator[str]:
    """Of a module and those in it; what is inside a module that is `Backed` is its own business."""
    if isinstance(module, Backed):
        yield module.backend
        return
    for child in module.children():
        yield from _backends(child)
