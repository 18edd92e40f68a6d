"""The backends that compute a network's recurrences. Runs record them, since they affect comparisons of speed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor, nn

CUDNN = "cuDNN"
"""NVIDIA's library, on a CUDA device."""
ONEDNN = "oneDNN"
"""Intel's library, on CPU."""
FUSED = "fused Python"
"""The whole loop is one node of autograd's graph, in torch's own operations: `harness.nn.kernels`."""
CHUNKED = "chunks of products"
"""Time is cut into chunks, each computed as products of matrices; the state passes from chunk to chunk."""
STEP_BY_STEP = "step by step"
"""A loop in Python, with nodes of its own in autograd's graph for every step."""
OWN = "the model's own"
"""Not one of our layers: a plug-in's own code, including torch layers used directly."""


class Backed(ABC):
    """A module that names its backend. A plug-in's own recurrent layer may inherit from it too."""

    @property
    @abstractmethod
    def backend(self) -> str:
        """A short name, for the module's current device."""


def backends_of(*parts: nn.Module | None) -> str:
    """The backends of a network's parts (encoder, decoder; None: absent) on their device.

    Returns:
        the distinct names in the order of the parts, separated by commas: "oneDNN", or "the model's own, oneDNN". A
        part without any module that is `Backed` counts as the model's own.
    """
    names = [name for part in parts if part is not None for name in (list(_backends(part)) or [OWN])]
    return ", ".join(dict.fromkeys(names))


def library_backend(kind: type[nn.Module], weight: Tensor) -> str | None:
    """The library with the fastest kernel for a layer of this kind with such weights, or None.

    cuDNN has kernels for `nn.RNN`, `nn.LSTM` and `nn.GRU`; torch uses oneDNN only for the LSTM, in float32 and
    bfloat16, and runs the others step by step on CPU.
    """
    device = weight.device.type
    if device == "cuda" and issubclass(kind, nn.RNNBase):
        return CUDNN if torch.backends.cudnn.enabled and torch.backends.cudnn.is_available() else None
    if device == "cpu" and issubclass(kind, nn.LSTM) and weight.dtype in (torch.float32, torch.bfloat16):
        return ONEDNN if torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled else None
    return None


def _backends(module: nn.Module) -> Iterator[str]:
    """The backends of a module and its submodules; submodules of a `Backed` module are not visited."""
    if isinstance(module, Backed):
        yield module.backend
        return
    for child in module.children():
        yield from _backends(child)
