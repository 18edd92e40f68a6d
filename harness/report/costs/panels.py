"""Quality against each cost in which the models differ: figures, sentences about the front, and the table of costs."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from harness.contract.hookspecs import hookimpl
from harness.report import formatting as fmt
from harness.report import guards, results
from harness.report.costs.cells import cost_cell, latency_cell, target_table, time_cell
from harness.report.costs.entry import TIMES, costs_of
from harness.report.costs.front import AXES, CostAxis, Front, PricedModel, front
from harness.report.costs.pictures import Look, picture
from harness.report.figures.scatter import Level
from harness.report.load import Comparison
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.standing import Judgement
from harness.report.standing.recommend import beaten_by
from harness.report.tables import Column, Table, TableCell, TableRow


def panels(context: PanelContext) -> list[Panel]:
    """Quality against training time, parameters, latency and memory; empty with fewer than two models.

    A cost in which the models do not differ (a budget in seconds, matched parameters) is not drawn. Models whose times
    are all contended are drawn hollow and not ranked.
    """
    comparison, name, colours = context.comparison, context.name, context.colours
    models = _models(comparison)
    if len(models) < 2:
        return []
    scale = results.primary_of(comparison)
    means = [(e.label, results.primary_summary(e).mean) for e in comparison.baselines]
    levels = [Level(label, mean) for label, mean in means if math.isfinite(mean)]
    panel = Panel(name, "Quality against cost", place=50)
    backends = guards.backend_sentence(comparison)
    timed = (comparison.conditions.budget or "").startswith("seconds")
    better = _better(context.judgement, models)
    fronts: dict[str, Front] = {}
    for axis in AXES:
        found = front(models, axis, better)
        why = _not_drawn(models, axis, timed=timed)
        if why is not None:
            panel.text += [why] if why else []
            continue
        fronts[axis.title] = found
        panel.text.append(_in_words(axis, found, scale, models))
        look = Look(scale, colours, hollow=axis.name in TIMES or timed)
        figure = picture(f"{name}-by-{axis.key}", models, levels, axis, found, look)
        if axis.name in TIMES and backends:
            figure = replace(figure, caption=f"{figure.caption} {backends}")
        panel.figures.append(figure)
    if fronts and scale.higher_is_better is not None:
        panel.text.append(_what_beaten_means(better))
    busy = sum(m.costs.contended for m in models)
    if busy:
        runs = fmt.plural(busy, "run shared its", "runs shared their")
        panel.text.append(
            f"{runs} machine with other work (contended): their times are too long by an unknown amount and are left "
            "out. Models with no other run are drawn hollow and not ranked by time."
        )
    panel.tables.append(_table(comparison, models, levels, fronts, f"{name}-table"))
    targets = target_table(comparison, costs_of(comparison), f"{name}-targets")
    panel.tables += [targets] if targets else []
    return [panel]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"cost": panels}


def _models(comparison: Comparison) -> list[PricedModel]:
    """The models with a finite mean."""
    costs = costs_of(comparison)
    found = [PricedModel(results.primary_summary(e), costs[e.label]) for e in comparison.entries if e.label in costs]
    return [m for m in found if math.isfinite(m.quality.mean)]


def _not_drawn(models: Sequence[PricedModel], axis: CostAxis, *, timed: bool) -> str | None:
    """None if the models differ in a cost; otherwise why it is not drawn, empty if that needs no word."""
    costs = [getattr(m.costs, axis.name) for m in models]
    known = [c.mean for c in costs if c is not None and math.isfinite(c.mean) and c.mean > 0]
    if len(known) < 2:
        return f"Too few models have a known {axis.title}." if axis.key in ("time", "parameters") else ""
    alike = max(known) <= axis.same * min(known)
    if axis.key == "time" and timed and alike:
        return (
            "The budget is a time, so every model trained equally long: quality against training time says nothing "
            "here and is not drawn."
        )
    if axis.key == "time" or not alike:
        return None
    if axis.key == "parameters":
        return (
            f"The models have the same number of parameters, {fmt.count(min(known))}, within 2 %: quality against "
            "parameters is not drawn."
        )
    return f"The models differ by less than 10 % in {axis.title}, which is not drawn."


def _better(judgement: Judgement, models: Sequence[PricedModel]) -> dict[str, set[str]]:
    """By label, the models that each stable one is shown to be better than; none without a declared direction."""
    unstable = {c.label for c in judgement.unstable}
    directed = judgement.scale.higher_is_better is not None
    return {m.label: beaten_by(judgement, m.label) if directed else set() for m in models if m.label not in unstable}


def _in_words(axis: CostAxis, found: Front, scale: results.Scale, models: Sequence[PricedModel]) -> str:
    if scale.higher_is_better is None:
        return f"{scale.title} has no declared direction, so no model can be called better for its {axis.title}."
    words = ""
    if found.beaten:
        pairs = _and([f"{loser} (by {winner})" for loser, winner in found.beaten.items()])
        words = f"Beaten for {axis.title}, by a better model that is {axis.cheaper}: {pairs}."
    elif found.members:
        words = f"For {axis.title}, no model is beaten: none is both better beyond noise and {axis.cheaper}."
    of = {m.label: m.costs for m in models}
    reasons: dict[str, list[str]] = {}
    for label in found.unranked:
        if getattr(of[label], axis.name) is None:
            why = "not measured"
        else:
            why = "unstable" if of[label].comparable(axis.name) is not None else "all runs contended"
        reasons.setdefault(why, []).append(label)
    if reasons:
        told = "; ".join(f"{_and(labels)} ({why})" for why, labels in reasons.items())
        words += f" Not ranked by {axis.title}: {told}."
    return words.strip()


def _what_beaten_means(better: Mapping[str, Collection[str]]) -> str:
    if not any(better.values()):
        return "No model is shown to be better than another, so none is called beaten at any cost."
    return (
        "A model is beaten if another is shown to be better and costs less, and the 95 % intervals of the two costs do "
        "not overlap."
    )


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _table(
    comparison: Comparison,
    models: Sequence[PricedModel],
    levels: Sequence[Level],
    fronts: Mapping[str, Front],
    name: str,
) -> Table:
    """Quality and all costs as numbers, and by which costs each model is beaten."""
    scale = results.primary_of(comparison)
    batch = max(m.costs.batch for m in models)
    columns = [
        Column(scale.title, scale.note, has_interval=True),
        Column("training time", "without validation", has_interval=True),
        Column("parameters"),
        Column("training memory", has_interval=True),
        Column("inference memory", has_interval=True),
        Column("latency", "one example, median", has_interval=True),
        Column("latency of a batch", f"{batch} examples, median" if batch else "median", has_interval=True),
        Column("beaten for", "by", numeric=False),
        Column("contended runs"),
    ]
    table = Table(name, "Quality and cost, means over seeds", "Model", columns)
    digits = fmt.decimals(m.quality.mean for m in models)
    for m in models:
        c = m.costs
        size = int(c.parameters.mean) if c.parameters is not None else 0
        beaten = [f"{title} ({found.beaten[m.label]})" for title, found in fronts.items() if m.label in found.beaten]
        cells = [
            results.mean_cell(m.quality, digits),
            time_cell(table, comparison, c, c.training_s, fmt.SECONDS),
            TableCell(fmt.weights(size, c.fixed), size),
            cost_cell(c.training_memory, fmt.BYTES),
            cost_cell(c.inference_memory, fmt.BYTES),
            latency_cell(table, comparison, c),
            time_cell(table, comparison, c, c.latency_batch_ms, fmt.MILLISECONDS),
            TableCell(", ".join(beaten) or "–", hidden="" if beaten else "not beaten"),
            TableCell(f"{c.contended} of {c.runs}", c.contended),
        ]
        table.rows.append(TableRow(TableCell(m.label), cells))
    for level in levels:
        nothing = [TableCell("–", hidden="a baseline is not trained", mark="quiet") for _ in columns[1:]]
        quality = TableCell(fmt.fixed(level.y, digits), level.y)
        table.rows.append(TableRow(TableCell(level.text), [quality, *nothing], results.BASELINES, "baseline"))
    return table
