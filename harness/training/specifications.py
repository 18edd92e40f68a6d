"""Converts specifications of inputs and targets to plain data and back, without importing what a file names."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from harness.config.plain import as_plain
from harness.contract import specs
from harness.contract.specs import InputSpec
from harness.contract.target import Target
from harness.errors import DataError

_INPUTS = {cls.__name__: cls for cls in typing.get_args(specs.InputSpec)}


def plain_spec(spec: InputSpec | Target) -> dict[str, Any]:
    """The class, as "module:name" for targets, and every field."""
    cls = type(spec)
    name = path_of(cls) if isinstance(spec, Target) else cls.__name__
    return {"class": name, **as_plain(spec)}


def path_of(cls: type) -> str:
    """ "package.module:Class"."""
    return f"{cls.__module__}:{cls.__qualname__}"


def input_from_plain(plain: Mapping[str, Any]) -> InputSpec:
    """The input specification that `plain_spec` wrote.

    Raises:
        DataError: there is no such class, or its fields have changed.
    """
    cls = _INPUTS.get(str(plain.get("class")))
    if cls is None:
        raise DataError(f"there is no input specification '{plain.get('class')}'; known: {', '.join(_INPUTS)}")
    made: InputSpec = _made(cls, plain)
    return made


def target_from_plain(plain: Mapping[str, Any], declared: type[Target]) -> Target:
    """The target that `plain_spec` wrote.

    Considers only classes that are already loaded, so a file cannot cause an import.

    Args:
        plain: class and fields.
        declared: the target type of the task, whose plug-in has been imported.

    Raises:
        DataError: there is no such class, or its fields have changed.
    """
    known = {path_of(cls): cls for cls in (declared, *_below(Target))}
    cls = known.get(str(plain.get("class")))
    if cls is None:
        raise DataError(f"there is no target '{plain.get('class')}'; the task's is {path_of(declared)}")
    made: Target = _made(cls, plain)
    return made


def _below(cls: type) -> Iterator[type]:
    subclasses: list[type] = cls.__subclasses__()
    for sub in subclasses:
        yield sub
        yield from _below(sub)


def _made(cls: type, plain: Mapping[str, Any]) -> Any:
    hints = typing.get_type_hints(cls)
    values = {name: _value(hints.get(name), value) for name, value in plain.items() if name != "class"}
    try:
        return cls(**values)
    except (TypeError, ValueError) as error:
        raise DataError(f"{cls.__name__} cannot be made of the stored fields: {error}") from error


def _value(hint: Any, value: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint[value]
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and isinstance(value, Mapping):
        return _made(hint, value)
    return _tuples(value)


def _tuples(value: Any) -> Any:
    """Lists as tuples, which is what frozen dataclasses hold."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
