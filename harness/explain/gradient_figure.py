"""The figure of gradient flow: the share of the gradient that is left at each lag, a colour for each run."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.explain.gradients import VANISHED, ExplainedGradients
from harness.report.figures import canvas, scales
from harness.report.figures.drawing import Figure
from harness.report.figures.style import DASHES, SOFT, colour, label, marker

_LOWEST, _HIGHEST = -12, 12
"""Powers of ten between which shares are drawn."""

_START, _TRAINED = DASHES[1], DASHES[0]


def gradient_figure(found: Sequence[ExplainedGradients], name: str = "gradients") -> Figure:
    """Median shares against the lag on a logarithmic axis: solid after training, dashed at the start.

    A band covers the quartiles after training. Gradients of zero and beyond the axis are not drawn.

    Args:
        found: one or more runs, in the order of their colours.
        name: of the figure's files.
    """
    labels = run_labels(found)
    bottom = canvas.BOTTOM + canvas.key_height(labels)
    lags = max(max(each.start.lags, each.trained.lags) for each in found)
    flows = [(each.start.relative(), each.trained.relative()) for each in found]

    def draw() -> MplFigure:
        figure = canvas.new_figure((canvas.WIDTH, canvas.TOP + canvas.PLOT_HEIGHT + bottom))
        axes = canvas.plot_area(figure, bottom=bottom)
        scales.mark_x(axes, 0.0, lags * 1.02, whole=True)
        low, high = _powers([row[1] for both in flows for row in both])
        axes.set_ylim(low, high)
        step = max(1, math.ceil((high - low) / 7))
        places = [power for power in range(low, high + 1) if power % step == 0]
        scales.name_y(axes, places, [_power(power) for power in places])
        level = math.log10(VANISHED)
        axes.add_line(Line2D([0.0, lags * 1.02], [level, level], color=SOFT, linewidth=0.9, linestyle=(0, (2, 2))))
        for number, (start, trained) in enumerate(flows):
            outline = _outline(trained, low, high)
            band = PolyCollection([outline], facecolors=colour(number), alpha=0.14, linewidths=0, zorder=1.5)
            axes.add_collection(band, autolim=False)
            for shares, style, width in ((start, _START, 1.2), (trained, _TRAINED, 1.7)):
                line = Line2D(range(shares.shape[1]), _logs(shares[1]), color=colour(number), linestyle=style)
                line.set(linewidth=width, marker=marker(number), markersize=3.2)
                line.set_markevery(max(1, shares.shape[1] // 8))
                axes.add_line(line)
        canvas.axis_titles(axes, "lag k, steps", "gradient at lag k ÷ at lag 0 (solid: trained, dashed: start)")
        canvas.key(figure, list(zip(labels, range(len(labels)), strict=True)), lines=False)
        return figure

    caption = (
        "Norm of the gradient of the loss to the embedded input k steps back, divided by that at lag 0: the median "
        "over examples and, after training, the quartiles. Dotted: 1e-3."
    )
    return Figure(name, caption, _in_words(found, labels), draw)


def run_labels(found: Sequence[ExplainedGradients]) -> list[str]:
    """What tells the runs apart, as short as it can be: the model, else with task, seed or key."""
    ways = (
        lambda each: each.model,
        lambda each: f"{each.model}, {each.task}",
        lambda each: f"{each.model}, seed {each.seed}",
        lambda each: f"{each.model} {each.key[:8]}",
    )
    named = [[way(each) for each in found] for way in ways]
    return next((names for names in named if len(set(names)) == len(names)), named[-1])


def lag_in_words(lag: int | None, lags: int) -> str:
    """ "17", or "not within 99"."""
    return f"not within {lags}" if lag is None else str(lag)


def _in_words(found: Sequence[ExplainedGradients], labels: Sequence[str]) -> str:
    parts = [
        f"{label(text)}: at the start {lag_in_words(each.start.vanishes_at(), each.start.lags)}, trained "
        f"{lag_in_words(each.trained.vanishes_at(), each.trained.lags)}"
        for text, each in zip(labels, found, strict=True)
    ]
    return f"Line chart of gradient norms against the lag. Lag from which less than 1e-3 is left: {'; '.join(parts)}."


def _logs(shares: np.ndarray) -> np.ndarray:
    """log10; NaN where a share is zero or not finite."""
    return np.log10(np.where((shares > 0) & np.isfinite(shares), shares, np.nan))


def _powers(medians: Sequence[np.ndarray]) -> tuple[int, int]:
    """Limits of the axis, powers of ten: all medians as far as they can be drawn, and the level of vanishing."""
    logs = scales.finite(np.concatenate([_logs(row) for row in medians]))
    low = min(float(logs.min(initial=0.0)), math.log10(VANISHED) - 1)
    return max(_LOWEST, math.floor(low)), min(_HIGHEST, math.ceil(float(logs.max(initial=0.0)) + 0.1))


def _outline(shares: np.ndarray, low: int, high: int) -> np.ndarray:
    """(2n, 2): around the quartiles, cut at the axis' limits."""
    bounds = np.log10(np.clip(np.nan_to_num(shares[[0, 2]], nan=10.0**low, posinf=10.0**high), 10.0**low, 10.0**high))
    lags = np.arange(shares.shape[1])
    return np.column_stack([np.concatenate([lags, lags[::-1]]), np.concatenate([bounds[0], bounds[1][::-1]])])


def _power(power: int) -> str:
    return {0: "1", -1: "0.1", 1: "10"}.get(power, f"1e{power}".replace("-", "\u2212"))
