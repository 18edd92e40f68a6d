"""The style of figures: colours, dashes and markers of series, and matplotlib settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl

from harness.terminal import one_line

PALETTE = ("#0b62a4", "#c8501b", "#1a8a62", "#9c4a8f", "#8a6a00", "#47479e", "#b3315a", "#4d6b1f")
"""Series colours on white, each at least 4:1 against it; the style sheet names their counterparts on dark."""

INK, SOFT, RULE = "#1b1f24", "#59636e", "#d5d9de"
"""Text and axes; secondary elements; grid lines. On the page they are the style sheet's --ink, --soft and --rule."""

DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")

TEXT, SMALL = 10.5, 9.5
"""Sizes of axis titles and of everything else, in points."""

LONGEST_LABEL = 48

SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.size": 0,  # the grid of `scales` marks the ticks
    "ytick.major.size": 0,
    "text.hinting": "none",
}


@contextmanager
def style(name: str) -> Iterator[None]:
    """A context for drawing; the ids in the SVG are derived from `name`, the figure's, so that they are
    reproducible."""
    settings: Any = {**SETTINGS, "svg.hashsalt": name}  # the stubs list every key as a literal
    with mpl.rc_context(settings):
        yield


def colour(number: int) -> str:
    """The colour of a series; muted for a number below zero (a baseline)."""
    return PALETTE[number % len(PALETTE)] if number >= 0 else SOFT


def dash(number: int) -> Any:
    """The dash of a series' line; series that share a colour differ in it. Baselines are dashed."""
    if number < 0:
        return DASHES[1 + (-1 - number) % (len(DASHES) - 1)]
    return DASHES[(number + number // len(PALETTE)) % len(DASHES)]


def marker(number: int) -> str:
    """The marker of a series; series that share a colour differ in it."""
    return MARKERS[(number + number // len(PALETTE)) % len(MARKERS)]


def label(text: str, longest: int = LONGEST_LABEL) -> str:
    """Text from the store for a figure: on one line, harmless, truncated if too long."""
    shown = one_line(text[: 2 * longest])
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
