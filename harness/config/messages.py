"""Hydra's and OmegaConf's errors in the user's words: what was given, what exists, what would be right."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterable
from dataclasses import is_dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, ValueNode
from omegaconf.errors import (
    ConfigAttributeError,
    ConfigKeyError,
    GrammarParseError,
    InterpolationResolutionError,
    MissingMandatoryValue,
    OmegaConfBaseException,
    ValidationError,
)

from harness.config.path_options import EMPTY
from harness.config.quoting import advice, as_typed_in_shell
from harness.config.schema import RootConfig, gone_after_composition, groups
from harness.errors import ConfigError, UnknownNameError, UserError


def from_hydra(error: HydraException, config: DictConfig | None) -> UserError:
    """The message for an error of Hydra's composition; `config` is the configuration without the overrides."""
    if isinstance(error, OverrideParseException):
        return _not_parsed(str(error.override), str(error.message))
    if isinstance(error, MissingConfigException) and error.missing_cfg_file and error.options is not None:
        kind, _, name = error.missing_cfg_file.rpartition("/")
        kind = {"tuned": "table of tuned defaults", "": "configuration"}.get(kind, kind)
        return UnknownNameError(kind, name, error.options)
    if str(error).startswith(("Ambiguous value", "Sweep parameters")):
        word = str(error).partition("'")[2].partition("'\n" if "\n" in str(error) else "' ")[0]
        return ConfigError(
            f"'{word}' gives several values, but this is one run: use 'harness sweep' for all of them. If it is one "
            f"text, it needs quotes. {advice(word)}"
        )
    cause = error.__cause__
    while cause is not None and not isinstance(cause, OmegaConfBaseException):
        cause = cause.__cause__
    if isinstance(cause, OmegaConfBaseException):
        return from_omegaconf(cause, config)
    return ConfigError(" ".join(str(error).split()))


def _not_parsed(word: str, reason: str) -> ConfigError:
    """The message for a word that Hydra's grammar refuses."""
    function = _FUNCTION.match(word.partition("=")[2])
    unexpected = _UNEXPECTED.match(reason)
    where = f"; '{unexpected[1].strip()}' is not expected here" if unexpected and unexpected[1] != "<EOF>" else ""
    rule = _FUNCTIONS[function[1]] if function is not None else f"write NAME=VALUE{where}"
    mended = advice(word)
    text = f"'{word}' is not understood: {rule}."
    return ConfigError(f"{text} If the value is one text, it needs quotes. {mended}" if mended else text)


def from_omegaconf(error: OmegaConfBaseException, config: DictConfig | None, origin: str = "") -> ConfigError:
    """The message for an unknown option or a value of the wrong type; `origin` says where it was set."""
    key = error.full_key or ""
    if isinstance(error, ConfigKeyError | ConfigAttributeError):
        return unknown_option(key, config, origin)
    if isinstance(error, ValidationError):
        if EMPTY in str(error):
            return ConfigError(
                f"{key}={error.value or ''} is empty{origin}, as when a shell variable that is not set stands after "
                "'='. Give a path; '.' is the working folder."
            )
        expected = _expected(error)
        if not (key and expected):
            return ConfigError(f"A value does not fit{origin}: {str(error).splitlines()[0]}.")
        return ConfigError(f"{key}={error.value!r} does not fit{origin}: it must be {expected}.")
    if isinstance(error, InterpolationResolutionError | GrammarParseError):
        return _unresolved(key, config, origin, str(error).splitlines()[0])
    if isinstance(error, MissingMandatoryValue):
        text = f"{key} has no value{origin}: write {key}=VALUE."
    else:
        text = f"{' '.join(str(error).split())}{origin}"
    return ConfigError(text)


def _unresolved(key: str, config: DictConfig | None, origin: str, reason: str) -> ConfigError:
    """The message for `${...}` that leads nowhere."""
    parent, _, name = key.rpartition(".")
    section = (OmegaConf.select(config, parent) if parent else config) if config is not None else None
    node = section._get_node(name, validate_access=False) if isinstance(section, DictConfig) else None
    written = node._value() if isinstance(node, ValueNode) else None
    text = (
        f"{key or 'A value'}{'' if written is None else f'={written}'}{origin} refers to what is not there ({reason})."
    )
    return ConfigError(
        f"{text} For the text itself, escape it. Write {as_typed_in_shell(key, written)}"
        if isinstance(written, str)
        else text
    )


def unknown_option(key: str, config: DictConfig | None, origin: str = "") -> ConfigError:
    """The message for an option that does not exist: near names, and what exists beside it."""
    known = _options(config)
    parent = key.rpartition(".")[0]
    while parent and not any(option.startswith(f"{parent}.") for option in known):
        parent = parent.rpartition(".")[0]
    beside = [o for o in known if o.startswith(f"{parent}.")] if parent else sorted({*_top_level(), *groups()})
    last = key.rpartition(".")[2]
    close = get_close_matches(key, [*known, *beside], n=1) or [o for o in known if o.rpartition(".")[2] == last][:1]
    hint = f" Did you mean '{close[0]}'?" if close else ""
    scope = f"Options of '{parent}'" if parent else "Options"
    return ConfigError(f"There is no option '{key}'{origin}.{hint} {scope}: {', '.join(beside)}.")


_FUNCTIONS = {
    "choice": "choice(...) takes one value or more, as in choice(1,2)",
    "range": "range(...) takes one to three numbers, as in range(3) or range(0,10,2)",
    "interval": "interval(...) takes two numbers, and no list can be made of it",
    "glob": "glob(...) takes a pattern, as in glob(*)",
    "sort": "sort(...) takes values, as in sort(3,1,2)",
    "shuffle": "shuffle(...) takes values, as in shuffle(1,2,3)",
    "tag": "tag(...) takes names and then a list of values, as in tag(name,choice(1,2))",
}
_UNEXPECTED = re.compile("(?:mismatched|extraneous) input '(.*?)' expecting")
_FUNCTION = re.compile(rf"\s*({'|'.join(_FUNCTIONS)})\s*\(")


def _top_level() -> list[str]:
    return [name for name in RootConfig.__dataclass_fields__ if name not in _hidden()]


def _hidden() -> tuple[str, ...]:
    """What messages do not suggest: fields that only composition needs, and the table behind `tuned`."""
    return (*gone_after_composition(), "tuned")


def _options(config: DictConfig | None) -> list[str]:
    """Dotted names of every leaf of the configuration."""
    root = config if config is not None else OmegaConf.structured(RootConfig)
    return sorted(_leaves("", OmegaConf.to_container(root, resolve=False)))


def _leaves(prefix: str, value: Any) -> Iterable[str]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            if prefix or name not in _hidden():
                yield from _leaves(f"{prefix}.{name}" if prefix else str(name), inner)
    else:
        yield prefix


def _expected(error: ValidationError) -> str:
    """In words, the type of the option that did not fit; empty where it is unknown."""
    owner, key = error.object_type, error.key
    if is_dataclass(owner) and isinstance(owner, type):
        return type_name(typing.get_type_hints(owner).get(str(key), ""))
    elements = [arg for arg in typing.get_args(error.ref_type) if arg is not Ellipsis]
    return type_name(elements[-1]) if elements else ""


_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    type(None): "null",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
    Path: "a path, which in a file of settings is a text in quotes if it looks like a number",
}


def type_name(hint: Any) -> str:
    """A type as users read it: "a whole number", "a number or null", "one of a, b"."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(type_name(arg) for arg in typing.get_args(hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return f"one of {', '.join(member.name for member in hint)}"
    return _WORDS.get(origin or hint) or str(getattr(hint, "__name__", hint))
