"""Conditions: what must be equal for two results to share a table, a cell or a curve."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from harness.config.schema import engine_options
from harness.store.query import RunView


@dataclass(frozen=True)
class Conditions:
    """What must be equal for results to share a table; None means not known, or no limit.

    Attributes:
        dataset, fingerprint: the data by name, and the digest of its content and preparation.
        metric: the primary metric; higher_is_better: its direction; signature: its exact variant
            ("nrefs:1|case:mixed|tok:13a|..."), empty if it has only one.
        synthetic: whether the data is.
        split: what the metric was measured on ("val" for the trials of a search).
        examples: which test examples were scored, how many and a digest of their ids; None before a run has finished.
        record_version: what the figures of a record mean.
        environment: where the runs ran.
        options: (dotted name, value) of every option whose meaning is a condition.
    """

    dataset: str
    environment: str | None = None
    fingerprint: str | None = None
    record_version: str | None = None
    metric: str | None = None
    signature: str = ""
    higher_is_better: bool | None = None
    synthetic: bool = False
    split: str = "test"
    examples: str | None = None
    options: tuple[tuple[str, Any], ...] = ()

    def option(self, name: str) -> Any:
        """The value of an option that is a condition; None where the runs do not have it."""
        return dict(self.options).get(name)

    @property
    def budget(self) -> str | None:
        """How long the runs trained, as planned."""
        return _text(self.option("budget"))

    @property
    def precision(self) -> str | None:
        """What they trained in."""
        return _text(self.option("trainer.precision"))

    @property
    def eval_limit(self) -> int | None:
        """How many examples were scored; None: all."""
        return _whole(self.option("task.eval_limit"))

    def scored_as(self, other: Conditions) -> bool:
        """Whether scores (not times) are comparable, which is all that baselines need.

        Test examples that are not known yet, since nothing has finished, are no difference.
        """
        known = None not in (self.examples, other.examples)
        bare = [replace(c, environment=None, options=(), examples=c.examples if known else None) for c in (self, other)]
        return bare[0] == bare[1] and self.eval_limit == other.eval_limit

    @property
    def anywhere(self) -> Conditions:
        """The same conditions without what only a run that has finished knows: its machine and test examples."""
        return replace(self, environment=None, examples=None)


def conditions_of(run: RunView, flat: Mapping[str, Any] | None = None) -> Conditions:
    """The conditions that a run was planned or run under.

    Args:
        run: from the store.
        flat: its flattened configuration, if already available.
    """
    flat = flatten(run.config) if flat is None else flat
    return Conditions(
        dataset=run.dataset,
        environment=run.environment,
        options=tuple((name, _plain(flat.get(name))) for name in _names()),
        fingerprint=_text(run.identity.get("data_fingerprint")),
        record_version=_text(run.identity.get("record_version")),
        metric=_text(run.primary.get("name")),
        signature=_signature(run),
        higher_is_better=direction if isinstance(direction := run.primary.get("higher_is_better"), bool) else None,
        synthetic=run.synthetic,
        split=run.summary.split if run.summary else str(flat.get(_SPLIT) or "test"),
        examples=_text(run.summary.details.get("tested_on")) if run.summary else None,
    )


_SPLIT = "trainer.final_split"


@cache
def _names() -> tuple[str, ...]:
    """The options that are conditions; the split is a condition of its own, as it was looked at."""
    return tuple(name for name, option in engine_options().items() if option.condition and name != _SPLIT)


def asked(run: RunView, name: str) -> str:
    """What was asked for where it became something else ("match"); empty where nothing was."""
    found = run.config.get("asked")
    return str(found.get(name) or "") if isinstance(found, dict) else ""


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted name; lists become JSON text."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = json.dumps(value) if isinstance(value, list) else value
    return flat


def _signature(run: RunView) -> str:
    """The exact variant of the primary metric; empty if the run does not say."""
    declared = run.units.get(str(run.primary.get("name")))
    return str(declared.get("signature") or "") if isinstance(declared, dict) else ""


def _plain(value: Any) -> Any:
    """A setting that can be compared, whatever type the store holds."""
    return value if isinstance(value, str | int | float | None) else str(value)


def _text(value: Any) -> str | None:
    """A setting as text, whatever type the store holds."""
    return None if value is None else str(value)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
