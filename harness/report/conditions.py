"""Conditions: what must be equal for two results to share a table, a cell or a curve."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from harness.store.query import RunView


@dataclass(frozen=True)
class Conditions:
    """What must be equal for results to share a table; None means not known, or no limit.

    Attributes:
        dataset, fingerprint: the data by name, and the digest of its content and preparation.
        metric: the primary metric; split: what it was measured on ("val" for the trials of a search).
        record_version: what the figures of a record mean.
        budget, precision, softmax, environment, eval_limit, train_limit: as planned and run.
    """

    dataset: str
    budget: str | None
    precision: str | None
    environment: str | None
    eval_limit: int | None
    train_limit: int | None
    fingerprint: str | None = None
    record_version: str | None = None
    metric: str | None = None
    split: str = "test"
    softmax: str = "full"

    @property
    def evaluation(self) -> tuple[Any, ...]:
        """What must be equal for scores (not times) to be comparable; all that baselines need."""
        return self.dataset, self.eval_limit, self.fingerprint, self.record_version, self.metric, self.split

    @property
    def anywhere(self) -> Conditions:
        """The same conditions without the machine."""
        return replace(self, environment=None)


def conditions_of(run: RunView, flat: Mapping[str, Any] | None = None) -> Conditions:
    """The conditions that a run was planned or run under.

    Args:
        run: from the store.
        flat: its flattened configuration, if already available.
    """
    flat = flatten(run.config) if flat is None else flat
    return Conditions(
        dataset=run.dataset,
        budget=_text(flat.get("budget")),
        precision=_text(flat.get("trainer.precision")),
        environment=run.environment,
        eval_limit=_whole(flat.get("task.eval_limit")),
        train_limit=_whole(flat.get("task.train_limit")),
        fingerprint=_text(run.identity.get("data_fingerprint")),
        record_version=_text(run.identity.get("record_version")),
        metric=_text(run.primary.get("name")),
        softmax=str(flat.get("trainer.softmax") or "full"),  # the only one before there was a choice
        split=run.summary.split if run.summary else str(flat.get("trainer.final_split") or "test"),
    )


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted name; lists become JSON text."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = json.dumps(value) if isinstance(value, list) else value
    return flat


def _text(value: Any) -> str | None:
    """A setting as text, whatever type the store holds."""
    return None if value is None else str(value)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
