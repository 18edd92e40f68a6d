"""Learning curves: a metric against optimizer steps, training examples or training seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.report import formatting
from harness.report.figures import scales
from harness.report.figures.canvas import (
    BOTTOM,
    PLOT_HEIGHT,
    TOP,
    WIDTH,
    axis_titles,
    key,
    key_height,
    new_figure,
    plot_area,
)
from harness.report.figures.drawing import Figure
from harness.report.figures.style import colour, dash, label, marker

if TYPE_CHECKING:
    from harness.report.statistics import Band

MOST = 16
"""Maximum number of curves in a figure; with more, those that end best."""

FEW = 2
"""Points up to which a curve is marked: it says where a model began and ended, not how it went."""

_AXES = {"steps": "optimizer steps", "examples": "training examples", "seconds": "training time"}


def learning_curves(
    name: str,
    curves: Mapping[str, Band],
    colours: Mapping[str, int],
    *,
    x: str,
    metric: str,
    unit: str,
    higher_is_better: bool | None,
    caption: str,
) -> Figure:
    """Curves of one metric, with a band if there are several seeds.

    Args:
        name: of the figure's files.
        curves: by label, of runs under equal conditions.
        colours: colour number of each label, the same throughout a report.
        x: "steps", "examples" (those of training seen so far) or "seconds" (of training).
        metric, unit, higher_is_better: the metric drawn; the direction is shown if known.
        caption: under the figure.
    """
    chosen = _best_at_the_end(curves, higher_is_better)
    if len(chosen) < len(curves):
        caption += f" Of {len(curves)} curves, the {len(chosen)} that end best are drawn."
    few = [text for text, band in chosen.items() if len(band.mean) <= FEW]
    if few:
        whose = "every curve" if len(few) == len(chosen) else ", ".join(map(label, few))
        caption += f" Only two validations or fewer: {whose}; what lies between is not known, so the line is thin."
    along = {text: along_axis(band, x) for text, band in chosen.items()}
    divisor, measured = scales.time_unit(np.concatenate(list(along.values()))) if x == "seconds" else (1.0, "")
    along = {text: values / divisor for text, values in along.items()}
    against = _AXES[x] + (f", {measured}" if measured else "")
    bottom = key_height(list(chosen)) + BOTTOM

    def draw() -> MplFigure:
        figure = new_figure((WIDTH, TOP + PLOT_HEIGHT + bottom))
        axes = plot_area(figure, bottom=bottom)
        everything = scales.finite(np.concatenate([*along.values(), [0.0]]))
        scales.mark_x(axes, 0.0, float(everything.max()) * 1.03 or 1.0, whole=x != "seconds")
        scales.mark_y(axes, *_upright(list(chosen.values()), higher_is_better))
        axes.add_collection(_bands(chosen, along, colours), autolim=False)
        for text, band in chosen.items():
            number = colours[text]
            thin = text in few
            line = Line2D(along[text], band.mean, color=colour(number), linestyle=dash(number))
            line.set(
                linewidth=0.8 if thin else 1.7,
                marker=marker(number),
                markersize=6 if thin else 3.6,
                markevery=max(1, len(band.mean) // 8),
            )
            axes.add_line(line)
        arrow = {True: " (higher is better)", False: " (lower is better)", None: ""}[higher_is_better]
        axis_titles(axes, against, f"{metric}{f', {unit}' if unit else ''}{arrow}")
        key(figure, [(text, colours[text]) for text in chosen])
        return figure

    alt = _describe(chosen, along, against, metric, unit, higher_is_better)
    if few:
        alt += f" Only two validations or fewer: {whose}."
    return Figure(name, caption, alt, draw)


def along_axis(band: Band, x: str) -> np.ndarray:
    """A band's positions on an axis, (N,)."""
    return {"steps": band.steps, "examples": band.examples, "seconds": band.seconds}[x]


def _best_at_the_end(curves: Mapping[str, Band], higher_is_better: bool | None) -> dict[str, Band]:
    """All of them in order, or as many as a figure can show."""
    if len(curves) <= MOST:
        return dict(curves)
    sign = -1.0 if higher_is_better else 1.0
    kept = set(sorted(curves, key=lambda text: sign * float(curves[text].mean[-1]))[:MOST])
    return {text: band for text, band in curves.items() if text in kept}


def _bands(chosen: Mapping[str, Band], along: Mapping[str, np.ndarray], colours: Mapping[str, int]) -> PolyCollection:
    """From the lowest to the highest seed, all bands as one artist, under the lines."""
    several = [text for text, band in chosen.items() if band.seeds > 1]
    outlines = [
        np.column_stack(
            [
                np.concatenate([along[text], along[text][::-1]]),
                np.concatenate([chosen[text].low, chosen[text].high[::-1]]),
            ]
        )
        for text in several
    ]
    shades = [colour(colours[text]) for text in several]
    return PolyCollection(outlines, facecolors=shades, alpha=0.16, linewidths=0, zorder=1.5)


def _upright(bands: Sequence[Band], higher_is_better: bool | None) -> tuple[float, float]:
    """Limits; an early outlier must not compress the rest: use the range of most of the curves' later parts."""
    everything = scales.finite(np.concatenate([part for b in bands for part in (b.low, b.high)]))
    low, high = scales.limits(everything)
    if higher_is_better is not False or not everything.size:
        return low, high
    late = scales.finite(np.concatenate([b.high[len(b.high) // 4 :] for b in bands]))
    least, most = float(everything.min()), float(late.max()) if late.size else float(everything.max())
    if everything.max() > least + 3 * (most - least) > least:
        return least - 0.08 * (most - least), most + 0.15 * (most - least)
    return low, high


def _describe(
    curves: Mapping[str, Band],
    along: Mapping[str, np.ndarray],
    against: str,
    metric: str,
    unit: str,
    higher_is_better: bool | None,
) -> str:
    """The figure in words: final values from best to worst, and whether the bands of the two best overlap."""
    sign = -1.0 if higher_is_better else 1.0
    ends = [text for text in curves if np.isfinite(curves[text].mean[-1])]
    if higher_is_better is not None:
        ends.sort(key=lambda text: sign * float(curves[text].mean[-1]))
    order = " from best to worst" if higher_is_better is not None and len(ends) > 1 else ""
    parts = [
        f"{label(text)} {formatting.fixed(float(curves[text].mean[-1]), 3)} "
        f"(from {formatting.fixed(float(curves[text].mean[0]), 3)})"
        for text in ends
    ]
    said = f"Line chart of {metric}{f' in {unit}' if unit else ''} against {against}. At the end,{order}: "
    said += "; ".join(parts) + "."
    if order:
        one, two = curves[ends[0]], curves[ends[1]]
        if one.seeds > 1 and two.seeds > 1:
            apart = one.low[-1] > two.high[-1] or one.high[-1] < two.low[-1]
            said += f" The bands of the first two {'do not touch' if apart else 'overlap'} there."
    return said
