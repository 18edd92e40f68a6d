"""Learning curves of the models of one comparison on the validation split, over seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from harness.report import figures, guards, results
from harness.report import formatting as fmt
from harness.report.load import Comparison
from harness.report.statistics import Band, band
from harness.store import Store, query

AXES = ("steps", "examples", "seconds")
_AGAINST = {
    "steps": "optimizer steps",
    "examples": "training examples seen",
    "seconds": "training time (validation excluded)",
}


def curves(
    store: Store,
    comparison: Comparison,
    name: str,
    metric: str,
    colours: Mapping[str, int],
    axes: Sequence[str] = AXES,
) -> list[figures.Figure]:
    """A metric on the validation split against each of `axes`; empty if no run logged two points.

    Only runs of one comparison share a figure, so that no two curves differ in budget, data or environment.
    An axis without data in the store is left out.

    Args:
        store: open.
        comparison: runs under equal conditions.
        name: prefix of the names of the figures.
        metric: without its split.
        colours: colour number of each label, the same throughout a report.
        axes: of "steps", "examples" and "seconds".
    """
    bands: dict[str, Band] = {}
    found = query.curves(store, [r.id for r in comparison.finished], f"val/{metric}")
    for entry in comparison.entries:
        joined = band([found.get(r.id, []) for r in entry.finished])
        if joined is not None:
            bands[entry.label] = joined
    if not any(len(b.mean) > 1 for b in bands.values()):
        return []
    scale = results.scale_of(comparison.any_run, metric)
    seeds = max(b.seeds for b in bands.values())
    spread = "; the line is the mean over seeds, the band runs from the lowest to the highest" if seeds > 1 else ""
    busy = sum(bool(r.summary and r.summary.machine.get("contended")) for r in comparison.finished if r.id in found)
    late = f" Contended: {fmt.plural(busy, 'run')}, whose times are too long by an unknown amount." if busy else ""
    late += f" {backends}" if (backends := guards.backend_sentence(comparison)) else ""
    return [
        figures.learning_curves(
            f"{name}-{_slug(metric)}-by-{x}",
            bands,
            colours,
            x=x,
            metric=f"validation {scale.title}",
            unit=scale.note.removesuffix(scale.arrow).strip(),
            higher_is_better=scale.higher_is_better,
            caption=f"Validation {scale.title} against {_AGAINST[x]}{spread}." + (late if x == "seconds" else ""),
        )
        for x in axes
        if all(len(b.examples) for b in bands.values()) or x != "examples"
    ]


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
