"""Learning curves of the models of one comparison on the validation split, over seeds."""

from __future__ import annotations

from collections.abc import Sequence

from harness.contract.hookspecs import hookimpl
from harness.report import figures, guards, results
from harness.report import formatting as fmt
from harness.report.panels import FigureChoice, Panel, PanelContext, PanelMaker
from harness.report.statistics import Band, band
from harness.store import query

AXES = ("steps", "examples", "seconds")
_SHORT = {"steps": "steps", "examples": "examples", "seconds": "time"}
_LOSS = "Validation loss"
_AGAINST = {
    "steps": "optimizer steps",
    "examples": "training examples seen",
    "seconds": "training time (validation excluded)",
}


def panels(context: PanelContext) -> list[Panel]:
    """The primary metric against each axis, one at a time; the loss too, folded unless it is all there is."""
    name = context.name
    main = curves(context, results.primary_of(context.comparison).name)
    loss = curves(context, "loss", ("steps", "seconds") if main else AXES)
    made = []
    for part, title, drawn, folded in (("main", "Learning curves", main or loss, False), ("loss", _LOSS, loss, True)):
        if drawn and (main or not folded):
            choice = FigureChoice(f"{name}-{part}-axis", "Drawn against", {_SHORT[x]: f for x, f in drawn.items()})
            panel_name = f"{name}-loss" if folded else name
            made.append(Panel(panel_name, title, folded=folded, choices=[choice], place=20))
    return made


@hookimpl
def harness_panels() -> dict[str, PanelMaker]:
    """The panels of this module."""
    return {"curves": panels}


def curves(context: PanelContext, metric: str, axes: Sequence[str] = AXES) -> dict[str, figures.Figure]:
    """A metric on the validation split against each of `axes`, by axis; empty if no run logged two points.

    Only runs of one comparison share a figure, so that no two curves differ in budget, data or environment.
    An axis without data in the store is left out.

    Args:
        context: of the panel.
        metric: without its split.
        axes: of "steps", "examples" and "seconds".
    """
    store, comparison = context.store, context.comparison
    bands: dict[str, Band] = {}
    found = query.curves(store, [r.id for r in comparison.finished], f"val/{metric}")
    for entry in comparison.entries:
        joined = band([found.get(r.id, []) for r in entry.finished])
        if joined is not None:
            bands[entry.label] = joined
    if not any(len(b.mean) > 1 for b in bands.values()):
        return {}
    scale = results.scale_of(comparison.any_run, metric)
    seeds = max(b.seeds for b in bands.values())
    spread = "; the line is the mean over seeds, the band runs from the lowest to the highest" if seeds > 1 else ""
    busy = sum(bool(r.summary and r.summary.machine.get("contended")) for r in comparison.finished if r.id in found)
    late = f" Contended: {fmt.plural(busy, 'run')}, whose times are too long by an unknown amount." if busy else ""
    late += f" {backends}" if (backends := guards.backend_sentence(comparison)) else ""
    return {
        x: figures.learning_curves(
            f"{context.name}-{fmt.slug(metric)}-by-{x}",
            bands,
            context.colours,
            x=x,
            metric=f"validation {scale.title}",
            unit=scale.note.removesuffix(scale.arrow).strip(),
            higher_is_better=scale.higher_is_better,
            caption=f"Validation {scale.title} against {_AGAINST[x]}{spread}." + (late if x == "seconds" else ""),
        )
        for x in axes
        if all(len(b.examples) for b in bands.values()) or x != "examples"
    }
