"""Learning curves as SVG for the page (light and dark) and as SVG and PNG files.

The page's copy takes its colours from the page's style sheet, so that it follows the reader's light or dark
setting; models differ by dash and marker as well as by colour.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as MplFigure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from harness.report import formatting
from harness.report.statistics import Band
from harness.terminal import one_line

PALETTE = ("#0b62a4", "#c8501b", "#1a8a62", "#9c4a8f", "#8a6a00", "#47479e", "#b3315a", "#4d6b1f")
"""Series colours on white, each at least 4:1 against it; the style sheet names their counterparts on dark."""

_DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
_INK, _RULE = "#1b1f24", "#d5d9de"
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.5,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": _RULE,
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
}


@dataclass(frozen=True)
class Figure:
    """A drawing with its words.

    Attributes:
        name: of its files, and its id on the page.
        caption: under it.
        alt: what it shows, for whoever cannot see it.
        inline: SVG for the page, without requests and with the page's colours.
        svg: the same as a file; png: as a picture.
    """

    name: str
    caption: str
    alt: str
    inline: str
    svg: str
    png: bytes


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
    """Curves of one metric against "steps" or "seconds", a band where there are several seeds.

    Args:
        name: of the figure's files.
        curves: by label.
        colours: the number of each label's colour, the same throughout a report.
        x: "steps" or "seconds" (of training).
        metric, unit, higher_is_better: what is drawn; the direction is shown where it is known.
        caption: under the figure.
    """
    settings: Any = {**_STYLE, "svg.hashsalt": name}  # the stubs list every key as a literal
    with mpl.rc_context(settings):
        figure = MplFigure(figsize=(5.2, 3.7), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for label, band in curves.items():
            _draw(axes, label, band, band.steps if x == "steps" else band.seconds, colours[label])
        arrow = {True: " (higher is better)", False: " (lower is better)", None: ""}[higher_is_better]
        axes.set_ylabel(one_line(f"{metric}{f', {unit}' if unit else ''}{arrow}"))
        axes.set_xlabel("optimizer steps" if x == "steps" else "training seconds")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=x == "steps"))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: formatting.count(v, trim=True)))
        _limit(axes, list(curves.values()), higher_is_better)
        figure.legend(loc="outside lower center", ncols=min(3, len(curves)), handlelength=2.6, columnspacing=1.2)
        svg, png = _render(figure)
    return Figure(name, caption, _describe(curves, metric, unit), inline(svg, name), svg, png)


def _draw(axes: Axes, label: str, band: Band, x: np.ndarray, number: int) -> None:
    colour = PALETTE[number % len(PALETTE)]
    axes.plot(
        x,
        band.mean,
        label=one_line(label),
        color=colour,
        linestyle=_DASHES[number % len(_DASHES)],
        marker=_MARKERS[number % len(_MARKERS)],
        markersize=3.6,
        markevery=max(1, len(x) // 8),
        linewidth=1.7,
    )
    if band.seeds > 1:
        axes.fill_between(x, band.low, band.high, color=colour, alpha=0.16, linewidth=0)


def _limit(axes: Axes, bands: Sequence[Band], higher_is_better: bool | None) -> None:
    """Keep one early outlier from flattening the rest: start where most of the second half of the curves lie."""
    if higher_is_better is not False:
        return
    everything = np.concatenate([b.high for b in bands])
    late = np.concatenate([b.high[len(b.high) // 4 :] for b in bands])
    low, high = float(np.min([b.low.min() for b in bands])), float(late.max())
    if everything.max() > low + 3 * (high - low) > low:
        axes.set_ylim(low - 0.08 * (high - low), high + 0.15 * (high - low))


def _describe(curves: Mapping[str, Band], metric: str, unit: str) -> str:
    """The figure in words: where every curve starts and ends."""
    parts = [
        f"{label}: from {formatting.fixed(float(b.mean[0]), 3)} to {formatting.fixed(float(b.mean[-1]), 3)}"
        for label, b in curves.items()
    ]
    return f"Line chart of {metric}{f' in {unit}' if unit else ''}. " + "; ".join(parts) + "."


def _render(figure: MplFigure) -> tuple[str, bytes]:
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.set_layout_engine("none")  # the picture takes the layout of the drawing, which is half of the time
    figure.savefig(png, format="png", dpi=144, facecolor="white")
    return svg.getvalue(), png.getvalue()


def inline(svg: str, name: str) -> str:
    """The SVG as part of a page: unique ids, the page's colours, no declarations and no addresses."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", body)
    body = re.sub(r'\s(width|height)="[\d.]+pt"', "", body, count=2)
    body = body.replace("xlink:href", "href")
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = body.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    # The first patch is the figure's white ground, the second that of the axes.
    body = re.sub(r'(<path d="[^"]*"\s+style="fill: )#ffffff', r"\1none", body)
    body = body.replace(_INK, "var(--ink)").replace(_RULE, "var(--rule)")
    for number, colour in enumerate(PALETTE):
        body = body.replace(colour, f"var(--series-{number})")
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    return body.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1).strip()
