"""Small charts of one run, written directly as SVG: a report has thousands of them, and matplotlib takes 0.1 s each.

They take colours and fonts from the page's style sheet and contain no text from the store.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.report import formatting as fmt
from harness.store.thinned_curves import Curve

SERIES = 8
"""The number of series colours in the style sheet."""

_WIDTH, _HEIGHT = 340, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 8, 34
_TICKS = 4
_LARGEST = 1e150  # beyond it differences overflow


@dataclass(frozen=True)
class Drawing:
    """An SVG for the page, its caption, and a text alternative."""

    svg: str
    caption: str
    alt: str


def phase_bar(phases: Mapping[str, float], total: float) -> Drawing | None:
    """The phases of a run's wall time as a stacked bar, unattributed time last; None without phases.

    The n-th part has the n-th colour of the style sheet; after the last, the colours repeat in a lighter shade.
    """
    known = {name: s for name, s in phases.items() if math.isfinite(s) and s > 0}
    whole = max(total, sum(known.values())) if math.isfinite(total) else sum(known.values())
    if not whole:
        return None
    parts, at = [], 0.0
    for number, name in enumerate(phases):
        width = 1000 * known.get(name, 0.0) / whole
        if width:
            parts.append(f'<rect class="{swatch(number)}" x="{at:.1f}" width="{width:.1f}" height="40"/>')
        at += width
    largest = sorted(known, key=lambda name: -known[name])[:3]
    told = ", ".join(f"{name.replace('_', ' ')} {fmt.share(known[name], whole)}" for name in largest)
    svg = f'<svg class="bar" viewBox="0 0 1000 40" preserveAspectRatio="none">{"".join(parts)}</svg>'
    return Drawing(svg, "", f"Stacked bar of the wall time. Most of it: {told}.")


def swatch(number: int) -> str:
    """The class of the n-th part's colour."""
    return f"s{number % SERIES}" + (" pale" if number >= SERIES else "")


def curve_chart(curves: Mapping[str, Curve], title: str, note: str) -> Drawing | None:
    """Up to two curves of one metric against optimizer steps; None if none has two finite points.

    Args:
        curves: (step, value) by split ("train", "val"); values that are not finite leave a gap.
        title, note: of the metric; its unit and direction.
    """
    finite = {split: [p for p in curve if -_LARGEST < p[1] < _LARGEST] for split, curve in curves.items()}
    shown = [split for split in curves if len(finite[split]) > 1]
    if not shown:
        return None
    xs = [x for split in shown for x, _ in finite[split]]
    ys = [y for split in shown for _, y in finite[split]]
    x_ticks, y_ticks = ticks(0, max(xs)), ticks(min(ys), max(ys))
    low, high = min(*ys, y_ticks[0]), max(*ys, y_ticks[-1])
    if low == high:  # draw a constant through the middle
        low, high = low - 1, high + 1
    x_scale = (_WIDTH - _LEFT - _RIGHT) / (max(xs) or 1)
    y_scale = (_HEIGHT - _TOP - _BOTTOM) / ((high - low) or 1)
    bottom = _HEIGHT - _BOTTOM
    parts = []
    for y in y_ticks:
        at = bottom - (y - low) * y_scale
        parts.append(f'<path class="rule" d="M{_LEFT} {at:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 3.5:.1f}" text-anchor="end">{_tick(y)}</text>')
    for x in x_ticks:
        at = _LEFT + x * x_scale
        parts.append(f'<text x="{at:.1f}" y="{bottom + 15}" text-anchor="middle">{fmt.count(x, trim=True)}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 4}" text-anchor="middle">optimizer steps</text>')
    for split in shown:
        path, pen = [], "M"
        for x, y in curves[split]:
            if -_LARGEST < y < _LARGEST:
                path.append(f"{pen}{_LEFT + x * x_scale:.1f} {bottom - (y - low) * y_scale:.1f}")
                pen = "L"
            else:
                pen = "M"
        parts.append(f'<path class="line {"train" if split == "train" else "val"}" d="{"".join(path)}"/>')
    svg = f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}">{"".join(parts)}</svg>'
    lost = any(len(finite[split]) < len(curves[split]) for split in shown)
    words = f"{title} {note}".strip() + ("; gaps: values that are not finite" if lost else "")
    told = [f"{_split(s)}: from {finite[s][0][1]:.4g} to {finite[s][-1][1]:.4g}" for s in shown]
    return Drawing(svg, words, f"Line chart of {title} against optimizer steps. {'; '.join(told)}.")


def _split(name: str) -> str:
    return {"train": "training", "val": "validation"}.get(name, name)


def ticks(low: float, high: float) -> Sequence[float]:
    """About four round numbers (1, 2 or 5 times a power of ten apart) between two values, or the value itself."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return [low]
    power = 10.0 ** math.floor(math.log10(span / _TICKS))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= span / _TICKS * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)] or [low]


def _tick(value: float) -> str:
    return f"{value:.4g}".replace("-", "−") if abs(value) < 10_000 else fmt.count(value, trim=True)
