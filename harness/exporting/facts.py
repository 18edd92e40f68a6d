"""What a model card says of a run: from the run's folder, and from the results store where that knows the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.config.settings import RunSettings
from harness.exporting.interval import score_intervals
from harness.inference.folder import of_stored_run
from harness.store import RunView, Store, query
from harness.training.model_card import licences_of


@dataclass(frozen=True)
class CardFacts:
    """A run, for its card.

    Attributes:
        key, task, dataset, model: what ran.
        licences: of the data, as its sources declare them.
        takes: what a source is, in words; empty where raw sources cannot be encoded.
        view: of the store; None where the store here does not know the run, and the card has no scores then.
        intervals: of the test scores, by metric.
        examples: how many were tested.
        seed, budget: of training.
    """

    key: str
    task: str
    dataset: str
    model: str
    licences: tuple[str, ...]
    takes: str
    seed: int
    budget: str
    view: RunView | None = None
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    examples: int = 0

    @property
    def metrics(self) -> dict[str, float]:
        """Scores on the final split, by "split/metric"."""
        if self.view is None or self.view.summary is None:
            return {}
        split = self.view.summary.split
        return {name: value for name, value in self.view.summary.metrics.items() if name.startswith(f"{split}/")}


def facts_of(specs: dict[str, Any], settings: RunSettings, takes: str) -> CardFacts:
    """The facts behind `specs.json` and a run's settings."""
    task = settings.task
    key = str(specs["key"])
    view, rows = of_stored_run(key, _tested) or (None, [])
    dependent = view is not None and view.summary is not None and view.summary.details.get("blocks")
    return CardFacts(
        key=key,
        task=task.name,
        dataset=str(specs.get("dataset", "")),
        model=settings.model.name,
        licences=licences_of(task),
        takes=takes,
        seed=settings.seed,
        budget=str(settings.budget),
        view=view,
        intervals={} if dependent else score_intervals(task.metrics, rows),
        examples=len(rows),
    )


def _tested(store: Store, view: RunView) -> tuple[RunView, list[dict[str, Any]]]:
    """The run, and the statistics of its test examples."""
    return view, [row.statistics for row in query.predictions(store, view.id)]
