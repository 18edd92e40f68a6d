"""Checks that types cannot express: choices, minimum values, and the syntax of texts such as budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from harness.config.budget import Budget
from harness.config.lightning import plain_parts
from harness.config.loggers import check_loggers, loggers_of
from harness.config.matching import Match
from harness.config.schema import engine_options
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.contract.task import Task


def check_section(section: str, value_of: Callable[[str], Any]) -> None:
    """Check the options of a section ("trainer"), or of the root ("").

    Args:
        section: its name.
        value_of: maps an option's name within the section to its value.

    Raises:
        ConfigError: the message names the option, the value, and what would be right.
    """
    for name, option in _single(section):
        value = value_of(name.rpartition(".")[2])
        if wrong := option.refusal(value):
            raise ConfigError(f"{name}={_written(value)} {wrong}.")


def check_task(task: Task) -> None:
    """Check the options that every task has.

    Raises:
        ConfigError: as `check_section`.
    """
    check_section("task", lambda name: getattr(task, name))
    check_section("task.loader", lambda name: getattr(task.loader, name))


@lru_cache(maxsize=16)
def _single(section: str) -> list[tuple[str, Any]]:
    """Options of a section that are chosen once."""
    return [
        (name, option)
        for name, option in engine_options().items()
        if name.rpartition(".")[0] == section and not option.several
    ]


@lru_cache(maxsize=256)
def check_words(budget: str, target: str | None, match: str | None) -> None:
    """Check the syntax of these options.

    Raises:
        ConfigError: as `check_section`.
    """
    Budget.parse(budget)
    if target is not None:
        metric, _, value = target.partition(":")
        if not metric or not _is_number(value):
            raise ConfigError(f"target={target!r} is not understood: write METRIC:VALUE, as in bleu:20.")
    if match is not None:
        Match.parse(match)


def loggers(given: Any) -> tuple[Any, ...]:
    """The chosen loggers, without duplicates and in canonical form, once it is clear that they can work here.

    Args:
        given: what `logger` holds: None, a name, names with arguments, or a list of these.

    Raises:
        ConfigError: one does not exist, or cannot work.
    """
    check_loggers(given)
    return tuple(plain_parts(loggers_of(given)))


def check_target(target: str | None, task: Task) -> None:
    """Refuse a target that the task does not measure.

    Raises:
        ConfigError: it has no such metric.
    """
    if target is not None:
        known = [metric.name for metric in task.metrics]
        given = target.partition(":")[0]
        if given not in known and given != "loss":
            raise ConfigError(
                f"target={target!r}: task '{task.name}' has no metric '{given}', only {', '.join(known)}."
            )


def refuse_single_run_values(name: str, value: Any) -> None:
    """Refuse a value that a sweep cannot give to all of its runs.

    Raises:
        ConfigError: the option's meaning reserves the value for single runs.
    """
    option = engine_options()[name]
    if value in option.single_run:
        word, others = option.short or name, [choice for choice in option.choices if choice not in option.single_run]
        raise ConfigError(
            f"{word}={value} is for single runs ('harness run'), and the runs of a sweep have one {word}: write "
            f"{' or '.join(f'{word}={other}' for other in others)}."
        )


def _written(value: Any) -> str:
    """A value as it is given: texts in quotes, lists as Hydra writes them."""
    return str(list(value)) if isinstance(value, Sequence) and not isinstance(value, str) else repr(value)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
