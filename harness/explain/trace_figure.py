"""Figures of what a model shows on one example: gates and states over time, attention, saturation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from matplotlib.figure import Figure as MplFigure
from matplotlib.lines import Line2D

from harness.explain.heat import SHARES, WIDTH, Strip, columns_for, heat, legible, name_steps, signed, stacked
from harness.explain.saturation import CLOSED, OPEN, Saturation
from harness.explain.traces import FEATURES, ModelExplanation, Trace, aligned
from harness.report.figures import canvas, scales
from harness.report.figures.drawing import Figure
from harness.report.figures.style import RULE, SMALL, colour, label, marker

_MOST_HEADS = 8
_MANY = 400  # cells of a large map
_FEW, _TINY = 16, 7.5  # words beside a small map, and their size in points
_CELL = 0.45  # inches, of a map's cell at most
_ORDER = ("input_gate", "forget_gate", "output_gate", "reset_gate", "update_gate", "cell_state")


def trace_figures(shown: ModelExplanation, words: Sequence[str] | None) -> list[Figure]:
    """One figure a layer with its gates and states, and one of the features; words: one a step of the input."""
    layers: dict[str, list[Trace]] = {}
    for trace in shown.traces:
        layers.setdefault(trace.name.rpartition(".")[0], []).append(trace)
    return [_layer(name, sorted(traces, key=_place), words) for name, traces in layers.items()]


def _place(trace: Trace) -> int:
    last = trace.name.rpartition(".")[2]
    return _ORDER.index(last) if last in _ORDER else len(_ORDER)


def _layer(name: str, traces: Sequence[Trace], words: Sequence[str] | None) -> Figure:
    titles = [_title(trace) for trace in traces]
    where = f"of {name.replace('_', ' ').replace('.', ', ')} " if name else ""
    caption = f"{', '.join(titles)} {where}over time, a row for each unit.".capitalize()
    means = "; ".join(f"{title}: mean {t.values.mean():.2f}" for title, t in zip(titles, traces, strict=True))
    return Figure(
        _file(f"traces-{name}" if name else "traces-features" if traces[0].name == FEATURES else "traces"),
        caption,
        f"Heat maps over {len(traces[0].values)} steps. {means}.",
        lambda: stacked([_strip(trace) for trace in traces], words),
    )


def _strip(trace: Trace) -> Strip:
    if trace.kind == "gate":
        return Strip(_title(trace), trace.values.T, 0.0, 1.0, SHARES)
    return signed(_title(trace), trace.values.T)


def _title(trace: Trace) -> str:
    return trace.name.rpartition(".")[2].replace("_", " ")


def input_figure(values: np.ndarray) -> Figure:
    """Frames (T, F) as they are given to the model: a spectrogram, or the variables of a series."""
    return Figure(
        "input",
        "The input as the model is given it, a row for each of its numbers.",
        f"Heat map of {values.shape[1]} numbers over {len(values)} steps.",
        lambda: stacked([signed("input", values.T)], None, rows="number"),
    )


def film_figure(frames: np.ndarray) -> Figure:
    """Up to ten frames (T, C, Y, X), evenly spaced; each is spread from its film's darkest to its brightest value."""
    places = np.unique(np.linspace(0, len(frames) - 1, min(10, len(frames))).round().astype(int))
    low, high = float(frames.min()), float(frames.max())
    pictures = np.clip((frames[places] - low) / ((high - low) or 1.0), 0, 1).transpose(0, 2, 3, 1)  # (n, Y, X, C)
    pictures = pictures[..., :3] if pictures.shape[-1] >= 3 else pictures[..., :1].repeat(3, -1)

    def draw() -> MplFigure:
        each = (WIDTH - 0.2) / len(places)
        figure = canvas.new_figure((WIDTH, each + 0.4))
        for number, picture in enumerate(pictures):
            axes = figure.add_axes(((0.1 + number * each) / WIDTH, 0.33 / (each + 0.4), 0.94 * each / WIDTH,
                                    0.94 * each / (each + 0.4)))  # fmt: skip
            axes.imshow(picture, interpolation="nearest")
            axes.set_axis_off()
            middle = (0.1 + (number + 0.47) * each) / WIDTH
            figure.text(middle, 0.12 / (each + 0.4), str(places[number]), ha="center", size=SMALL)
        return figure

    return Figure("input", "Frames of the input, by their numbers.", f"{len(places)} of {len(frames)} frames.", draw)


def weight_figures(shown: ModelExplanation, words: Sequence[str] | None) -> list[Figure]:
    """A row of colours for what is one number a step, such as the attention that forms the summary."""
    made = []
    for name, values in shown.weights.items():
        strip = Strip(name.replace("_", " "), values[None], 0.0, float(values.max()) or 1.0, SHARES, height=0.35)
        strip = strip if values.min() >= 0 else signed(strip.title, values[None])
        best = int(values.argmax())
        most = f"step {best}" + (f" ({words[best]})" if words is not None and len(words) == len(values) else "")
        caption = f"{strip.title.capitalize()} of each step. The largest is that of {most}."
        made.append(Figure(_file(name), caption, f"One row of colours; the largest, {values[best]:.2f}, at {most}.",
                           partial(stacked, [strip], words, "")))  # fmt: skip
    return made


def attention_figures(
    shown: ModelExplanation, words: Sequence[str] | None, written: Sequence[str] | None
) -> list[Figure]:
    """One figure for each map: a large one, or a small one for each head.

    Args:
        shown: with the maps.
        words: one a step of the input.
        written: one a symbol of the answer.
    """
    made = []
    for found in shown.maps:
        values, decoder = aligned(found), found.name.startswith("decoder.")
        rows = written if decoder else words
        heads = values[:_MOST_HEADS]
        more = f" The first {len(heads)} of {len(values)} heads." if len(values) > len(heads) else ""
        caption = (
            f"Attention of each symbol written (row) to the steps of the input (column).{more}"
            if decoder
            else f"{found.name}: attention of each position (row) to others (column).{more}"
        )
        if found.over == "window":
            caption += f" It sees the latest {found.values.shape[2]} positions."
        if heads.size > _MANY:
            caption += " Colours end at the 99.5 % quantile."
        alt = f"Map of {values.shape[1]} rows and {values.shape[2]} columns. {_most(values.mean(0), rows, words)}"
        made.append(Figure(_file(found.name), caption, alt,
                           partial(_grid, heads, rows, words, decoder)))  # fmt: skip
    return made


def _most(values: np.ndarray, rows: Sequence[str] | None, columns: Sequence[str] | None) -> str:
    """Where the first rows attend to most, in words."""
    named = rows is not None and columns is not None and len(rows) == len(values) and len(columns) == values.shape[1]
    pairs = [(at, int(row.argmax()), float(row.max())) for at, row in enumerate(values)][:12]
    parts = [f"{rows[a] if named and rows else a} to {columns[b] if named and columns else b} ({v:.2f})"
             for a, b, v in pairs]  # fmt: skip
    return f"Most attention: {', '.join(parts)}."


def _grid(heads: np.ndarray, rows: Sequence[str] | None, columns: Sequence[str] | None, decoder: bool) -> MplFigure:
    """Maps (heads, rows, columns); a single one has words on both sides."""
    count, high, wide = heads.shape
    if count == 1:
        return _large(heads[0], rows, columns, decoder)
    down, across = columns_for(count)
    words, names = (legible(side, size) if size <= _FEW else None for side, size in ((columns, wide), (rows, high)))
    left = 0.25 + (max(map(len, names)) * 0.075 if names else 0.0)
    below = 0.3 + (max(map(len, words)) * 0.07 if words else 0.0)
    each = (WIDTH - left - 0.1) / across
    side, step = 0.9 * each, 0.9 * each + 0.3
    height = 0.05 + down * step + below
    figure = canvas.new_figure((WIDTH, height))
    top = _brightest(heads)
    for number, head in enumerate(heads):
        row, column = divmod(number, across)
        x, y = left + column * each, height - 0.05 - (row + 1) * step
        axes = figure.add_axes((x / WIDTH, y / height, side / WIDTH, side / height))
        axes.imshow(head, vmin=0, vmax=top, cmap=SHARES, aspect="auto", interpolation="nearest")
        axes.xaxis.set_visible(False)
        axes.yaxis.set_visible(False)
        figure.text(x / WIDTH, (y + side + 0.06) / height, f"head {number + 1}", size=SMALL)
        for place, word in enumerate(words or ()):
            if row == down - 1:
                middle = (x + (place + 0.5) / wide * side) / WIDTH
                figure.text(middle, (y - 0.05) / height, word, ha="center", va="top", size=_TINY, rotation=90)
        for place, word in enumerate(names or ()):
            if column == 0:
                middle = (y + side - (place + 0.5) / high * side) / height
                figure.text((x - 0.05) / WIDTH, middle, word, ha="right", va="center_baseline", size=_TINY)
    said = "" if words and names else f"rows 0 to {high - 1} downwards, columns 0 to {wide - 1} to the right; "
    figure.text(left / WIDTH, 0.07 / height, f"{said}colours from 0 to {top:.2g}", size=SMALL)
    return figure


def _brightest(values: np.ndarray) -> float:
    """Where the colours end: at the largest value; of a large map at its 99.5 % quantile, lest its first rows, which
    have little to attend to, outshine the others."""
    if values.size > _MANY:
        return float(np.quantile(values, 0.995)) or float(values.max()) or 1.0
    return float(values.max()) or 1.0


def _large(values: np.ndarray, rows: Sequence[str] | None, columns: Sequence[str] | None, decoder: bool) -> MplFigure:
    high, wide = values.shape
    words, names = legible(columns, wide), legible(rows, high)
    left = 0.3 + (max(map(len, names), default=1) * 0.085 if names else 0.4)
    below = 0.35 + (max(map(len, words), default=1) * 0.085 if words else 0.2)
    across = min(_CELL * wide, WIDTH - left - 0.7)
    tall = min(5.6, max(0.3, min(_CELL, across / wide) * high))
    height = tall + below + 0.3
    figure = canvas.new_figure((WIDTH, height))
    axes = canvas.plot_area(figure, left=left, right=WIDTH - left - across, top=0.3, bottom=below)
    heat(axes, Strip("", values[::-1], 0.0, _brightest(values), SHARES))
    for text in list(figure.texts):  # rows are counted from the top here
        if text.get_horizontalalignment() == "right":
            text.remove()
    name_steps(axes, words, wide)
    box = axes.get_position()
    places = range(high) if names else [int(p) for p in scales.marks(0, max(1, high - 1), 8, whole=True) if p < high]
    size = min(SMALL, max(5.5, tall / high * 72 / 1.15))
    for place in places:
        y = box.y1 - (place + 0.5) / high * box.height
        name = names[place] if names else str(place)
        figure.text(box.x0 - 0.06 / WIDTH, y, name, ha="right", va="center_baseline", size=size)
    said = "rows: written; columns: read" if decoder else "rows: the reading position; columns: those it reads"
    figure.text(0.08 / WIDTH, 1 - 0.16 / height, said, size=SMALL)
    return figure


def saturation_figure(found: Sequence[Saturation]) -> Figure:
    """A point for each unit of each gate: how often it is open, against how often it is closed."""
    labels = [each.name.replace("_", " ").replace(".", ", ") for each in found]
    bottom = canvas.BOTTOM + canvas.key_height(labels)

    def draw() -> MplFigure:
        figure = canvas.new_figure((canvas.WIDTH, canvas.TOP + 3.1 + bottom))
        axes = canvas.plot_area(figure, bottom=bottom)
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        places = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
        scales.name_x(axes, places, [f"{100 * place:g} %" for place in places])
        scales.name_y(axes, places, [f"{100 * place:g} %" for place in places])
        axes.add_line(Line2D([0, 1], [1, 0], color=RULE, linewidth=0.9))
        for number, each in enumerate(found):
            points = Line2D(each.closed, each.opened, linestyle="none", marker=marker(number), markersize=4)
            points.set(color=colour(number), alpha=0.65, markeredgewidth=0)
            axes.add_line(points)
        canvas.axis_titles(axes, f"steps with the gate below {CLOSED:g}", f"steps with the gate above {OPEN:g}")
        canvas.key(figure, list(zip(labels, range(len(labels)), strict=True)), lines=False)
        return figure

    words = "; ".join(
        f"{label(text)}: {100 * each.closed.mean():.0f} % closed, {100 * each.opened.mean():.0f} % open"
        for text, each in zip(labels, found, strict=True)
    )
    caption = "Saturation of gates, a point for each unit. On the line a unit is always either closed or open."
    return Figure("saturation", caption, f"Scatter chart of units. On average {words}.", draw)


def _file(name: str) -> str:
    """The name of a figure's files, from a name that any model may have given."""
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in name).strip("-")
    return kept or "unnamed"
