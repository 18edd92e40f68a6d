"""From the words of a sweep to those of each cell: lists of values become single ones, the rest stays as typed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

from hydra.core.override_parser.types import Glob, Override, RangeSweep, ValueType
from hydra.errors import HydraException

from harness.errors import ConfigError

MOST = 100_000
"""Values of one option, and cells of a sweep, beyond which a typing error is likelier than a plan."""

_TOO_MANY = f"'{{}}' gives more than {MOST:,} values."

_GRAMMAR = "()[]{}'\"\\"
"""Characters that keep a comma from separating two values."""


def cells_of(overrides: Sequence[Override]) -> list[tuple[str, ...]]:
    """The words of every cell, the last option varying fastest.

    Raises:
        ConfigError: a list of values is empty, endless, or of a kind that gives no list.
    """
    lists = [_words(override) for override in overrides]
    total = 1
    for words in lists:
        total *= len(words)
    if total > MOST:
        counts = " × ".join(str(len(words)) for words in lists if len(words) > 1)
        raise ConfigError(f"The sweep has {total:,} cells ({counts}); at most {MOST:,} are possible.")
    return list(product(*lists))


def _words(override: Override) -> list[str]:
    word = override.input_line or ""
    if not override.is_sweep_override():
        return [word]
    if override.value_type is ValueType.INTERVAL_SWEEP:
        raise ConfigError(f"'{word}' is an interval, of which no list can be made: write choice(...) or range(...).")
    try:
        _check_length(override)
        values = list(islice(_values(override), MOST + 1))
    except (HydraException, ValueError, ArithmeticError, TypeError) as error:
        raise ConfigError(f"'{word}' is no list of values: {' '.join(str(error).split())}.") from error
    if not values:
        raise ConfigError(f"'{word}' gives no value, so the sweep has no cell.{_why(override)}")
    if len(values) > MOST:
        raise ConfigError(_TOO_MANY.format(word))
    return [f"{override.get_key_element()}={value}" for value in values]


def _check_length(override: Override) -> None:
    """Refuse a range that is too long, before a shuffle makes a list of it."""
    value = override._value
    if not isinstance(value, RangeSweep) or value.start is None or value.stop is None or not value.step:
        return
    if (value.stop - value.start) / value.step > MOST:
        raise ConfigError(_TOO_MANY.format(override.input_line))


def _values(override: Override) -> Iterator[str]:
    """Each value as text; of `a,b,c`, the text as it was typed, since 07 may be a number or a folder."""
    written = override.get_value_string()
    if override.value_type is ValueType.SIMPLE_CHOICE_SWEEP and not any(c in _GRAMMAR for c in written):
        return iter([part.strip() for part in written.split(",")])
    return override.sweep_string_iterator()


def _why(override: Override) -> str:
    if isinstance(override._value, Glob) and override.config_loader is not None:
        known = override.config_loader.get_group_options(override.key_or_group)
        return f" There are: {', '.join(known)}." if known else " glob(...) is for task, model and the like."
    if override.is_range_sweep():
        return " range(START,STOP,STEP) ends before STOP."
    return ""
