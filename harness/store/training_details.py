"""What a run records of its model beside scores, in words: its state, and what it asks of training.

The mappings come from the store, so nothing about their contents is taken for granted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Words = list[tuple[str, str]]


def training_words(details: Mapping[str, Any]) -> Words:
    """How the model is trained otherwise than others, as (term, text); empty if it is trained as any other."""
    found: Words = []
    groups = _mapping(details.get("parameter_groups"))
    if groups:
        found.append(("parameter groups", "; ".join(_group(name, _mapping(g)) for name, g in groups.items())))
    auxiliary = _mapping(details.get("auxiliary"))
    if auxiliary:
        losses = ", ".join(f"{name} × {_number(weight)}" for name, weight in auxiliary.items())
        found.append(("auxiliary loss", f"{losses}, in training only"))
    if details.get("after_step"):
        found.append(("after each step", "the model changes its weights"))
    return found


def state_words(details: Mapping[str, Any]) -> Words:
    """How many numbers the model carries from one position to the next; empty if it carries none."""
    size = state_size_of(details)
    return [] if size is None else [("state", f"{size:,} numbers from one position to the next")]


def state_size_of(details: Mapping[str, Any]) -> int | None:
    """The numbers of state that a run recorded."""
    size = details.get("state_size")
    return size if isinstance(size, int) else None


def _group(name: object, group: Mapping[str, Any]) -> str:
    count = group.get("parameters")
    size = f"{count:,} parameters, " if isinstance(count, int) else ""
    return (
        f"{name} ({size}learning rate × {_number(group.get('lr_factor'))}, "
        f"weight decay × {_number(group.get('decay_factor'))})"
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "?"
