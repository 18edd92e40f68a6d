"""One comparison on its task's page: conditions, tables, panels, outputs and runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report import formatting as fmt
from harness.report import outputs, overview, promises, run_lists, task_tables
from harness.report.contents import Block
from harness.report.load import Comparison
from harness.report.panel_makers import FoundMaker, make_all
from harness.report.panels import PanelContext
from harness.report.standing import Judgement, sentence
from harness.store import Store


def block(
    store: Store,
    comparison: Comparison,
    name: str,
    heading: str,
    machines: Mapping[str, str],
    colours: Mapping[str, int],
    makers: Sequence[FoundMaker],
    judgement: Judgement,
) -> Block:
    """Everything a task's page says about one comparison.

    Args:
        store: open.
        comparison: runs under equal conditions.
        name: prefix of the ids and file names of its parts.
        heading: distinguishes it from the task's other comparisons.
        machines: the name of each environment, by hash.
        colours: colour number of each label, the same throughout a report.
        makers: of the installed panels.
        judgement: of the comparison.
    """
    limit = comparison.conditions.eval_limit
    made = Block(
        name=name,
        heading=heading,
        facts=_facts(comparison, machines),
        notes=_notes(comparison),
        table=task_tables.task_table(
            comparison,
            f"{name}-results",
            f"{heading}: results on the {overview.split_words(comparison.conditions.split)}",
            judgement.leaders,
        ),
        verdict=sentence(judgement),
        synthetic=comparison.synthetic,
        limited=f"Tested on at most {limit} examples, not on the whole test split." if limit is not None else "",
        phases=task_tables.phase_table(comparison, f"{name}-time"),
        details=task_tables.detail_table(comparison, f"{name}-details"),
        examples=outputs.example_tables(store, comparison, f"{name}-outputs"),
        samples=outputs.sample_tables(store, comparison, f"{name}-samples"),
        signatures=_signatures(comparison),
        runs=run_lists.runs_of(comparison, f"{name}-runs"),
        panels=make_all(makers, PanelContext(store, comparison, judgement, name, colours)),
    )
    best = judgement.pairs.models[:1]
    ordered = sorted(comparison.entries, key=lambda e: e.label not in best)
    tables = [outputs.confusion_table(e, f"{name}-confusion-{i}") for i, e in enumerate(ordered, 1)]
    made.confusions = [t for t in tables if t]
    return made


def _facts(comparison: Comparison, machines: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was compared, as pairs of term and text."""
    facts = overview.conditions(comparison.conditions, machines)
    summaries = [r.summary for r in comparison.finished if r.summary]
    details: dict[str, Any] = summaries[0].details if summaries else {}
    sizes = {n: details.get(f"{n}_examples") for n in ("train", "val", "test")}
    shown = []
    for term, text in facts:
        size = {"test examples": sizes["test"], "training examples": sizes["train"]}.get(term)
        counted = _grouped(size) if isinstance(size, int) else ""
        shown.append((term, (counted if text == "all" else f"{counted} ({text})") if counted else text))
    if comparison.synthetic and "kind of data" not in dict(shown):
        shown.insert(1, ("kind of data", "synthetic: generated, not recorded"))
    others = promises.of_others(comparison)
    return [*shown, *([("contracts", others)] if others else [])]


def _notes(comparison: Comparison) -> list[tuple[str, str]]:
    """The task's notes on its data."""
    summary = next((r.summary for r in comparison.finished if r.summary), None)
    notes = summary.details.get("data") if summary else None
    if not isinstance(notes, dict):
        return []
    return [(str(k).replace("_", " "), _grouped(v) if isinstance(v, int) else str(v)) for k, v in notes.items()]


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", fmt.NARROW_SPACE)


def _signatures(comparison: Comparison) -> list[tuple[str, str]]:
    """What every metric means, and its exact variant if its library has several."""
    found = []
    for name, declared in comparison.any_run.units.items():
        text = " ".join(t for t in (declared.get("description"), declared.get("signature")) if t)
        if text:
            found.append((name, text))
    return found
