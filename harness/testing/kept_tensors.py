"""What the modules of a model hold beside parameters and buffers: tensors and arrays in attributes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from harness.nn.network import Network

_ENGINE = ("torch.", "harness.")
"""Modules whose classes hold what they hold on purpose."""

_DEEPEST = 4  # of nested containers that are looked into


def kept_tensors(net: Network) -> dict[str, list[object]]:
    """Tensors and arrays of encoder and decoder that are no parameters or buffers, by place ("encoder.attention").

    Looks into the attributes of all modules and of their classes, and into lists, tuples, sets, mappings and
    dataclasses there.
    """
    found: dict[str, list[object]] = {}
    of_model = [(name, module) for name, module in net.named_modules() if name.startswith(("encoder", "decoder"))]
    for prefix, module in of_model:
        registered = {id(t) for t in (*module.parameters(recurse=False), *module.buffers(recurse=False))}
        for name, value in _attributes(module):
            tensors = [t for t in _tensors(value, _DEEPEST) if id(t) not in registered]
            if tensors:
                found[f"{prefix}.{name}"] = tensors
    return found


def _attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    for name, value in vars(module).items():
        if name not in ("_parameters", "_buffers", "_modules"):
            yield name, value
    for cls in type(module).__mro__:
        if not f"{cls.__module__}.".startswith((*_ENGINE, "builtins.")):
            yield from ((f"{cls.__name__}.{name}", value) for name, value in vars(cls).items())


def _tensors(value: Any, depth: int) -> Iterator[object]:
    """All tensors and arrays in a value; modules are looked into by their own names."""
    if isinstance(value, torch.Tensor | np.ndarray):
        yield value
    elif depth and not isinstance(value, type | nn.Module | str | bytes):
        for part in _parts(value):
            yield from _tensors(part, depth - 1)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if dataclasses.is_dataclass(value):
        return [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    return []
