"""Every score of one comparison: a dot plot of seeds, means and baselines, and how far each model is from the best."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from harness.contract.hookspecs import hookimpl
from harness.report import formatting as fmt
from harness.report.comparisons import Comparison
from harness.report.figures import Figure, label
from harness.report.figures.dots import DotRow, dot_plot
from harness.report.figures.scatter import Level
from harness.report.panels import Panel, PanelContext, PanelMaker
from harness.report.results import BASELINES, Scale, primary_summary
from harness.report.standing import Contender, Judgement
from harness.report.tables import Column, Table, TableCell, TableRow

MOST_MODELS = 60
"""Maximum number of models in the figure, the best means; the table has all."""


def panels(context: PanelContext) -> list[Panel]:
    """The dot plot and the table of differences; empty if no model has a score."""
    judgement = context.judgement
    rows = _rows(context.comparison, judgement, context.colours)
    if not any(row.values for row in rows):
        return []
    levels = [Level(c.label, c.sample.mean) for c in judgement.contenders if not c.is_model]
    panel = Panel(context.name, "Every seed", place=10)
    panel.figures.append(_figure(rows, levels, judgement.scale, f"{context.name}-dots"))
    table = difference_table(judgement, f"{context.name}-differences")
    panel.tables += [table] if table is not None else []
    return [panel]


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panel of this module."""
    return {"scores": panels}


def _rows(comparison: Comparison, judgement: Judgement, colours: Mapping[str, int]) -> list[DotRow]:
    """Models with an outcome: ranked ones best first, then unstable ones, then those without any value."""
    models = {c.label: c for c in judgement.contenders if c.is_model and (c.outcomes or c.broken)}
    sign = -1.0 if judgement.scale.higher_is_better is not False else 1.0
    unranked = sorted(
        (c for c in models.values() if c.label not in judgement.pairs.models),
        key=lambda c: sign * c.sample.mean if c.values else math.inf,
    )
    entries = {e.label: e for e in comparison.entries}
    found = []
    for one in [*(models[text] for text in judgement.pairs.models), *unranked]:
        summary = primary_summary(entries[one.label])
        averaged = one.ranked  # the other runs of an unstable model do not stand for all of them
        found.append(
            DotRow(
                one.label,
                colours[one.label],
                one.sample.values,
                summary.mean if averaged else math.nan,
                summary.half_width if averaged else None,
                _lost(one),
                len(set(one.missing) - set(one.broken)),
            )
        )
    return found


def _lost(one: Contender) -> tuple[str, ...]:
    words = (("diverged", one.diverged), ("over a limit", one.over_limit), ("failed", one.broken))
    return tuple(word for word, seeds in words for _ in seeds)


def _figure(rows: Sequence[DotRow], levels: Sequence[Level], scale: Scale, name: str) -> Figure:
    drawn = rows[:MOST_MODELS]
    seeds = max(len(row.values) for row in rows)
    caption = "A dot is a seed" + (", the bar under it the mean with its 95 % interval" if seeds > 1 else "")
    caption += f"; dashed: {'a baseline' if len(levels) == 1 else 'baselines'}" if levels else ""
    caption += ". Best mean first."
    if any(row.lost for row in rows):
        caption += " Crosses are seeds without a score."
    if len(drawn) < len(rows):
        caption += f" The {len(drawn)} best of {len(rows)} models are drawn."
    unit = scale.note.removesuffix(scale.arrow).strip()
    direction = {True: " (higher is better)", False: " (lower is better)", None: ""}[scale.higher_is_better]
    title = f"{scale.title}{f', {unit}' if unit else ''}{direction}"
    return dot_plot(name, drawn, levels, title=title, caption=caption, alt=_in_words(rows, levels, title))


def _in_words(rows: Sequence[DotRow], levels: Sequence[Level], title: str) -> str:
    """All numbers of the figure."""
    digits = fmt.decimals([*(v for row in rows for v in row.values), *(level.y for level in levels)])
    said = [f"Dot plot of {title}, best mean first."]
    for row in rows:
        parts = []
        if math.isfinite(row.mean) and len(row.values) > 1:
            parts.append(f"mean {fmt.with_interval(row.mean, row.half_width, digits)}")
        if row.values:
            parts.append(f"seed{'s' * (len(row.values) > 1)} {', '.join(fmt.fixed(v, digits) for v in row.values)}")
        parts += [row.lost_words] if row.lost_words else []
        said.append(f"{label(row.text)}: {'; '.join(parts)}.")
    if levels:
        said.append(f"Baselines: {', '.join(f'{label(one.text)} {fmt.fixed(one.y, digits)}' for one in levels)}.")
    return " ".join(said)


# -- differences -------------------------------------------------------------------------------------


def difference_table(judgement: Judgement, name: str) -> Table | None:
    """How far every ranked contender's mean is from the best model's, in the metric's unit; None without a rival."""
    pairs, scale = judgement.pairs, judgement.scale
    if not pairs.models or len(pairs.order) < 2:
        return None
    best = pairs.models[0]
    digits = fmt.decimals(sample.mean for sample in pairs.samples.values())
    unit = scale.note.removesuffix(scale.arrow).strip() or scale.title
    columns = [Column(scale.title, scale.note), Column("from the best mean", unit, has_interval=True)]
    table = Table(name, f"Difference from {label(best)}, which has the best mean", "Model", columns)
    for text in pairs.order:
        sample, test = pairs.samples[text], judgement.gap(text)
        if test is None:
            away = TableCell("–", hidden="the best mean of the models")
        else:
            difference = test.difference if test.first == text else -test.difference
            away = TableCell(
                fmt.with_interval(difference, test.half_width, digits),
                difference,
                half_width=test.half_width,
                note=test.reason if test.half_width is None else "",
            )
        cells = [TableCell(fmt.fixed(sample.mean, digits), sample.mean), away]
        group, tag = ("", "") if sample.is_model else (BASELINES, "baseline")
        table.rows.append(TableRow(TableCell(text), cells, group, tag))
    return table
