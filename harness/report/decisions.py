"""The first page's line on one comparison: what to use, its score, its cost, how sure that is, and the reasons.

The page's script offers other limits; what it needs is embedded as JSON. Without a script the usual limits are a table.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from harness.report import formatting as fmt
from harness.report.cautions import cautions
from harness.report.comparisons import Comparison, Entry
from harness.report.costs import Costs
from harness.report.results import primary_summary
from harness.report.standing import Judgement, sentences, standing_words
from harness.report.standing.recommend import AXES, Recommendation, beaten_by, recommend, usual_limits
from harness.report.standing.words import digits_of, gap_words, unstable_words, value_words
from harness.report.tables import Column, Table, TableCell, TableRow
from harness.report.wording import listed, shown
from harness.terminal import harmless

_COSTS = ("training_s", "parameters", "latency_1_ms", "training_memory", "inference_memory")
_WORDS = {
    "training_s": "to train",
    "parameters": "parameters",
    "latency_1_ms": "an answer",
    "training_memory": "of training memory",
    "inference_memory": "of inference memory",
}


@dataclass(frozen=True)
class Ranked:
    """One model in the order of a comparison.

    Attributes:
        label, score, cost: in words.
        note: its standing, or why it is not considered.
    """

    label: str
    score: str
    cost: str
    note: str


@dataclass(frozen=True)
class Decision:
    """A comparison on the first page.

    Attributes:
        name: id of the line; heading: of the comparison; page: where it is shown in full.
        use: the recommended model, or baseline; None if there is none.
        score, cost: of it, in words.
        standing, tone: how sure that is.
        badges: what kind of data this is, a few words each.
        why: the verdict.
        notes: what limits it, and alternatives, a sentence each.
        cautions: differences between models that may have decided it, a sentence each.
        order: the models, best mean first.
        usual: what to use under the limits that people usually have; None where that changes nothing.
        commands: that run what is missing.
        data: what the script needs.
    """

    name: str
    heading: str
    page: str
    use: str | None
    score: str
    cost: str
    standing: str
    tone: str
    badges: tuple[str, ...]
    why: str
    notes: tuple[str, ...]
    cautions: tuple[str, ...]
    order: tuple[Ranked, ...]
    usual: Table | None
    commands: tuple[str, ...]
    data: Markup = field(repr=False, default=Markup("{}"))


def decision(
    comparison: Comparison, of: Judgement, costs: Mapping[str, Costs], name: str, heading: str, page: str
) -> Decision:
    """Decide one comparison.

    Args:
        comparison: runs under equal conditions.
        of: its judgement.
        costs: of its models by label.
        name, heading, page: of its line.
    """
    entries = {e.label: e for e in [*comparison.entries, *comparison.baselines]}
    found = recommend(of, costs)
    use = found.below or found.model
    standing, tone = standing_words(of)
    first, *rest = sentences(of)
    table = _usual_table(of, costs, entries, f"{name}-limits", heading)
    return Decision(
        name=name,
        heading=heading,
        page=page,
        use=use.removeprefix("baseline:") if use else None,
        score=_score(of, entries[use]) if use else "",
        cost=_cost_words(costs.get(use)) if use else "",
        standing=standing,
        tone=tone,
        badges=_badges(comparison),
        why=first,
        notes=(*rest, *_alternatives(of, found, costs, entries)),
        cautions=tuple(cautions(comparison, of)),
        order=tuple(_ranked(of, costs, entries)),
        usual=table if len(table.rows) > 1 else None,
        commands=of.commands,
        data=_data(of, costs, entries),
    )


def axes_of(costs: Sequence[Mapping[str, Costs]]) -> dict[str, tuple[float, ...]]:
    """The costs that can be limited on the page, each with the usual limits that some model would break."""
    found = {}
    for name, axis in AXES.items():
        known = [max(c.values) for of in costs for one in of.values() if (c := one.comparable(name)) is not None]
        steps = tuple(v for v in axis.usual if known and min(known) <= v < max(known))
        if steps:
            found[name] = steps
    return found


def _badges(comparison: Comparison) -> tuple[str, ...]:
    limit = comparison.conditions.eval_limit
    return (
        *([f"tested on {limit} examples"] if limit is not None else []),
        *(["validation split"] if comparison.conditions.split != "test" else []),
    )


def _score(of: Judgement, entry: Entry) -> str:
    summary = primary_summary(entry)
    return f"{fmt.with_interval(summary.mean, summary.half_width, digits_of(of))} {of.scale.measured}".strip()


def _cost_words(costs: Costs | None) -> str:
    """ "29.8 s to train, 1.23 M parameters, 3.1 ms an answer"."""
    if costs is None:
        return "no training"
    parts = []
    for name in _COSTS[:3]:
        known = getattr(costs, name)
        if known is not None:
            busy = "" if costs.comparable(name) is not None else " on a busy machine"
            parts.append(f"{AXES[name].shown(float(f'{known.mean:.3g}'))} {_WORDS[name]}{busy}")
    return ", ".join(parts)


def _alternatives(
    of: Judgement, found: Recommendation, costs: Mapping[str, Costs], entries: Mapping[str, Entry]
) -> list[str]:
    if found.model is None or found.below is not None:
        return []
    said = []
    if found.cheapest is not None:
        said.append(
            f"Cheapest as good within its interval: {shown(found.cheapest)}, {_cost_words(costs.get(found.cheapest))} "
            f"({_score(of, entries[found.cheapest])})."
        )
    if len(found.within_noise) > 1 or (found.within_noise and found.cheapest is None):
        said.append(f"Within noise of it: {listed(found.within_noise)}.")
    seeds = of.contender(found.model).sample.seeds
    if seeds > 1:
        said.append(f"Its worst of {seeds} seeds: {fmt.fixed(found.worst, digits_of(of))}.")
    baselines = [label for label in of.pairs.order if label not in of.pairs.models]
    if baselines:
        test = of.pairs.between(found.model, baselines[0])
        said.append(
            f"Above the baseline {shown(baselines[0])} ({value_words(of, baselines[0])}) by {gap_words(of, test)}."
        )
    avoid = [f"{shown(c.label)} ({unstable_words(c)})" for c in of.unstable]
    below = [label for label, standing in of.standings.items() if standing == "below_baseline"]
    avoid += [f"{shown(label)} (below a baseline)" for label in below]
    return [*said, *([f"Avoid: {'; '.join(avoid[:4])}."] if avoid else [])]


def _ranked(of: Judgement, costs: Mapping[str, Costs], entries: Mapping[str, Entry]) -> list[Ranked]:
    words = {
        "best": "best",
        "tied": "may be best",
        "worse": "worse",
        "below_baseline": "below a baseline",
        "undecided": "undecided",
    }
    made = []
    rest = [label for label in of.standings if label not in of.pairs.order]
    for label in [*of.pairs.order, *rest]:
        contender = of.contender(label)
        if not contender.is_model:
            made.append(Ranked(label.removeprefix("baseline:"), _score(of, entries[label]), "", "baseline"))
            continue
        note = unstable_words(contender) if contender.unstable else words[of.standings[label]]
        gap = of.gap(label)
        if gap is not None and gap.difference and label in of.pairs.models and of.standings[label] != "best":
            note += f", {gap_words(of, gap)} behind"
        score = _score(of, entries[label]) if entries[label].finished else "no result"
        made.append(Ranked(label, score, _cost_words(costs[label]) if label in costs else "", note))
    return made


def _usual_table(
    of: Judgement, costs: Mapping[str, Costs], entries: Mapping[str, Entry], name: str, heading: str
) -> Table:
    columns = [
        Column("use", numeric=False),
        Column(of.scale.title, of.scale.note, has_interval=True),
        Column("cost", numeric=False),
        Column("how sure", numeric=False),
    ]
    table = Table(name, f"{heading}: what to use under a limit", "Limit", columns, sortable=False)
    for limits in usual_limits(of, costs):
        found = recommend(of, costs, limits)
        if found.model is None:
            continue
        use = found.below or found.model
        summary = primary_summary(entries[use])
        cells = [
            TableCell(use.removeprefix("baseline:"), note="baseline" if found.below else ""),
            TableCell(
                fmt.with_interval(summary.mean, summary.half_width, digits_of(of)), summary.mean, summary.half_width
            ),
            TableCell(_cost_words(costs.get(use))),
            TableCell(_sure(found)),
        ]
        table.rows.append(TableRow(TableCell(limits.words), cells))
    return table


def _sure(found: Recommendation) -> str:
    if found.below:
        return "no model beats it"
    said = (
        "best of those" if found.best else f"within noise: {listed(found.within_noise)}" if found.within_noise else ""
    )
    if found.overall is not None:
        label, better = found.overall
        said += f"; {shown(label)} is {'better' if better else 'not shown to be better'}"
    return said.removeprefix("; ")


def _bare(label: str) -> str:
    """A label as the page shows it: harmless, a baseline by its bare name."""
    return harmless(label.removeprefix("baseline:"))


# -- for the script ----------------------------------------------------------------------------------


def _data(of: Judgement, costs: Mapping[str, Costs], entries: Mapping[str, Entry]) -> Markup:
    models: list[dict[str, Any]] = []
    for label in [*of.pairs.models, *(x for x in of.standings if x not in of.pairs.models)]:
        contender = of.contender(label)
        known = {n: max(c.values) for n in _COSTS if label in costs and (c := costs[label].comparable(n)) is not None}
        out = unstable_words(contender) if contender.unstable else "" if contender.values else "no result"
        models.append(
            {
                "label": _bare(label),
                "score": harmless(_score(of, entries[label])) if entries[label].finished else "",
                "cost": _cost_words(costs.get(label)),
                "costs": known,
                "out": harmless(out),
                "sure": contender.sample.enough and not contender.missing if contender.values else False,
                "beats": sorted(map(_bare, beaten_by(of, label))),
            }
        )
    order = of.pairs.order
    baselines = [
        {"label": _bare(b), "score": harmless(_score(of, entries[b]))} for b in order if b not in of.pairs.models
    ]
    text = json.dumps({"models": models, "baselines": baselines, "order": [*map(_bare, order)]}, ensure_ascii=True)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
