"""Quality against cost: training time, parameters, and the models not beaten in both.

The front is the Pareto front: a model is on it if no other is at least as good and as cheap, and better in one of the
two. It compares means over seeds; the panel says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.contract.hookspecs import hookimpl
from harness.report import formatting as fmt
from harness.report import guards, results
from harness.report.figures import Figure, time_unit
from harness.report.figures.scatter import Level, Point, near, pareto_front, scatter
from harness.report.load import Entry
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.statistics import Summary, summarise
from harness.report.tables import Column, Table, TableCell, TableRow

_SAME_TIME, _SAME_SIZE = 1.1, 1.02
"""Ratio of largest to smallest cost up to which costs count as equal: a budget in seconds, matched parameters."""


@dataclass(frozen=True)
class _Model:
    """One entry: quality and costs over its seeds, and how many of its runs were contended.

    Attributes:
        parameters: all weights, also those that are not trained: size is what a model needs, not what it learns.
        fixed: how many of these are not trained.
    """

    label: str
    quality: Summary
    seconds: Summary
    parameters: float
    fixed: float
    contended: int
    seeds: int


@dataclass(frozen=True)
class _Axis:
    """A cost: its words, its mean and half width of a model, and what these are divided by when drawn."""

    key: str
    title: str
    cheaper: str
    as_cheap: str
    mean: Callable[[_Model], float]
    half_width: Callable[[_Model], float | None]
    divisor: float = 1.0


def panels(context: PanelContext) -> list[Panel]:
    """Quality against training time and against parameters; empty with fewer than two models.

    A cost in which the models do not differ (a budget in seconds, matched parameters) is not drawn, and the text says
    why. Points of models with contended runs are hollow.
    """
    comparison, name, colours = context.comparison, context.name, context.colours
    models = [m for m in map(_model, comparison.entries) if m is not None]
    if len(models) < 2:
        return []
    scale = results.primary_of(comparison)
    levels = [
        Level(e.label, mean) for e in comparison.baselines if math.isfinite(mean := results.primary_summary(e).mean)
    ]
    panel = Panel(name, "Quality against cost", place=50)
    backends = guards.backend_sentence(comparison)
    timed = (comparison.conditions.budget or "").startswith("seconds")
    fronts: dict[str, list[str]] = {}
    for axis in (_time_axis(models), _SIZE):
        front = _front(models, axis, scale.higher_is_better)
        drawn, why = _worth_drawing(models, axis, timed=timed)
        if not drawn:
            panel.text.append(why)
            continue
        fronts[axis.key] = front
        panel.text.append(_in_words(models, axis, front, scale))
        hollow = axis.key == "time" or timed  # with a budget in seconds a run learns less on a busy machine
        figure = _figure(models, levels, axis, front, scale, f"{name}-by-{axis.key}", colours, hollow=hollow)
        if axis.key == "time" and backends:
            figure = replace(figure, caption=f"{figure.caption} {backends}")
        panel.figures.append(figure)
    if any(fronts.values()) and any(m.quality.half_width for m in models):
        panel.text.append("Means over seeds are compared: where intervals overlap, other seeds may give another order.")
    busy = sum(m.contended for m in models)
    if busy:
        runs = fmt.plural(busy, "run shared its", "runs shared their")
        panel.text.append(
            f"{runs} machine with other work (contended): their times are too long by an unknown amount. "
            "Models with such a run are drawn hollow."
        )
    panel.tables.append(_table(models, levels, fronts, scale, f"{name}-table", backends))
    return [panel]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"cost": panels}


def _model(entry: Entry) -> _Model | None:
    """None without a finite mean."""
    quality = results.primary_summary(entry)
    summaries = [r.summary for r in entry.finished if r.summary]
    if not summaries or not math.isfinite(quality.mean):
        return None
    return _Model(
        label=entry.label,
        quality=quality,
        seconds=summarise([s.train_s for s in summaries]),
        parameters=max(s.parameters for s in summaries),
        fixed=max(s.fixed_parameters for s in summaries),
        contended=sum(bool(s.machine.get("contended")) for s in summaries),
        seeds=len(summaries),
    )


_SIZE = _Axis("parameters", "parameters", "smaller", "no larger than", lambda m: m.parameters, lambda m: None)


def _time_axis(models: Sequence[_Model]) -> _Axis:
    divisor, unit = time_unit([m.seconds.mean for m in models])
    return _Axis(
        "time",
        f"training time, {unit}",
        "faster to train",
        "takes no longer than",
        lambda m: m.seconds.mean,
        lambda m: m.seconds.half_width,
        divisor,
    )


def _worth_drawing(models: Sequence[_Model], axis: _Axis, *, timed: bool) -> tuple[bool, str]:
    """Whether the models differ in a cost, and if not, a sentence that says why."""
    costs = [c for m in models if math.isfinite(c := axis.mean(m))]
    if len(costs) < 2 or min(costs) <= 0:
        return len(costs) > 1, "" if len(costs) > 1 else f"Too few models have a known {axis.title}."
    ratio = max(costs) / min(costs)
    if axis.key == "time" and timed and ratio < _SAME_TIME:
        return False, (
            "The budget is a time, so every model trained equally long: quality against training time says nothing "
            "here and is not drawn."
        )
    if axis.key == "parameters" and ratio <= _SAME_SIZE:
        return False, (
            f"The models have the same number of parameters, {fmt.count(min(costs))}, within 2 %: quality against "
            "parameters is not drawn."
        )
    return True, ""


def _front(models: Sequence[_Model], axis: _Axis, higher_is_better: bool | None) -> list[str]:
    """Labels on the front, cheapest first; empty if no direction is declared."""
    if higher_is_better is None:
        return []
    points = [Point(m.label, 0, axis.mean(m), m.quality.mean) for m in models]
    return [p.text for p in pareto_front(points, higher_is_better=higher_is_better)]


def _in_words(models: Sequence[_Model], axis: _Axis, front: Sequence[str], scale: results.Scale) -> str:
    if not front:
        return f"{scale.title} has no declared direction, so no model can be called better for its {axis.key}."
    beaten = [m.label for m in models if m.label not in front]
    words = f"Nothing is both better and {axis.cheaper} than {_and(front)}."
    if beaten:
        words += f" Another model is at least as good as, and {axis.as_cheap}, {_and(beaten)}."
    return words


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _figure(
    models: Sequence[_Model],
    levels: Sequence[Level],
    axis: _Axis,
    front: Sequence[str],
    scale: results.Scale,
    name: str,
    colours: Mapping[str, int],
    *,
    hollow: bool,
) -> Figure:
    points = [
        Point(
            m.label,
            colours[m.label],
            axis.mean(m) / axis.divisor,
            m.quality.mean,
            half / axis.divisor if (half := axis.half_width(m)) is not None else None,
            m.quality.half_width,
            hollow=hollow and m.contended > 0,
        )
        for m in models
    ]
    by_label = {p.text: p for p in points}
    digits = fmt.decimals(m.quality.mean for m in models)
    listed = "; ".join(
        f"{m.label}: {_cost_text(m, axis)}, {fmt.with_interval(m.quality.mean, m.quality.half_width, digits)}"
        for m in sorted(models, key=axis.mean)
    )
    ends = f" On the front, not beaten in both: {_and(front)}." if front else ""
    drawn = near(points, levels)
    if levels:
        ends += f" Baselines: {'; '.join(f'{v.text}: {fmt.fixed(v.y, digits)}' for v in levels)}."
    direction = {True: " (higher is better)", False: " (lower is better)", None: ""}[scale.higher_is_better]
    unit = scale.note.removesuffix(scale.arrow).strip()
    words = f"{scale.title}{f', {unit}' if unit else ''}{direction}"
    against = axis.title.split(",")[0]
    intervals = any(p.y_half is not None for p in points)
    caption = f"{scale.title} against {against}"
    caption += ", means over seeds; bars: 95 % intervals, cut at the edge" if intervals else ""
    caption += "; broken line: the front, better and cheaper towards " if len(front) > 1 else ""
    caption += ("the upper left" if scale.higher_is_better else "the lower left") if len(front) > 1 else ""
    caption += "; dotted: baselines, which are not trained and so have no position on the axis" if drawn else ""
    caption += "; hollow: contended." if any(p.hollow for p in points) else "."
    beyond = [f"{v.text} ({fmt.fixed(v.y, digits)})" for v in levels if v not in drawn]
    if beyond:
        caption += f" Outside the drawn range: {_and(beyond)}."
    return scatter(
        name,
        points,
        [by_label[text] for text in front],
        drawn,
        titles=(axis.title, words),
        caption=caption,
        alt=f"Scatter plot of {scale.title}{direction} against {against}. From the cheapest: {listed}.{ends}",
    )


def _cost_text(model: _Model, axis: _Axis) -> str:
    if axis.key == "time":
        return fmt.duration(model.seconds.mean)
    return f"{fmt.weights(model.parameters, model.fixed)} parameters"


def _table(
    models: Sequence[_Model],
    levels: Sequence[Level],
    fronts: Mapping[str, Sequence[str]],
    scale: results.Scale,
    name: str,
    backends: str,
) -> Table:
    """The figures' data as numbers, with a note if backends differ."""
    titles = {"time": "unbeaten for its time", "parameters": "unbeaten for its size"}
    columns = [
        Column(scale.title, scale.note, has_interval=True),
        Column("training time", "without validation", has_interval=True),
        Column("parameters"),
        *(Column(titles[key], numeric=False) for key in fronts),
        Column("contended runs"),
    ]
    table = Table(name, "Quality and cost, means over seeds", "Model", columns)
    digits = fmt.decimals(m.quality.mean for m in models)
    for m in models:
        half = m.seconds.half_width
        time = fmt.duration(m.seconds.mean) + (f" ± {fmt.duration(half)}" if half is not None else "")
        cells = [
            results.mean_cell(m.quality, digits),
            TableCell(
                time,
                m.seconds.mean if math.isfinite(m.seconds.mean) else None,
                half,
                footnote=table.footnote(backends) if backends else 0,
            ),
            TableCell(fmt.weights(m.parameters, m.fixed), m.parameters),
            *(TableCell("yes" if m.label in front else "no") for front in fronts.values()),
            TableCell(f"{m.contended} of {m.seeds}", m.contended),
        ]
        table.rows.append(TableRow(TableCell(m.label), cells))
    for level in levels:
        nothing = [TableCell("–", hidden="a baseline is not trained", mark="quiet") for _ in columns[1:]]
        quality = TableCell(fmt.fixed(level.y, digits), level.y)
        table.rows.append(TableRow(TableCell(level.text), [quality, *nothing], results.BASELINES, "baseline"))
    return table
