"""Labels, lists and p values in running text."""

from __future__ import annotations

from collections.abc import Sequence

from harness.terminal import one_line

_LONGEST_NAME, _NAMED = 60, 3


def shown(label: str) -> str:
    """A label in running text: on one line, harmless, not too long, a baseline by its bare name."""
    text = one_line(label.removeprefix("baseline:"))
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…"


def listed(labels: Sequence[str]) -> str:
    """Labels in running text: "a, b and c"; only the first three of many."""
    names = [shown(label) for label in labels]
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def p_words(p: float) -> str:
    """p with two significant digits."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


def numbers(values: Sequence[int]) -> str:
    """Whole numbers in running text, runs of them as ranges: "0, 3–9"."""
    parts: list[list[int]] = []
    for value in sorted(values):
        if parts and value == parts[-1][-1] + 1:
            parts[-1].append(value)
        else:
            parts.append([value])
    return ", ".join(f"{p[0]}–{p[-1]}" if len(p) > 2 else ", ".join(map(str, p)) for p in parts)
