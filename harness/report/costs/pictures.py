"""Quality against one cost as a scatter plot, in words too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.report import formatting as fmt
from harness.report.costs.front import CostAxis, Front, PricedModel
from harness.report.figures import Figure, time_unit
from harness.report.figures.scatter import Level, Point, near, pareto_front, scatter
from harness.report.results import Scale
from harness.report.statistics import Summary


@dataclass(frozen=True)
class Look:
    """How models are drawn.

    Attributes:
        scale: of the quality.
        colours: colour number of each label.
        hollow: whether models with contended runs alone are hollow.
    """

    scale: Scale
    colours: Mapping[str, int]
    hollow: bool


def picture(
    name: str, models: Sequence[PricedModel], levels: Sequence[Level], axis: CostAxis, found: Front, look: Look
) -> Figure:
    """The models whose cost is known, the line of the best means, and the baselines."""
    scale = look.scale
    costs = {m.label: cost for m in models if (cost := getattr(m.costs, axis.name)) is not None}
    shown = [m for m in models if m.label in costs]
    divisor, title = _scaled(axis, list(costs.values()))
    points = [_point(m, costs[m.label], divisor, look) for m in shown]
    ranked = [p for p in points if p.text in found.members]
    line = [] if scale.higher_is_better is None else pareto_front(ranked, higher_is_better=scale.higher_is_better)
    digits = fmt.decimals(m.quality.mean for m in models)
    drawn = near(points, levels)
    direction = {True: " (higher is better)", False: " (lower is better)", None: ""}[scale.higher_is_better]
    unit = scale.note.removesuffix(scale.arrow).strip()
    caption = f"{scale.title} against {axis.title}"
    intervals = any(p.y_half is not None for p in points)
    caption += ", means over seeds; bars: 95 % intervals, cut at the edge" if intervals else ""
    if len(line) > 1:
        corner = "upper" if scale.higher_is_better else "lower"
        caption += f"; broken line: the best mean up to that cost, better and cheaper towards the {corner} left"
    caption += "; dotted: baselines, which are not trained and so have no position on the axis" if drawn else ""
    caption += "; hollow: contended, not ranked." if any(p.hollow for p in points) else "."
    beyond = [f"{v.text} ({fmt.fixed(v.y, digits)})" for v in levels if v not in drawn]
    caption += f" Outside the drawn range: {', '.join(beyond)}." if beyond else ""
    listed = "; ".join(
        f"{m.label}: {_in_words(m, axis, costs[m.label])}, "
        f"{fmt.with_interval(m.quality.mean, m.quality.half_width, digits)}"
        for m in sorted(shown, key=lambda m: costs[m.label].mean)
    )
    ends = f" Beaten: {', '.join(found.beaten)}." if found.beaten else ""
    if levels:
        ends += f" Baselines: {'; '.join(f'{v.text}: {fmt.fixed(v.y, digits)}' for v in levels)}."
    return scatter(
        name,
        points,
        line,
        drawn,
        titles=(title, f"{scale.title}{f', {unit}' if unit else ''}{direction}"),
        caption=caption,
        alt=f"Scatter plot of {scale.title}{direction} against {axis.title}. From the cheapest: {listed}.{ends}",
    )


def _point(model: PricedModel, cost: Summary, divisor: float, look: Look) -> Point:
    half = cost.half_width or None
    return Point(
        model.label,
        look.colours[model.label],
        cost.mean / divisor,
        model.quality.mean,
        None if half is None else half / divisor,
        model.quality.half_width,
        hollow=look.hollow and not model.costs.ranked,
    )


def _scaled(axis: CostAxis, costs: Sequence[Summary]) -> tuple[float, str]:
    """What costs are divided by on the axis, and its title with the unit."""
    if axis.key == "time":
        divisor, unit = time_unit([c.mean for c in costs])
        return divisor, f"{axis.title}, {unit}"
    scaled = {"latency": (1.0, "latency of one example, ms"), "memory": (1e6, f"{axis.title}, MB")}
    return scaled.get(axis.key, (1.0, axis.title))


def _in_words(model: PricedModel, axis: CostAxis, cost: Summary) -> str:
    if axis.key == "parameters":
        return f"{fmt.weights(cost.mean, model.costs.fixed)} parameters"
    return fmt.duration(cost.mean) if axis.key == "time" else fmt.measured(cost.mean, None, axis.units)
