"""The checks of options that data sets with training lengths and test lengths share."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from harness.contract.options import meaning


def check_lengths(options: Any, least: int) -> None:
    """Check every option by its meaning, and that both ranges of lengths run upwards from `least` or more.

    Raises:
        ValueError: names the option and the value given.
    """
    for field in fields(options):
        value = getattr(options, field.name)
        if refusal := meaning(field).refusal(value):
            raise ValueError(f"task.{field.name}, {value!r}, {refusal}.")
    for low, high in (("min_length", "max_length"), ("test_min_length", "test_max_length")):
        one, two = getattr(options, low), getattr(options, high)
        if not least <= one <= two:
            raise ValueError(
                f"task.{low} is {one} and task.{high} is {two}; the first must be from {least} to the second."
            )
