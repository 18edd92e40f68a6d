"""Compares two runs part by part: what their keys are made of, where they ran, and their outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harness.config.identity import config_identity
from harness.store.query import RunView

ABSENT = object()
"""Stands for a part that one of the runs does not have."""

PARTS = ("configuration", "identity", "environment", "outcome")
_OUTCOME = (
    "parameters", "encoder_parameters", "decoder_parameters", "train_s", "total_s", "to_target_s", "throughput",
    "memory_peak_bytes",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """One thing in which two runs differ.

    Attributes:
        part: "configuration" (by dotted name), "identity" (versions and digests of plug-ins, engine and data),
            "environment" (the fingerprint of the machine and its libraries), or "outcome".
        name: of the thing within its part.
        one, two: its values; `ABSENT` where a run has none.
        in_key: whether it is part of the run's key.
    """

    part: str
    name: str
    one: Any
    two: Any
    in_key: bool = False


def differences(
    one: RunView,
    two: RunView,
    environments: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Difference]:
    """Everything in which two runs differ, part by part in the order of `PARTS`.

    Args:
        one, two: the runs.
        environments: fingerprints by the environment's hash; None: environments are not compared.
    """
    found = []
    for part, first, second, deciding in _pairs(one, two, environments or {}):
        for name in dict.fromkeys((*first, *second)):
            a, b = first.get(name, ABSENT), second.get(name, ABSENT)
            if _unequal(a, b):
                found.append(Difference(part, name, a, b, deciding is None or name in deciding))
    return found


def flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as dotted names; lists stay whole."""
    if not isinstance(value, Mapping) or not value:
        return {prefix: value} if prefix else {}
    leaves: dict[str, Any] = {}
    for key, inner in value.items():
        leaves |= flat(inner, f"{prefix}.{key}" if prefix else str(key))
    return leaves


def _pairs(
    one: RunView, two: RunView, environments: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any], set[str] | None]]:
    """(part, leaves of one, leaves of two, names that make the keys differ; None: all of them)."""
    identities = [flat(config_identity(run.config)) for run in (one, two)]
    deciding = {
        name
        for name in {**identities[0], **identities[1]}
        if _unequal(*(identity.get(name, ABSENT) for identity in identities))
    }
    yield "configuration", flat(one.config), flat(two.config), deciding
    yield "identity", flat(one.identity), flat(two.identity), None
    here, there = (flat(environments.get(run.environment or "", {})) for run in (one, two))
    yield "environment", here, there, set()
    yield "outcome", _outcome(one), _outcome(two), set()


def _outcome(run: RunView) -> dict[str, Any]:
    known = {"status": run.status, "reason": run.reason}
    if run.summary is None:
        return known
    summary = asdict(run.summary)
    machine = {f"machine.{name}": value for name, value in run.summary.machine.items()}
    return known | summary["metrics"] | {name: summary[name] for name in _OUTCOME} | machine


def _unequal(one: Any, two: Any) -> bool:
    """Whether two values differ; NaN equals NaN."""
    return one is not two and repr(one) != repr(two)
