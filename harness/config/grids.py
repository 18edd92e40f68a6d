"""What an experiment varies: its `grid`, and the `grid` of single tasks in its `per_task`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import ConfigError


@dataclass(frozen=True)
class Grids:
    """The values that an experiment gives its options, by option.

    Attributes:
        common: for every task: {"task": ["translation"], "model": ["lstm", "gru"], "seed": [0, 1]}.
        of_task: for one task instead: {"translation": {"model": ["lstm"]}}.
    """

    common: Mapping[str, Any] = field(default_factory=dict)
    of_task: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def extended_by(self, config: Any, origin: str) -> Grids:
        """These grids with those of an experiment's file in the place of equal options.

        Raises:
            ConfigError: a grid is no table; the message names the file, its `origin`.
        """
        config = config if isinstance(config, dict) else {}
        tasks = config.get("per_task")
        of_task = {name: dict(grid) for name, grid in self.of_task.items()}
        for name, settings in (tasks if isinstance(tasks, dict) else {}).items():
            if own := _table(settings, f"of per_task.{name} in {origin}"):
                if "task" in own:
                    raise ConfigError(f"The grid of per_task.{name} in {origin} lists tasks: do that in `grid`.")
                of_task[name] = {**of_task.get(name, {}), **own}
        return Grids({**self.common, **_table(config, f"of {origin}")}, of_task)

    def of(self, task: str) -> dict[str, Any]:
        """The values for one task."""
        return {**self.common, **self.of_task.get(task, {})}


def words(grid: Mapping[str, Any]) -> list[str]:
    """A grid as words of the sweep grammar; a value may be a list or the text after the "=".

    Raises:
        ConfigError: an option has no value.
    """
    found = []
    for key, value in grid.items():
        values = value if isinstance(value, list) else [value]
        if not values:
            raise ConfigError(f"The grid of the experiment gives no value for '{key}'.")
        found.append(f"{key}={','.join('null' if v is None else str(v) for v in values)}")
    return found


def _table(config: Any, where: str) -> dict[str, Any]:
    grid = (config.get("grid") if isinstance(config, dict) else None) or {}
    if not isinstance(grid, dict):
        raise ConfigError(f"The grid {where} is {grid!r}: write NAME: [VALUE, ...].")
    return grid
