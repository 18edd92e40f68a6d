"""Expands a command line into cells: Hydra's sweep grammar and the grids of experiments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.config.cell_composer import Cell, CellComposer
from harness.config.composition import experiment_grids, loader, parse, spelled_out
from harness.config.grids import Grids
from harness.config.grids import words as grid_words
from harness.config.schema import short_names
from harness.config.sweep_words import cells_of
from harness.errors import ConfigError


def expand(overrides: Sequence[str]) -> list[Cell]:
    """Every cell of a sweep, in the order of the grid: the last option varies fastest.

    Args:
        overrides: Hydra's words: "task=a,b", "seed=range(3)", "model=choice(x,y)", "experiment=quickstart". An
            option of the experiment's grid that the command line also sets is taken from the command line.

    Raises:
        ConfigError, UnknownNameError, PluginError: as `compose`.
    """
    return list(cells(split(overrides)))


def cells(lines: Sequence[tuple[str, ...]], *, threads: int = 1) -> Iterator[Cell]:
    """The cells described by command lines, one per line.

    Args:
        lines: words without lists of values, as `split` returns them.
        threads: intra-op threads of a run that does not set them.

    Raises:
        ConfigError, UnknownNameError, PluginError: as `compose`.
    """
    with loader().remembering():
        composer = CellComposer(threads)
        for words in lines:
            yield composer.cell(words)


def one_cell(words: Sequence[str], *, threads: int) -> Cell:
    """The cell described by the words of one run.

    Args:
        words: as for `expand`, without lists.
        threads: as for `cells`.

    Raises:
        ConfigError: an experiment is a grid, and the words do not say which of its runs is meant.
        ConfigError, UnknownNameError, PluginError: as `compose`.
    """
    words = spelled_out(words)
    experiment = [word for word in words if word.startswith("experiment=")]
    grid = experiment_grids(experiment).of(_task(words)) if experiment else {}
    given = {word.partition("=")[0] for word in words}
    missing = [key for key in grid if short_names().get(key, key) not in given]
    if missing:
        raise ConfigError(
            f"'{experiment[0]}' is a grid of {len(split(experiment))} runs. Run all of them with 'harness sweep "
            f"{experiment[0]}', or choose one: {' '.join(f'{key}=...' for key in missing)}."
        )
    return CellComposer(threads).alone(words)


def split(overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """The overrides of every cell, not composed yet.

    Raises:
        ConfigError: a word is not understood, or gives no value.
    """
    overrides = spelled_out(overrides)
    given = parse(overrides)
    names = {override.get_key_element() for override in given}
    for override in given:
        if override.get_key_element() == "experiment" and override.is_sweep_override():
            raise ConfigError(f"'{override.input_line}': a sweep takes one experiment; run one sweep for each.")
    experiment = [word for word in overrides if word.startswith("experiment=")]
    grids = experiment_grids(experiment) if experiment else Grids()
    rest = [word for word in overrides if not word.startswith("experiment=")]

    def expanded(grid: Mapping[str, Any]) -> list[tuple[str, ...]]:
        words = [word for word in spelled_out(grid_words(grid)) if word.partition("=")[0] not in names]
        return cells_of(parse([*experiment, *words, *rest]))

    found = expanded(grids.common)
    tasks = dict.fromkeys(map(_task, found))
    if grids.of_task.keys().isdisjoint(tasks):
        return found
    return [words for task in tasks for words in expanded(grids.of(task)) if _task(words) == task]


def _task(words: Sequence[str]) -> str:
    return next((word.removeprefix("task=") for word in words if word.startswith("task=")), "")
