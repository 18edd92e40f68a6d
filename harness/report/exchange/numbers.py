"""Numbers in JSON, which has neither NaN nor infinity: such a value becomes null, with its reason beside it."""

from __future__ import annotations

import json
import math
from typing import Any

from harness.report.statistics import CONFIDENCE, Summary


def quantity(value: float | None, why_none: str = "not measured") -> dict[str, Any]:
    """{"value": number, "reason": null}, or {"value": null, "reason": why}."""
    reason = not_finite(value, why_none)
    return {"value": None if reason else value, "reason": reason}


def not_finite(value: float | None, why_none: str = "not measured") -> str | None:
    """Why a value is no number in JSON; None if it is one."""
    if value is None:
        return why_none
    if math.isnan(value):
        return "not a number"
    return None if math.isfinite(value) else f"{'positive' if value > 0 else 'negative'} infinity"


def estimate(summary: Summary | None) -> dict[str, Any] | None:
    """Mean and 95 % interval over seeds; None if nothing was measured."""
    if summary is None or not summary.seeds:
        return None
    return {"mean": quantity(summary.mean), "interval": interval(summary), "n": summary.seeds}


def interval(summary: Summary) -> dict[str, Any] | None:
    """The interval of a mean; None below two seeds, or where a value is not finite."""
    found = summary.interval
    if found is None or not all(map(math.isfinite, found)):
        return None
    return {"low": found[0], "high": found[1], "level": CONFIDENCE, "method": summary.method}


def text(document: Any) -> bytes:
    """A JSON file that is the same for the same content.

    Raises:
        ValueError: a number is not finite.
    """
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def plain(value: Any) -> Any:
    """What a store holds, with numbers that JSON does not have replaced by null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)
