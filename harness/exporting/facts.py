"""What a model card says of a run: from the run's folder, and from the results store where that knows the run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.config.settings import RunSettings
from harness.errors import UserError
from harness.exporting.interval import score_intervals
from harness.store import RunView, Store, query


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
    licences = tuple(dict.fromkeys(source.licence for source in task.sources() if source.licence))
    view, rows = _stored(str(specs["key"]))
    dependent = view is not None and view.summary is not None and view.summary.details.get("blocks")
    return CardFacts(
        key=str(specs["key"]),
        task=task.name,
        dataset=str(specs.get("dataset", "")),
        model=settings.model.name,
        licences=licences,
        takes=takes,
        seed=settings.seed,
        budget=str(settings.budget),
        view=view,
        intervals={} if dependent else score_intervals(task.metrics, rows),
        examples=len(rows),
    )


def _stored(key: str) -> tuple[RunView | None, list[dict[str, Any]]]:
    """The run in the store of this machine, and the statistics of its test examples."""
    try:
        with Store.open(create=False, read_only=True) as store:
            view = query.run(store, key)
            return view, [row.statistics for row in query.predictions(store, view.id)]
    except UserError:  # no store, or none that knows this run: a folder may have come from elsewhere
        return None, []
