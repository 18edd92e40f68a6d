"""The settings of one run as a frozen typed object. No torch import.

Composed once and never changed: `match`, `precision=auto`, the device and the threads are resolved beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harness.config.plain import as_plain
from harness.config.run_options import (
    SOFTMAX,
    Asked,
    DecodingSettings,
    OptimizerSettings,
    Provenance,
    RunOptions,
    TrainerSettings,
)
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.contract.model import Model
    from harness.contract.target import Target
    from harness.contract.task import Task

__all__ = ["Asked", "DecodingSettings", "OptimizerSettings", "RunSettings", "TrainerSettings", "check_softmax"]


@dataclass(frozen=True)
class RunSettings(RunOptions, Provenance):
    """The settings of one run.

    Attributes:
        task, model: the plug-ins with their options.
        sweep: name that groups runs in the store and the report.
        logger: the loggers chosen, each once: names, or names with their arguments.
    """

    task: Task
    model: Model
    sweep: str = field(default="default", kw_only=True)
    logger: tuple[Any, ...] = field(default=(), kw_only=True)

    @cached_property
    def plain(self) -> dict[str, Any]:
        """The run as plain JSON data, for the store, a run's folder and other processes. Do not modify it."""
        names = ("task", "model", *(item.name for item in fields(self) if item.name not in ("task", "model")))
        return {name: plain_section(name, getattr(self, name)) for name in names}


def plain_section(name: str, value: Any) -> Any:
    """A section of a run as plain data, with the plug-in's name; a data set's options are among its task's."""
    if name == "task":
        from harness.config.task_options import to_options

        return {"name": value.name, **as_plain(to_options(value))}
    return {"name": value.name, **as_plain(value)} if name == "model" else as_plain(value)


def check_softmax(target: type[Target], trainer: TrainerSettings, optimizer: OptimizerSettings) -> None:
    """Refuse an output layer that makes no sense with the task or another setting.

    Raises:
        ConfigError: no such softmax; one over symbols where none are predicted; or label smoothing without the logits
            of all symbols.
    """
    given = trainer.softmax
    if given not in SOFTMAX:
        raise ConfigError(f"trainer.softmax={given!r} does not exist; choose one of: {', '.join(SOFTMAX)}.")
    if given == "full":
        return
    if not target.softmax:
        raise ConfigError(
            f"trainer.softmax={given} is for tasks that predict symbols of a vocabulary, not a {target.__name__}; set "
            "trainer.softmax=full for this task."
        )
    if optimizer.label_smoothing:
        raise ConfigError(
            f"trainer.softmax={given} cannot smooth labels, which takes the logits of all symbols; set "
            f"optimizer.label_smoothing=0 instead of {optimizer.label_smoothing:g}, or trainer.softmax=full."
        )
