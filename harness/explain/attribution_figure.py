"""The figure of attributions: a bar for each step of the input, and under them what shuffled weights would say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.explain.attributions import Attributions
from harness.explain.heat import WIDTH, legible, name_steps, words_height
from harness.report.figures import canvas, scales
from harness.report.figures.drawing import Figure
from harness.report.figures.style import SOFT, TEXT, colour, label

_LEFT, _RIGHT, _HIGH, _TITLE = 0.8, 0.2, 1.1, 0.34


def attribution_figure(found: Attributions, words: Sequence[str] | None) -> Figure:
    """Bars of each method, and of the first with shuffled weights in grey; words: one a step of the input."""
    panels = [(each.method, each.values, True) for each in found.methods]
    first = found.methods[0]
    panels.append((f"{first.method}, weights shuffled", first.example_of_shuffled, False))
    steps = len(first.values)
    shown = legible(words, steps)
    below = words_height(shown) if shown else canvas.BOTTOM
    height = len(panels) * (_HIGH + _TITLE) + below + 0.12

    def draw() -> MplFigure:
        figure, top = canvas.new_figure((WIDTH, height)), 0.06
        for title, values, coloured in panels:
            top += _TITLE
            axes = canvas.plot_area(figure, left=_LEFT, right=_RIGHT, top=top, bottom=height - top - _HIGH)
            axes.set_xlim(-0.5, steps - 0.5)
            axes.xaxis.set_visible(False)
            scales.mark_y(axes, *scales.limits([0.0, *values]), number=4)
            shades = [colour(0 if value > 0 else 1) if coloured else SOFT for value in values]
            bars = [[(t - 0.4, 0), (t + 0.4, 0), (t + 0.4, v), (t - 0.4, v)] for t, v in enumerate(values.tolist())]
            axes.add_collection(PolyCollection(bars, facecolors=shades, linewidths=0), autolim=False)
            axes.add_line(Line2D([-0.5, steps - 0.5], [0, 0], color=SOFT, linewidth=0.8))
            figure.text(_LEFT / WIDTH, 1 - (top - 0.09) / height, label(title, 80), size=TEXT)
            top += _HIGH
        name_steps(axes, shown, steps)
        if shown is None:
            figure.text(0.5, 0.12 / height, "step", size=TEXT, ha="center")
        return figure

    largest = np.argsort(-np.abs(first.values))[:5].tolist()
    named = ", ".join(f"{words[t] if words and len(words) == steps else t} {first.values[t]:+.3g}" for t in largest)
    caption = f"What each step adds to minus {found.of}, in nats where that is a log-probability. Grey: a check."
    return Figure("attributions", caption, f"Bars over {steps} steps. Largest by {first.method}: {named}.", draw)
