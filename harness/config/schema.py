"""The root of the configuration, typed: everything that a command line or an experiment file may set.

conf/config.yaml names the default of each group; all other defaults stand in the dataclasses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from harness.config.run_options import Provenance, RunOptions, Section
from harness.contract.options import AROUND_A_RUN, IN_EXPERIMENTS, ORDINARY, Option, meaning, option, options
from harness.contract.task_fields import TaskFields


@dataclass(frozen=True)
class LimitOptions(Section):
    """Per-run limits; exceeding one stops the run. None: no limit."""

    time: str | None = option(
        None,
        in_key=False,
        where=AROUND_A_RUN,
        listed=True,
        help="a run that takes longer is stopped and recorded as failed, as in 90s, 30m, 2h",
    )
    memory: str | None = option(
        None,
        in_key=False,
        where=AROUND_A_RUN,
        listed=True,
        help="the same for the memory of a run's processes, as in 800MB, 4GiB",
    )


@dataclass(frozen=True, kw_only=True)
class SweepOptions(Section):
    """How cells are monitored and started; not part of a run."""

    baselines: bool = option(
        True,
        in_key=False,
        where=AROUND_A_RUN,
        listed=True,
        help="whether a sweep also runs the baselines that a task provides",
    )
    limits: LimitOptions = option(factory=LimitOptions, in_key=False, where=AROUND_A_RUN)
    launcher: str | None = option(
        None,
        in_key=False,
        where=AROUND_A_RUN,
        choices=("inline", "local"),
        listed=True,
        help="inline (runs in this process; a run's default) or local (a process for each run; a sweep's default)",
    )


@dataclass(frozen=True, kw_only=True)
class PluginChoice(Section):
    """The chosen plug-ins; the fields of each form its section."""

    task: Any = option(None, group=True)
    model: Any = option(None, group=True)


@dataclass(frozen=True, kw_only=True)
class RootConfig(SweepOptions, RunOptions, PluginChoice):
    """The whole configuration: options of a run, options of a sweep, and those that only composition needs."""

    match: str | None = option(
        None,
        in_key=False,
        begins=("params:", "total:", "state:"),
        listed=True,
        help="params:N or total:N: solve the model's hidden size for N parameters, without or with embedding and head; "
        "state:N: for N numbers carried from one position to the next",
    )
    tuned: Any = option(None, group=True, in_key=False)
    experiment: Any = option(None, group=True, where=IN_EXPERIMENTS)
    trial: Any = option(None, group=True, where=IN_EXPERIMENTS)
    grid: dict[str, Any] = option(factory=dict, where=IN_EXPERIMENTS)
    per_task: dict[str, Any] = option(factory=dict, where=IN_EXPERIMENTS)
    per_model: dict[str, Any] = option(factory=dict, where=IN_EXPERIMENTS)
    claim: dict[str, Any] = option(factory=dict, where=IN_EXPERIMENTS)


@cache
def engine_options() -> dict[str, Option]:
    """Every option that the harness itself declares, by dotted name; those of `TaskFields` as the task's."""
    declared = (options(RootConfig), options(Provenance), options(TaskFields, "task."))
    return {name: made for some in declared for name, made in some}


@cache
def short_names() -> dict[str, str]:
    """Options with a shorter name: {"precision": "trainer.precision"}."""
    return {made.short: name for name, made in engine_options().items() if made.short}


@cache
def groups() -> tuple[str, ...]:
    """The words that choose one of several configurations, in the order of the fields."""
    return tuple(item.name for item in fields(RootConfig) if meaning(item).group)


@cache
def gone_after_composition() -> tuple[str, ...]:
    """Fields of the root that only composition needs."""
    return tuple(item.name for item in fields(RootConfig) if meaning(item).where == IN_EXPERIMENTS)


@cache
def root_values() -> tuple[str, ...]:
    """Fields of the root that hold plain values: no sections, no choices, nothing that only composition needs."""
    return tuple(
        item.name
        for item in fields(RootConfig)
        if not (made := meaning(item)).group and made.where != IN_EXPERIMENTS and item.name != "limits"
    )


def words() -> Iterator[tuple[str, Option]]:
    """(name, meaning) of the options that help lists one by one, under their short names where they have one."""
    for name, made in engine_options().items():
        if made.listed:
            yield made.short or name, made


def meaning_of(name: str) -> Option:
    """The meaning of an option by its dotted name in a run's configuration; the default one for a plug-in's option."""
    known = engine_options()
    return known.get(name) or known.get(name.partition(".")[0], ORDINARY)
