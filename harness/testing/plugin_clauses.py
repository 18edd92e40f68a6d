"""Clauses that all contracts share: the configuration survives being written down, and the version is stated."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

from harness.config.task_options import to_options, to_task
from harness.contract.version import CONTRACT_NAME, CONTRACT_VERSION, contract_problem
from harness.registry.checks import name_of
from harness.registry.discovery import registry
from harness.testing.clause import clause


@clause(
    "Give every field a type that OmegaConf knows (scalars, `X | None`, Enum, Path, list, dict, a nested dataclass), "
    "convert in __post_init__ what arrives otherwise, and let __post_init__ accept its own results.",
    once=True,
    shortest=0,
)
def configuration(subject: Any) -> None:
    """Written as YAML and read again, the configuration of the plug-in and of its tiny() is equal to itself."""
    from omegaconf import OmegaConf

    for plugin in subject.configurations:
        assert dataclasses.is_dataclass(plugin), f"{type(plugin).__name__} is no dataclass"
        options = to_options(plugin)
        text = OmegaConf.to_yaml(OmegaConf.structured(options))
        read = OmegaConf.merge(OmegaConf.structured(type(options)), OmegaConf.create(text))
        again = to_task(OmegaConf.to_object(read))
        assert again == plugin, f"through YAML the configuration changes: expected {plugin}, found {again}"


@clause(
    f"Write `{CONTRACT_NAME} = {CONTRACT_VERSION}` at the top level of the plug-in's module: the version of the "
    "contract that it was written for (harness/contract/version.py says what each version changed).",
    once=True,
    shortest=0,
)
def contract_version(subject: Any) -> None:
    """The plug-in's module states the version of the contract it was written for, and this harness has it."""
    plugin = subject.configurations[0]
    module = _module(plugin)
    stated = getattr(sys.modules[module], CONTRACT_NAME, None)
    assert stated is not None, f"module '{module}' does not state {CONTRACT_NAME}; expected {CONTRACT_VERSION}"
    problem = contract_problem(stated)
    assert problem is None, f"module '{module}': {problem}"


def _module(plugin: Any) -> str:
    """The module that the entry point names, where the plug-in is installed; else the one of its class."""
    own = type(plugin).__module__
    kinds = [cls.__name__.lower() for cls in type(plugin).__mro__]
    for info in registry().infos():
        if info.kind in kinds and info.name == name_of(info.kind, type(plugin)) and info.module in sys.modules:
            brought = vars(sys.modules[info.module]).values()
            if type(plugin) in brought:
                return info.module
    return own
