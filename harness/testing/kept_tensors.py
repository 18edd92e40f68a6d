"""What the modules of a model hold beside parameters and buffers: tensors and arrays in attributes."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from harness.nn.network import Network

_ENGINE = ("torch.", "harness.", "builtins.")
"""Modules whose classes hold what they hold on purpose."""

_WHOLE = (type, nn.Module, ModuleType, FunctionType, str, bytes)
"""What is not looked into."""

_DEEPEST = 4  # of nested containers that are looked into


def kept_tensors(net: Network) -> dict[str, list[object]]:
    """Tensors and arrays of encoder and decoder that are no parameters or buffers, by place ("encoder.attention").

    Looks into the attributes of all modules, of their classes and of the Python modules that define these, and into
    containers and plain objects there.
    """
    found: dict[str, list[object]] = {}
    of_model = [(name, module) for name, module in net.named_modules() if name.startswith(("encoder", "decoder"))]
    registered = {id(t) for _, module in of_model for t in (*module.parameters(), *module.buffers())}
    for prefix, module in of_model:
        for name, value in _attributes(module):
            tensors = [t for t in _tensors(value, _DEEPEST, set()) if id(t) not in registered]
            if tensors:
                found[f"{prefix}.{name}"] = tensors
    return found


def _attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    for name, value in vars(module).items():
        if name not in ("_parameters", "_buffers", "_modules"):
            yield name, value
    for cls in type(module).__mro__:
        if not _engine(cls):
            yield from ((f"{cls.__name__}.{name}", value) for name, value in vars(cls).items())
            defined_in = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
            yield from ((f"{cls.__module__}.{name}", value) for name, value in defined_in.items() if name[:2] != "__")


def _engine(cls: type) -> bool:
    return f"{cls.__module__}.".startswith(_ENGINE)


def _tensors(value: Any, depth: int, seen: set[int]) -> Iterator[object]:
    """All tensors and arrays in a value; modules are looked into by their own names."""
    if isinstance(value, torch.Tensor | np.ndarray):
        yield value
    elif depth and id(value) not in seen and not isinstance(value, _WHOLE):
        seen.add(id(value))
        for part in _parts(value):
            yield from _tensors(part, depth - 1, seen)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset | deque):
        return list(value)
    return list(vars(value).values()) if hasattr(value, "__dict__") and not _engine(type(value)) else []
