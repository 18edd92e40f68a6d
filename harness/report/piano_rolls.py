"""What models make of the beginning of a piece, drawn as piano rolls: time to the right, keys upwards."""

from __future__ import annotations

import re
from collections.abc import Sequence

from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure as MplFigure

from harness.contract.hookspecs import hookimpl
from harness.report.figures import Figure, axis_titles, colour, new_figure, plot_area, scales
from harness.report.panels import MOST_CHOICES, FigureChoice, Panel, PanelContext, PanelMaker
from harness.store import query
from harness.store.records import SampleRow

_PITCHES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_KEY = re.compile(r"([A-G])(#?)(-?\d)")
_CONTINUED = " continued"
"""How titles of such samples end (`harness.training.generate.composed`)."""


def panels(context: PanelContext) -> list[Panel]:
    """The first continuation of each model, one shown at a time; only where continuations are of keys."""
    figures: dict[str, Figure] = {}
    title = ""
    for entry in context.comparison.entries:
        if not entry.finished or len(figures) == MOST_CHOICES:
            continue
        for sample in query.samples(context.store, entry.finished[0].id):
            steps = _continuation(sample)
            if steps is not None:
                given, made = steps
                title = sample.title.removesuffix(_CONTINUED)
                name = f"{context.name}-{len(figures) + 1}"
                figures[entry.label] = _figure(name, entry.label, given, made, context.colours[entry.label])
                break
    if not figures:
        return []
    panel = Panel(context.name, "Pieces that the models continue", place=30)
    panel.text = [
        f"Each model is given the beginning of '{title}' (grey) and continues it with keys drawn by their odds. "
        "MIDI files of the continuations are in the folder 'samples' of each run."
    ]
    panel.choices = [FigureChoice(f"{context.name}-models", "Model", figures)]
    return [panel]


def keys(text: str) -> list[list[int]] | None:
    """MIDI numbers of each step of a text as "C4+E4 - G4"; None if it is another text."""
    steps = []
    for step in text.split():
        found = [] if step == "-" else [_KEY.fullmatch(name) for name in step.split("+")]
        if not all(found):
            return None
        steps.append([12 * (int(m[3]) + 1) + _PITCHES[m[1]] + len(m[2]) for m in found if m])
    return steps or None


def _continuation(sample: SampleRow) -> tuple[list[list[int]], list[list[int]]] | None:
    if not sample.title.endswith(_CONTINUED):
        return None
    given, made = keys(sample.source), keys(sample.output)
    return None if given is None or made is None else (given, made)


def _figure(name: str, model: str, given: Sequence[list[int]], made: Sequence[list[int]], number: int) -> Figure:
    steps = [*given, *made]
    used = [key for step in steps for key in step] or [60]

    def draw() -> MplFigure:
        figure = new_figure()
        axes = plot_area(figure)
        scales.mark_x(axes, 0, len(steps), whole=True)
        scales.mark_y(axes, min(used) - 1, max(used) + 2)
        for parts, start, shade in ((given, 0, colour(-1)), (made, len(given), colour(number))):
            boxes = [_box(start + t, key) for t, step in enumerate(parts) for key in step]
            axes.add_collection(PolyCollection(boxes, facecolors=shade, linewidths=0), autolim=False)
        axis_titles(axes, "step", "key (60 is middle C)")
        return figure

    sounding = sum(map(len, made)) / len(made)
    return Figure(
        name,
        f"{model}: {len(given)} steps given, {len(made)} continued.",
        f"{model} continues {len(given)} steps with {len(made)}, {sounding:.1f} keys a step, between "
        f"{min(used)} and {max(used)}.",
        draw,
    )


def _box(step: int, key: int) -> list[tuple[float, float]]:
    return [(step, key), (step + 1, key), (step + 1, key + 0.9), (step, key + 0.9)]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"piano_roll": panels}
