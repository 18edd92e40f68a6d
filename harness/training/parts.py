"""Builds the parts of Lightning that a configuration names: callbacks and profilers."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import Callback, Checkpoint, ProgressBar
from pytorch_lightning.profilers import Profiler

from harness.config.lightning import CALLBACKS, PROFILER_NAMES, PROFILERS, LightningSettings, Part, check_name, parts_of
from harness.errors import ConfigError, UnknownNameError


def make_callbacks(settings: LightningSettings, metrics: Sequence[str]) -> list[Callback]:
    """The callbacks of a run, in the order given.

    Args:
        settings: of the run.
        metrics: that a callback can monitor: "train/loss", "val/loss", ...

    Raises:
        UserError: one does not exist, is refused, or refuses its arguments.
    """
    option = "trainer.callbacks"
    parts, made = parts_of(settings.callbacks, option), []
    if not any(part.module for part in parts):  # a callback of the user's may log further metrics
        _check_monitored(parts, metrics)
    for part in parts:
        check_name(part, CALLBACKS, "callback")
        callback = build(class_of(part, "pytorch_lightning.callbacks", Callback, "callback"), part, option)
        for kind in (Checkpoint, ProgressBar):
            if isinstance(callback, kind):
                raise ConfigError(f"The callback {part.name} cannot take part in a run: {CALLBACKS[kind.__name__]}.")
        made.append(callback)
    keys = [callback.state_key for callback in made]
    for part, key in zip(parts, keys, strict=True):
        if keys.count(key) > 1:
            raise ConfigError(f"{option} names {part.name} twice with the same state_key ('{key}'); once is enough.")
    return made


def _check_monitored(parts: Sequence[Part], metrics: Sequence[str]) -> None:
    for part in parts:
        monitored = part.arguments.get("monitor")
        if monitored is not None and monitored not in metrics:
            raise UnknownNameError("metric", str(monitored), metrics, f"what {part.name} can monitor in this run")


def make_profiler(settings: LightningSettings, folder: Path) -> Profiler | None:
    """The profiler of a run, which writes `fit-profile...` into the run's folder; None where none is named.

    Raises:
        UserError: as `make_callbacks`.
    """
    for part in parts_of(settings.profiler, "trainer.profiler"):
        check_name(part, PROFILERS, "profiler", short=tuple(PROFILER_NAMES))
        named = Part(PROFILER_NAMES.get(part.name, part.name), part.arguments)
        cls = class_of(named, "pytorch_lightning.profilers", Profiler, "profiler")
        os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # torch's profiler reports on stderr when it starts and stops
        return build(cls, named, "trainer.profiler", dirpath=folder, filename="profile")
    return None


def class_of(part: Part, home: str, base: type, kind: str) -> type:
    """The class that a part names.

    Args:
        part: by its name in `home`, or by a path.
        home: Lightning's module.
        base: what the class must derive from.
        kind: of the part, for messages.

    Raises:
        UnknownNameError: the module has no such class.
        ConfigError: the module cannot be imported, or holds something else under that name.
    """
    module, _, name = part.name.rpartition(".")
    try:
        found = importlib.import_module(module or home)
    except Exception as error:  # importing a user's module may raise anything
        raise ConfigError(
            f"The {kind} {part.name} cannot be imported ({type(error).__name__}: {error}). Write the path of a class "
            "in an installed package: package.module.Class."
        ) from error
    cls = getattr(found, name, None)
    if cls is None:
        classes = [n for n, v in vars(found).items() if isinstance(v, type) and issubclass(v, base) and v is not base]
        raise UnknownNameError(kind, part.name, [f"{module}.{n}" for n in classes], f"module '{found.__name__}'")
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise ConfigError(f"The {kind} {part.name} is not a class that derives from {base.__module__}.{base.__name__}.")
    return cls


def build(cls: type, part: Part, option: str, **defaults: Any) -> Any:
    """An object of the class.

    Args:
        cls: as `class_of` found it.
        part: its arguments are passed by keyword.
        option: of the configuration, for messages.
        defaults: arguments that are passed where the constructor takes them and the part does not set them.

    Raises:
        ConfigError: the constructor does not take an argument, lacks one, or refuses a value.
    """
    parameters = inspect.signature(cls).parameters
    taken = {name: value for name, value in defaults.items() if name in parameters} | part.arguments
    unknown = [name for name in part.arguments if name not in parameters]
    if unknown and not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        raise UnknownNameError(f"argument of {part.name}", unknown[0], parameters, f"its constructor ({option})")
    try:
        return cls(**taken)
    except Exception as error:  # a third-party constructor may raise any error
        text = " ".join(str(error).split())
        raise ConfigError(
            f"{option}: {part.name} refuses its arguments ({type(error).__name__}: {text}). It takes: "
            f"{', '.join(parameters) or 'none'}."
        ) from error
