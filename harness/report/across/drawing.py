"""The figures across tasks: average ranks with groups that cannot be distinguished, score profiles, intervals of
pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.report import formatting as fmt
from harness.report.across.aggregate import Estimate
from harness.report.across.profiles import HIGHEST, LOWEST, Profile
from harness.report.across.ranks import RankTest
from harness.report.figures import (
    Figure,
    axis_titles,
    colour,
    dash,
    finish,
    key,
    key_height,
    label,
    marker,
    new_figure,
    plot_area,
    scales,
    style,
)
from harness.report.figures.canvas import BOTTOM, PLOT_HEIGHT, TOP, WIDTH
from harness.report.figures.style import INK, RULE, SMALL, SOFT

MOST = 16
"""Maximum number of models in a figure; with more, those ranked first."""

_LONGEST = 24  # letters of a name next to the axis of ranks
_LETTER = 0.6 * SMALL / 72  # inches
_SHORTEST = 1.8  # inches of the axis of ranks
_LINE = 0.25  # inches: a name next to the axis, a pair in the chart of intervals
_BAR = 0.09  # inches between two bars


def critical_difference(name: str, models: Sequence[str], test: RankTest, colours: Mapping[str, int]) -> Figure:
    """Average ranks on a line; a bar joins models the test cannot distinguish (Demsar 2006, figure 1).

    Without a test, or with one that could not have distinguished any two, no bar is drawn and the caption says so.

    Args:
        name: of the figure's files.
        models: in the order of the test's columns.
        test: their ranks.
        colours: colour number of each label, the same throughout a report.
    """
    order = [int(i) for i in test.order()][:MOST]
    groups = [(first, min(last, len(order) - 1)) for first, last in test.groups() if first < len(order) - 1]
    left = -(-len(order) // 2)
    rows = max(left, len(order) - left)
    above, bars = 0.62 if groups or test.critical_difference else 0.42, 0.16 + _BAR * len(groups)
    height = above + bars + _LINE * rows + 0.1
    texts = [f"{label(models[i], _LONGEST)} {test.average[i]:.2f}" for i in order]
    side = max(1.55, _LETTER * max(map(len, texts)) + 0.15)  # inches for names on either side
    width = max(WIDTH, 2 * side + _SHORTEST)
    with style(name):
        figure = new_figure((width, height))
        axes = plot_area(figure, left=side, right=side, top=above, bottom=height - above - 0.01)
        last = float(max(test.ranks.shape[1], 2))
        _rank_axis(figure, axes, last, height - above)
        at = [side + (width - 2 * side) * (float(test.average[i]) - 1) / (last - 1) for i in order]
        for row, (first, end) in enumerate(groups):
            y = height - above - 0.12 - _BAR * row
            _stroke(figure, [at[first] - 0.04, at[end] + 0.04], [y, y], INK, width=3.2)
        for place, index in enumerate(order):
            on_left = place < left
            row = place if on_left else len(order) - 1 - place
            y = height - above - bars - _LINE * (row + 0.5)
            edge = side - 0.08 if on_left else width - side + 0.08
            shade = colour(colours[models[index]])
            _stroke(figure, [at[place], at[place], edge], [height - above, y, y], shade, width=1.2)
            _dot(figure, at[place], height - above, colours[models[index]])
            x = edge - 0.05 if on_left else edge + 0.05
            figure.text(
                x / width, y / height, texts[place], ha="right" if on_left else "left", va="center_baseline", size=SMALL
            )
        if test.critical_difference is not None and test.critical_difference <= last - 1:
            _scale_bar(figure, test.critical_difference, last, side)
        return finish(figure, name, _rank_caption(test, len(order)), _ranks_in_words(models, test))


def _rank_axis(figure: MplFigure, axes: Axes, last: float, y: float) -> None:
    axes.set_xlim(1.0, last)
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    width, height = figure.get_size_inches()
    box = axes.get_position()
    _stroke(figure, [box.x0 * width, box.x1 * width], [y, y], INK, width=1.0)
    axes.set_xticks([])
    for mark in sorted({1.0, *scales.marks(1.0, last, 8, whole=True)}):
        x = box.x0 + (box.x1 - box.x0) * (mark - 1) / (last - 1)
        _stroke(figure, [x * width, x * width], [y, y + 0.06], INK, width=1.0)
        figure.text(x, (y + 0.1) / height, f"{mark:.0f}", ha="center", va="bottom", size=SMALL)
    figure.text(0.08 / width, (y + 0.1) / height, "average rank", va="bottom", size=SMALL, color=SOFT)
    figure.text(1 - 0.08 / width, (y + 0.1) / height, "1 is best", va="bottom", ha="right", size=SMALL, color=SOFT)


def _scale_bar(figure: MplFigure, critical: float, last: float, side: float) -> None:
    """The length of the critical difference, above the start of the axis."""
    width, height = figure.get_size_inches()
    end = side + (width - 2 * side) * critical / (last - 1)
    y = height - 0.14
    _stroke(figure, [side, end], [y, y], INK, width=1.4)
    for x in (side, end):
        _stroke(figure, [x, x], [y - 0.04, y + 0.04], INK, width=1.4)
    text = f"critical difference {critical:.2f}"
    figure.text((side - 0.08) / width, y / height, text, ha="right", va="center_baseline", size=SMALL - 1)


def _stroke(figure: MplFigure, x: Sequence[float], y: Sequence[float], shade: str, width: float) -> None:
    """A line through points in inches."""
    wide, high = figure.get_size_inches()
    line = Line2D([v / wide for v in x], [v / high for v in y], color=shade, linewidth=width, solid_capstyle="butt")
    figure.add_artist(line)


def _dot(figure: MplFigure, x: float, y: float, number: int) -> None:
    wide, high = figure.get_size_inches()
    figure.add_artist(Line2D([x / wide], [y / high], color=colour(number), marker=marker(number), markersize=5))


def _rank_caption(test: RankTest, drawn: int) -> str:
    tasks, models = test.ranks.shape
    text = f"Average ranks over {fmt.plural(tasks, 'task')}, 1 is best."
    if test.can_decide:
        text += " A bar joins models that cannot be told apart at 5 %, corrected for all pairs."
    else:
        text += " No bars: with so few tasks no two models can be told apart."
    return text + (f" Of {models} models, the {drawn} ranked first are drawn." if drawn < models else "")


def _ranks_in_words(models: Sequence[str], test: RankTest) -> str:
    order = [int(i) for i in test.order()]
    text = "Average ranks from best to worst: "
    text += "; ".join(f"{label(models[i])} {test.average[i]:.2f}" for i in order) + "."
    for first, last in test.groups():
        names = [label(models[order[i]]) for i in range(first, last + 1)]
        text += f" Not told apart: {', '.join(names)}."
    return text


def profiles(name: str, curves: Mapping[str, Profile], colours: Mapping[str, int], seeds: int) -> Figure:
    """The share of runs above every normalised score, with bands if there are enough seeds.

    Args:
        name: of the figure's files.
        curves: by label.
        colours: colour number of each label.
        seeds: the smallest number behind a mean, for the caption.
    """
    shown = dict(list(curves.items())[:MOST])
    bottom = key_height(list(shown)) + BOTTOM
    with style(name):
        figure = new_figure((WIDTH, TOP + PLOT_HEIGHT + bottom))
        axes = plot_area(figure, bottom=bottom)
        first = next(iter(shown.values()))
        scales.mark_x(axes, float(first.thresholds[0]), float(first.thresholds[-1]))
        scales.mark_y(axes, -0.03, 1.03)
        for text, curve in shown.items():
            number = colours[text]
            axes.plot(
                curve.thresholds,
                curve.share,
                color=colour(number),
                linestyle=dash(number),
                linewidth=1.7,
                marker=marker(number),
                markersize=3.6,
                markevery=(number * 3 % 12, 12),
            )
            if curve.low is not None and curve.high is not None:
                axes.fill_between(
                    curve.thresholds, curve.low, curve.high, color=colour(number), alpha=0.12, linewidth=0
                )
        axis_titles(axes, "normalised score", "share of runs above it (higher is better)")
        key(figure, [(text, colours[text]) for text in shown])
        bands = any(c.low is not None for c in shown.values())
        caption = "Share of runs above every normalised score; every task has the same weight."
        caption += " Bands: pointwise 95 % intervals over seeds." if bands else f" No bands: {_seeds(seeds)}."
        if any(c.share[0] < 1 or c.share[-1] > 0 for c in shown.values()):
            caption += f" Runs below {fmt.fixed(LOWEST, 1)} or above {HIGHEST:g} are beyond the ends of the axis."
        if len(shown) < len(curves):
            caption += f" Of {len(curves)} models, the {len(shown)} ranked first are drawn."
        return finish(figure, name, caption, _profiles_in_words(shown))


def _seeds(number: int) -> str:
    return "with one seed there is no interval" if number == 1 else f"{number} seeds are too few for an interval"


def _profiles_in_words(curves: Mapping[str, Profile]) -> str:
    parts = []
    for text, curve in curves.items():
        half = float(np.interp(0.5, curve.thresholds, curve.share))
        parts.append(f"{label(text)} {100 * half:.0f} %")
    return "Falling curves of the share of runs above a normalised score. Above 0.5: " + "; ".join(parts) + "."


def intervals(name: str, pairs: Sequence[tuple[str, Estimate]], caption: str, more: int = 0) -> Figure:
    """Probabilities of improvement with their intervals, one per line, with a reference line at one half.

    Args:
        name: of the figure's files.
        pairs: (words, probability).
        caption: under the figure.
        more: number of pairs shown only in the table.
    """
    top, bottom = 0.12, 0.56
    height = top + _LINE * max(len(pairs), 1) + bottom
    with style(name):
        figure = new_figure((WIDTH, height))
        side = 2.75
        axes = plot_area(figure, left=side, top=top, bottom=bottom)
        scales.mark_x(axes, 0.0, 1.0)
        axes.set_ylim(len(pairs) - 0.5, -0.5)
        axes.set_yticks([])
        axes.axvline(0.5, color=INK, linewidth=1.0)
        axes.axvline(0.0, color=RULE, linewidth=0.7)
        for row, (text, estimate) in enumerate(pairs):
            if estimate.low is not None and estimate.high is not None:
                axes.plot([estimate.low, estimate.high], [row, row], color=colour(0), linewidth=2.2)
            axes.plot([estimate.value], [row], color=colour(0), marker="o", markersize=5, clip_on=False)
            y = (bottom + _LINE * (len(pairs) - row - 0.5)) / height
            figure.text((side - 0.12) / WIDTH, y, label(text, 34), ha="right", va="center_baseline", size=SMALL)
        axis_titles(axes, "probability of improvement", "", above_x=0.42)
        said = "; ".join(f"{label(text, 100)} {e.value:.2f}" for text, e in pairs)
        if more:
            caption += f" {fmt.plural(more, 'more pair')} in the table only."
        return finish(figure, name, caption, f"Probabilities of improvement: {said}.")
