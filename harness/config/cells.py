"""Expands a command line into cells: Hydra's sweep grammar and the grids of experiments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.config.cell_composer import Cell, CellComposer
from harness.config.composition import experiment_grid, loader, parse, spelled_out
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
    grid = experiment_grid(experiment) if experiment else {}
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
    table = experiment_grid(experiment) if experiment else {}
    grid = [word for word in spelled_out(grid_words(table)) if word.partition("=")[0] not in names]
    rest = [word for word in overrides if not word.startswith("experiment=")]
    return cells_of(parse([*experiment, *grid, *rest]))


def grid_words(grid: dict[str, Any]) -> list[str]:
    """An experiment's grid as words of the sweep grammar; a value may be a list or the text after the "="."""
    words = []
    for key, value in grid.items():
        values = value if isinstance(value, list) else [value]
        if not values:
            raise ConfigError(f"The grid of the experiment gives no value for '{key}'.")
        words.append(f"{key}={','.join('null' if v is None else str(v) for v in values)}")
    return words
