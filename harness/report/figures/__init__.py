"""Figures of the report: SVG for the page (light and dark), and SVG and PNG files.

The page's copy takes its colours from the page's style sheet, so that it follows the reader's light or dark
setting; models differ by dash and marker as well as by colour. A drawing of one's own:

    with style(name):
        figure = new_figure()
        axes = plot_area(figure)
        ...
        return finish(figure, name, caption, alt)
"""

from __future__ import annotations

from harness.report.figures.canvas import axis_titles, key, key_height, new_figure, plot_area
from harness.report.figures.curves import learning_curves
from harness.report.figures.drawing import Figure, drawn_in_background, finish
from harness.report.figures.render import render
from harness.report.figures.scales import time_unit
from harness.report.figures.style import PALETTE, colour, dash, label, marker, style

__all__ = [
    "PALETTE",
    "Figure",
    "axis_titles",
    "colour",
    "dash",
    "drawn_in_background",
    "finish",
    "key",
    "key_height",
    "label",
    "learning_curves",
    "marker",
    "new_figure",
    "plot_area",
    "render",
    "style",
    "time_unit",
]
