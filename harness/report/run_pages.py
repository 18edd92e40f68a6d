"""The pages of single runs as data: configuration, how to repeat the run, its course, its outputs.

A run's page is named after the first 12 digits of its key. A key that ran in several environments has one page with a
part for each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.report import guards, overview
from harness.report.load import ReportData
from harness.report.run_lists import page_name
from harness.report.run_parts import Pairs, RunPart, pairs, part_of
from harness.store import Store
from harness.store.checks import in_words
from harness.store.first_samples import first_samples
from harness.store.query import RunView
from harness.store.thinned_curves import thinned_curves

SAMPLES = 5
"""How many samples a run's page shows."""

_LONGEST = 1200  # characters of a sample


@dataclass
class RunPage:
    """The page of a run: what makes up its key, and its parts."""

    file: str
    title: str
    task: str
    facts: Pairs
    command: str
    settings: list[tuple[str, Pairs]]
    identity: Pairs
    parts: list[RunPart]


def compose(store: Store, data: ReportData, machines: Mapping[str, str]) -> list[RunPage]:
    """The pages of all runs; their logs and outputs are read in one go.

    Args:
        machines: the name of every environment in the report, by its hash.
    """
    by_page: dict[str, list[RunView]] = {}
    for run in data.runs:
        by_page.setdefault(page_name(run.key), []).append(run)
    curves = thinned_curves(store, [r.id for r in data.runs if r.environment])
    samples = first_samples(store, [r.id for r in data.runs if r.summary], SAMPLES, _LONGEST)
    fingerprints = {h: pairs(e.fingerprint) for h, e in data.environments.items()}
    pages = []
    for name, runs in by_page.items():
        parts = [
            part_of(r, i, len(runs) > 1, machines, fingerprints, curves.get(r.id, {}), samples.get(r.id, []))
            for i, r in enumerate(runs, 1)
        ]
        pages.append(_page(name, runs[0], parts))
    return pages


def _page(name: str, run: RunView, parts: list[RunPart]) -> RunPage:
    settings: dict[str, Pairs] = {}
    for term, text in pairs(run.config, plain=True):
        group, _, rest = term.partition(".")
        settings.setdefault(group if rest else "run", []).append((rest or group, text))
    facts = [
        ("data set", run.dataset + (" (synthetic: generated, not recorded)" if run.synthetic else "")),
        ("seed", str(run.seed)),
        ("budget", overview.budget_words(run.config.get("budget"))),
        ("sweep", ", ".join(run.sweeps) or run.sweep or "none"),
        ("tuning", guards.tuning_words(run)),
        *([("contracts", in_words(run.contracts))] if run.contracts else []),
        ("key", run.key),
    ]
    return RunPage(
        file=f"{name}.html",
        title=f"{run.model} on {overview.words(run.task)}, seed {run.seed}",
        task=run.task,
        facts=facts,
        command=run.command,
        settings=sorted(settings.items(), key=lambda item: item[0] != "run"),
        identity=pairs(run.identity),
        parts=parts,
    )
