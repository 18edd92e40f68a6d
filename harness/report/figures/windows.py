"""Forecasts of one window: the past, what followed, and what each model said would follow, with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.report.figures import canvas, scales
from harness.report.figures.drawing import Figure
from harness.report.figures.style import INK, SOFT, colour, dash, marker


@dataclass(frozen=True)
class Forecast:
    """What one model said.

    Attributes:
        values: (H,), the forecast, or its median.
        low, high: (H,), the outermost quantiles; empty: a forecast without an interval.
    """

    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def over_windows(
    name: str,
    past: Sequence[float],
    truth: Sequence[float],
    forecasts: Mapping[str, Forecast],
    numbers: Mapping[str, int],
    *,
    titles: tuple[str, str],
    caption: str,
    alt: str,
) -> Figure:
    """Lines over steps, of which 1 is the first that is forecast.

    Args:
        name: of the figure's files.
        past: (P,), the last of it at step 0; may be empty.
        truth: (H,).
        forecasts: by label.
        numbers: colour number of each label; below zero for baselines.
        titles: of the horizontal and the vertical axis.
        caption, alt: the text.
    """
    bottom = canvas.BOTTOM + canvas.key_height(list(forecasts))
    before, after = range(1 - len(past), 1), range(1, len(truth) + 1)

    def draw() -> MplFigure:
        figure = canvas.new_figure((canvas.WIDTH, canvas.TOP + canvas.PLOT_HEIGHT + bottom))
        axes = canvas.plot_area(figure, bottom=bottom)
        scales.mark_x(axes, *scales.limits([*before, *after], margin=0.03), whole=True)
        told = [v for f in forecasts.values() for part in (f.values, f.low, f.high) for v in part]
        scales.mark_y(axes, *scales.limits([*past, *truth, *told], margin=0.08))
        axes.add_line(Line2D([0.5, 0.5], axes.get_ylim(), color=SOFT, linewidth=0.8, linestyle=(0, (2, 2))))
        axes.add_line(Line2D([*before, *after], [*past, *truth], color=INK, linewidth=1.1))
        for text, forecast in forecasts.items():
            number = numbers[text]
            if len(forecast.low):
                outline = [*zip(after, forecast.low, strict=True), *reversed([*zip(after, forecast.high, strict=True)])]
                band = PolyCollection([outline], facecolors=colour(number), alpha=0.14, linewidths=0, zorder=1.5)
                axes.add_collection(band, autolim=False)
            line = Line2D(after, forecast.values, color=colour(number), linestyle=dash(number), linewidth=1.6)
            line.set(marker=marker(number), markersize=3.2, markevery=max(1, len(truth) // 8))
            axes.add_line(line)
        canvas.axis_titles(axes, *titles)
        canvas.key(figure, [(text, numbers[text]) for text in forecasts])
        return figure

    return Figure(name, caption, alt, draw)
