"""Placement of names next to points, if all of them fit, and along horizontal lines."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.report.figures.canvas import RIGHT
from harness.report.figures.style import SMALL, label

Box = tuple[float, float, float, float]
"""Left, bottom, right and top, in inches."""

_LETTER, _LINE = 0.58 * SMALL / 72, 1.15 * SMALL / 72  # inches: a letter's width, a line's height
_POINT = 0.055  # inches: half of a marker
LONGEST_LEVEL = 40
"""Maximum letters of a horizontal line's name; longer ones are truncated."""

_LONGEST = 24  # letters; longer names of points go into the key


def place_labels(
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    inches: tuple[float, float],
    lines: Sequence[Box] = (),
) -> list[tuple[float, float]] | None:
    """Positions of each label's left end and middle, so that none overlaps a point, another label or an edge.

    Greedy: every label takes, of eight places around its point, the free one that crosses the fewest lines, starting
    with the points with most neighbours. A place nearer to another point than to its own is not free.

    Args:
        points: in inches from the lower left corner of the axes.
        texts: the labels.
        inches: width and height of the axes.
        lines: horizontal or vertical lines that labels should not cross.

    Returns:
        (x, y) per label, in inches; None if one does not fit or is too long.
    """
    if not points or any(len(label(text)) > _LONGEST for text in texts):
        return None
    array = np.asarray(points, dtype=float)  # (N, 2)
    taken = [(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in points]
    near = [int((np.abs(array - here) < (1.0, 0.3)).all(axis=1).sum()) for here in array]
    found: dict[int, tuple[float, float]] = {}
    for i in sorted(range(len(points)), key=lambda i: (-near[i], i)):
        width = _LETTER * len(label(texts[i]))
        x, y = points[i]
        aside, up = _POINT + 0.06, _POINT + 0.55 * _LINE
        offsets = [
            *((aside, 0.0), (-aside - width, 0.0), (0.03, up), (0.03, -up), (-width - 0.03, up), (-width - 0.03, -up)),
            *((-width / 2, up), (-width / 2, -up)),
        ]
        boxes = [(x + dx, y + dy - _LINE / 2, x + dx + width, y + dy + _LINE / 2) for dx, dy in offsets]
        free = [
            box
            for box in boxes
            if box[0] >= 0 and box[1] >= 0 and box[2] <= inches[0] + RIGHT and box[3] <= inches[1]
            if not any(_meet(box, other) for k, other in enumerate(taken) if k != i)
            if not any(_distance(box, other) <= _distance(box, points[i]) for other in points if other != points[i])
        ]
        if not free:
            return None
        box = min(free, key=lambda box: sum(_meet(box, line) for line in lines))  # the first in a tie
        taken.append(box)
        found[i] = (box[0], (box[1] + box[3]) / 2)
    return [found[i] for i in range(len(points))]


def name_levels(
    heights: Sequence[float], texts: Sequence[str], points: Sequence[tuple[float, float]], inches: tuple[float, float]
) -> list[Box]:
    """Positions of the names of horizontal lines: at either end, above or below the line, where there is most room.

    Args:
        heights: of the lines, in inches from the lower edge of the axes.
        texts: the names.
        points: in inches from the lower left corner.
        inches: width and height of the axes.
    """
    dots = [(x - 2 * _POINT, y - 2 * _POINT, x + 2 * _POINT, y + 2 * _POINT) for x, y in points]
    lines = [(0.0, height, inches[0], height) for height in heights]
    found: list[Box] = []
    for height, text in zip(heights, texts, strict=True):
        width = _LETTER * len(label(text, LONGEST_LEVEL))
        boxes = [
            (left, low, left + width, low + _LINE)
            for low in (height + 0.02, height - 0.02 - _LINE)
            for left in (inches[0] - width, 0.05)
            if low >= 0 and low + _LINE <= inches[1]
        ]
        taken = [*dots, *lines, *found]
        found.append(min(boxes, key=lambda box: sum(_meet(box, other) for other in taken)))  # the first in a tie
    return found


def _meet(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _distance(box: Box, point: tuple[float, float]) -> float:
    """Distance from a point to a box."""
    across = max(box[0] - point[0], 0.0, point[0] - box[2])
    return math.hypot(across, max(box[1] - point[1], 0.0, point[1] - box[3]))
