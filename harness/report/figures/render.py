"""Rendering of a drawing to SVG and PNG, and the copy of the SVG that is embedded in a page."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as MplFigure
from PIL import Image

from harness.report.figures.style import INK, PALETTE, RULE, SOFT

PNG_DPI = 144
_COLOURS = 96  # of the PNG palette; antialiased edges of eight series need about this many
_PAPER = "paper"  # id of the figure's background, which the page's copy does without
_OF_THE_PAGE = {
    "#ffffff": "var(--paper)",
    INK: "var(--ink)",
    SOFT: "var(--soft)",
    RULE: "var(--rule)",
    **{shade: f"var(--series-{number})" for number, shade in enumerate(PALETTE)},
}
"""The style sheet's variable for each colour."""


class Rendered(NamedTuple):
    """A drawing as the text of an SVG file, as the copy of it that is embedded in a page, and as a PNG file."""

    svg: str
    inline: str
    png: bytes


def render(figure: MplFigure) -> Rendered:
    """Draw the figure once as SVG and once as PNG; a layout engine runs once for both."""
    text, picture = io.StringIO(), io.BytesIO()
    figure.patch.set_gid(_PAPER)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the page has its own fonts
        if figure.get_layout_engine() is not None:
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        canvas = FigureCanvasAgg(figure)
        figure.dpi = PNG_DPI
        canvas.draw()
    pixels = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    if not any(axes.images for axes in figure.axes):  # a heat map has more colours than a palette
        pixels = pixels.quantize(_COLOURS, Image.Quantize.FASTOCTREE)
    pixels.save(picture, "PNG", dpi=(PNG_DPI, PNG_DPI))
    root = _without_namespaces(text.getvalue())
    file = '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
    return Rendered(file, _inline(root), picture.getvalue())


def _without_namespaces(svg: str) -> ElementTree.Element:
    """The SVG's tree with plain names, coordinates rounded to a hundredth of a point, and no white space between tags:
    half the size."""
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
        for name in {"d", "x", "y", "width", "height", "transform", "style"} & element.attrib.keys():
            element.set(name, " ".join(map(_rounded, element.attrib[name].split())))
        if element.tag != "text":
            element.text = (element.text or "").strip() or None
        element.tail = None
    root.set("xmlns", "http://www.w3.org/2000/svg")
    return root


def _rounded(word: str) -> str:
    """A word of an attribute; of "translate(12.3456" only the number is rounded, names and colours are kept."""
    before, bracket, number = word.rpartition("(")
    end = number[len(number.rstrip(");")) :]
    try:
        value = round(float(number.removesuffix(end)), 2)
    except ValueError:
        return word
    return f"{before}{bracket}{value:g}{end}" if abs(value) < 1e5 else word


def _inline(root: ElementTree.Element) -> str:
    """The SVG for embedding, with the page's colours and font; changes the tree.

    The ids that remain, those of markers and clipping paths, are hashes salted with the figure's name (`style`).
    """
    del root.attrib["xmlns"], root.attrib["version"], root.attrib["width"], root.attrib["height"]
    root.attrib = {"aria-hidden": "true", "focusable": "false", **root.attrib}
    for element in list(root.iter()):
        for child in list(element):
            if child.get("id") == _PAPER or child.tag in ("metadata", "style"):
                element.remove(child)
        if element.tag == "g":
            element.attrib.pop("id", None)
        if "style" in element.attrib:
            element.set("style", "; ".join(_declarations(element.attrib["style"])))
    return ElementTree.tostring(root, encoding="unicode")


def _declarations(style: str) -> Iterator[str]:
    """The declarations of a style attribute, with the page's colours and font."""
    for declaration in style.split("; "):
        name, _, value = declaration.partition(": ")
        yield f"{name}: {'inherit' if name == 'font-family' else _OF_THE_PAGE.get(value, value)}"
