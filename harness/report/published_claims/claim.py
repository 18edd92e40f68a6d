"""A claim of the literature as an experiment's `claim` states it: what was published, and what would reproduce it.

    claim:
      statement: An LSTM learns parity and goes on counting at six times the training length.
      source: who, where, which table
      protocol: of the source
      differs: what this experiment does otherwise
      full: what the source's own protocol needs
      metric: accuracy                                   # of all cells; default: the task's primary metric
      fits: {metric: training_lengths, at_least: 95}     # a model below has not learnt what it was trained on
      cells:
        - {of: {model: lstm}, published: 100, at_least: 95}
        - {of: {model: gru}, against: {model: lstm}, as: ratio, published: 1.3, at_least: 1.0}

A cell is about the mean over the seeds of the runs that have the options of `of`, or about its difference from, or
ratio to, that of the runs `against`. It names one bound, by which the published finding is told from its contrary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from harness.errors import ConfigError

Compared = Literal["value", "difference", "ratio"]
Bound = Literal["at_least", "at_most"]


@dataclass(frozen=True)
class TrainingFit:
    """What a model must reach on what it was trained for, before a low score counts against it.

    Attributes:
        metric: its name.
        at_least: of the mean over seeds.
    """

    metric: str
    at_least: float


@dataclass(frozen=True)
class ClaimCell:
    """One published cell and what reproduces it.

    Attributes:
        of, against: options of the runs, by dotted name ("model", "task.dataset", "model.layers"); `against` is empty
            where the value itself is meant.
        compared: what is held against the bound: the value of `of`, its difference from or its ratio to `against`.
        bound, limit: "at_least" or "at_most", and the number.
        published: the figure, or words where it is none; None: the source gives no number.
        metric: None: that of the claim.
    """

    of: Mapping[str, Any]
    against: Mapping[str, Any]
    compared: Compared
    bound: Bound
    limit: float
    published: float | str | None
    metric: str | None

    @property
    def title(self) -> str:
        """The options in words: "lstm, layers=2"."""
        return f"{_words(self.of)} against {_words(self.against)}" if self.against else _words(self.of)

    @property
    def expectation(self) -> str:
        """What would reproduce it: "at least 95", "ratio at most 0.55"."""
        what = "" if self.compared == "value" else f"{self.compared} "
        return f"{what}{self.bound.replace('_', ' ')} {self.limit:g}"


@dataclass(frozen=True)
class PublishedClaim:
    """A claim with its cells.

    Attributes:
        sweep: whose runs decide it.
        statement, source, protocol, differs, full: sentences; see the module.
        metric: None: the primary one of each task.
        fits: None: a low score always counts.
    """

    sweep: str
    statement: str
    source: str
    protocol: str
    differs: str
    full: str
    metric: str | None
    fits: TrainingFit | None
    cells: tuple[ClaimCell, ...]


_TEXTS = ("statement", "source", "protocol", "differs", "full")
_CELL_FIELDS = {"of", "against", "as", "at_least", "at_most", "published", "metric"}


def parse(sweep: str, given: Any, origin: str) -> PublishedClaim:
    """A claim from an experiment's file.

    Args:
        sweep: of the experiment.
        given: its `claim`.
        origin: the file, for messages.

    Raises:
        ConfigError: something is missing, unknown or of another kind; the message names it and the file.
    """
    where = f"The claim of {origin}"
    table = _table(given, where)
    _only(table, {*_TEXTS, "metric", "fits", "cells"}, where)
    for name in ("statement", "source"):
        if not table.get(name):
            raise ConfigError(f"{where} has no '{name}': every claim says what is claimed, and where it was published.")
    cells = table.get("cells")
    if not isinstance(cells, list) or not cells:
        raise ConfigError(f"{where} has no 'cells': list what was published and the bound that reproduces it.")
    fits = table.get("fits")
    return PublishedClaim(
        sweep,
        **{name: str(table.get(name) or "") for name in _TEXTS},
        metric=_text(table.get("metric")),
        fits=None if fits is None else _fit(fits, where),
        cells=tuple(_cell(one, f"Cell {n} of the claim of {origin}") for n, one in enumerate(cells, 1)),
    )


def _cell(given: Any, where: str) -> ClaimCell:
    table = _table(given, where)
    _only(table, _CELL_FIELDS, where)
    of, against = _options(table.get("of") or {}, "of", where), _options(table.get("against") or {}, "against", where)
    if not of:
        raise ConfigError(f"{where} does not say which runs it is about: of: {{model: NAME}}.")
    bounds: list[Bound] = [name for name in ("at_least", "at_most") if name in table]
    if len(bounds) != 1:
        raise ConfigError(f"{where} has {len(bounds)} bounds; it needs one: at_least or at_most.")
    named = table.get("as") or ("difference" if against else "value")
    allowed: tuple[Compared, ...] = ("difference", "ratio") if against else ("value",)
    if named not in allowed:
        raise ConfigError(f"{where} has as={named}; write difference or ratio, with the runs it is against.")
    compared = next(one for one in allowed if one == named)
    published = table.get("published")
    return ClaimCell(
        of,
        against,
        compared,
        bounds[0],
        _number(table[bounds[0]], bounds[0], where),
        published if published is None or isinstance(published, int | float) else str(published),
        _text(table.get("metric")),
    )


def _fit(given: Any, where: str) -> TrainingFit:
    table = _table(given, f"{where}: fits")
    _only(table, {"metric", "at_least"}, f"{where}: fits")
    if not table.get("metric"):
        raise ConfigError(f"{where}: fits needs a metric.")
    return TrainingFit(str(table["metric"]), _number(table.get("at_least"), "fits.at_least", where))


def _table(given: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise ConfigError(f"{where} is {given!r}; it must be a table of NAME: VALUE.")
    return given


def _only(table: Mapping[str, Any], known: set[str], where: str) -> None:
    for name in table:
        if name not in known:
            raise ConfigError(f"{where} has '{name}', which is none of: {', '.join(sorted(known))}.")


def _options(given: Any, name: str, where: str) -> Mapping[str, Any]:
    return _table(given, f"{where}: {name}")


def _number(given: Any, name: str, where: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ConfigError(f"{where}: {name} is {given!r}; it must be a number.")
    return float(given)


def _text(given: Any) -> str | None:
    return None if given is None else str(given)


def _words(options: Mapping[str, Any]) -> str:
    alone = ("model", "task", "task.dataset")
    named = [str(options[name]) for name in alone if name in options]
    rest = [f"{name.removeprefix('model.')}={value}" for name, value in options.items() if name not in alone]
    return ", ".join([*named, *rest])
