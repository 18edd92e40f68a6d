"""Rendering of a drawing to SVG and PNG, and of the SVG to the copy embedded in a page."""

from __future__ import annotations

import io
import re
import warnings

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as MplFigure
from PIL import Image

from harness.report.figures.style import INK, PALETTE, RULE, SOFT

PNG_DPI = 144
_COLOURS = 96  # of the PNG palette; antialiased edges of eight series need about this many
_LONG_FRACTION = re.compile(r"(\.\d\d)\d+")


def render(figure: MplFigure) -> tuple[str, bytes]:
    """The figure as SVG and as PNG, each drawn once; a layout engine runs once for both."""
    text, picture = io.StringIO(), io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the page has its own fonts
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Creator": None})
        canvas = FigureCanvasAgg(figure)
        figure.dpi = PNG_DPI
        canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    pixels.quantize(_COLOURS, Image.Quantize.FASTOCTREE).save(picture, "PNG", dpi=(PNG_DPI, PNG_DPI))
    return _shorter(text.getvalue()), picture.getvalue()


def _shorter(svg: str) -> str:
    """The SVG without comments, and with numbers in tags rounded to a hundredth of a point: a third smaller."""
    bare = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    return re.sub(r"<[^>]*>", lambda tag: _LONG_FRACTION.sub(r"\1", tag[0]), bare)


def inline(svg: str, name: str) -> str:
    """The SVG for embedding: unique ids, the page's colours, no declarations and no addresses."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", body)
    body = re.sub(r'\s(width|height)="[\d.]+pt"', "", body, count=2)
    body = body.replace("xlink:href", "href")
    body = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', body)
    body = body.replace("url(#", f"url(#{name}-").replace('href="#', f'href="#{name}-')
    # The first patch is the figure's white background, the second that of the axes.
    body = re.sub(r'(<path d="[^"]*"\s+style="fill: )#ffffff', r"\1none", body)
    body = body.replace("#ffffff", "var(--paper)")
    for variable, shade in (("ink", INK), ("soft", SOFT), ("rule", RULE)):
        body = body.replace(shade, f"var(--{variable})")
    for number, shade in enumerate(PALETTE):
        body = body.replace(shade, f"var(--series-{number})")
    body = re.sub(r"font-family: [^;\"]*", "font-family: inherit", body)
    return body.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1).strip()
