"""A network's weights as one safetensors file: every tensor whole and dense, tied ones once.

A buffer may be a slice of another tensor, or transposed; what is written is its values. Sparse tensors, and anything
that is no tensor, cannot be written, and `check_savable` says so before a run is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from harness.errors import PluginError


def check_savable(network: nn.Module) -> None:
    """Refuse a network whose state cannot be written.

    Raises:
        PluginError: an entry of its state is sparse, quantised, or no tensor; names it.
    """
    for name, value in network.state_dict().items():
        if not isinstance(value, Tensor):
            found = f"a {type(value).__name__}"
        elif value.layout is not torch.strided:
            found = f"sparse ({value.layout})"
        elif value.is_quantized:
            found = "quantised"
        else:
            continue
        raise PluginError(
            f"'{name}' of the network is {found}, which cannot be saved with a trained model. Register dense tensors; "
            "of a sparse matrix, its places as a buffer of whole numbers and its values as another."
        )


def save_weights(network: nn.Module, path: Path, metadata: Mapping[str, str]) -> None:
    """Write the state of a network.

    Raises:
        PluginError: as `check_savable`.
    """
    from safetensors.torch import save_file

    check_savable(network)
    save_file({name: _whole(value) for name, value in _once(network)}, str(path), dict(metadata))


def load_weights(network: nn.Module, path: Path) -> tuple[list[str], list[str]]:
    """Put weights that `save_weights` wrote into a network of the same kind.

    Returns:
        Names that the file lacks, and names that it has and the network has not.

    Raises:
        SafetensorError, OSError: it cannot be read.
        RuntimeError: shapes differ.
    """
    from safetensors.torch import load_file

    wanted = {name for name, _ in _once(network)}
    missing, unexpected = network.load_state_dict(load_file(str(path)), strict=False)
    return [name for name in missing if name in wanted], unexpected


def _once(network: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """The state by name, tied tensors under their first name only."""
    seen: set[Any] = set()
    for name, value in network.state_dict().items():
        place = value.untyped_storage().data_ptr(), value.storage_offset(), value.shape, value.stride(), value.dtype
        if value.numel() and place in seen:
            continue
        seen.add(place)
        yield name, value


def _whole(value: Tensor) -> Tensor:
    """The tensor, contiguous and with memory of its own."""
    value = value.detach().cpu().contiguous()
    own = value.untyped_storage().nbytes() == value.numel() * value.element_size()
    return value if own else value.clone()
