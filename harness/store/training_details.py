"""What a run records of its model beside scores, in words: state, latency, memory, and what it asks of training.

The mappings come from the store, so nothing about their contents is taken for granted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Words = list[tuple[str, str]]

FEWEST_CALLS = 20
"""With fewer timed calls no 95th percentile of a latency is shown."""


def training_words(details: Mapping[str, Any]) -> Words:
    """How the model is trained otherwise than others, as (term, text); empty if it is trained as any other."""
    found: Words = []
    groups = _mapping(details.get("parameter_groups"))
    if groups:
        found.append(("parameter groups", "; ".join(_group(name, _mapping(g)) for name, g in groups.items())))
    auxiliary = _mapping(details.get("auxiliary"))
    if auxiliary:
        losses = ", ".join(f"{name} × {_number(weight)}" for name, weight in auxiliary.items())
        found.append(("auxiliary loss", f"{losses}, in training only"))
    if details.get("after_step"):
        found.append(("after each step", "the model changes its weights"))
    return found


def state_words(details: Mapping[str, Any]) -> Words:
    """How many numbers the model carries from one position to the next; empty if it carries none."""
    size = state_size_of(details)
    return [] if size is None else [("state", f"{size:,} numbers from one position to the next")]


def state_size_of(details: Mapping[str, Any]) -> int | None:
    """The numbers of state that a run recorded."""
    size = details.get("state_size")
    return size if isinstance(size, int) else None


def latency_words(details: Mapping[str, Any]) -> Words:
    """How long predictions take, for one example and for a batch, as (term, text); empty if it was not measured."""
    latency = _mapping(details.get("latency"))
    found: Words = []
    for part in ("one", "batch"):
        timed = _mapping(latency.get(part))
        size, calls, middle, high = (timed.get(name) for name in ("examples", "calls", "p50_ms", "p95_ms"))
        if not isinstance(middle, int | float):
            continue
        symbols = f" for {_number(latency['symbols'])} symbols" if "symbols" in latency else ""
        text = f"{milliseconds(middle)}{symbols}"
        if isinstance(calls, int) and isinstance(high, int | float):
            text += f"; 95 % within {milliseconds(high)}" if calls >= FEWEST_CALLS else ""
            text += f" ({calls:,} call{'s' if calls != 1 else ''})"
        found.append((f"latency, {'one example' if part == 'one' else f'batch of {_number(size)}'}", text))
        if "real_time_factor" in timed:
            found.append(("real-time factor", f"{_number(timed['real_time_factor'])} s per second of signal"))
    return found


def milliseconds(value: float) -> str:
    """2.13 ms, 21.3 ms, 213 ms, 2,130 ms."""
    return f"{value:.3g} ms" if value < 1000 else f"{value:,.0f} ms"


def memory_words(memory: Mapping[str, Any]) -> Words:
    """Peaks of training and of inference above what the process held before the run, as (term, text)."""
    terms = {"training memory": "training_peak_bytes", "inference memory": "evaluation_peak_bytes"}
    found = {term: memory.get(name) for term, name in terms.items()}
    return [(term, f"{size / 1e6:,.0f} MB") for term, size in found.items() if isinstance(size, int | float)]


def _group(name: object, group: Mapping[str, Any]) -> str:
    count = group.get("parameters")
    size = f"{count:,} parameters, " if isinstance(count, int) else ""
    return (
        f"{name} ({size}learning rate × {_number(group.get('lr_factor'))}, "
        f"weight decay × {_number(group.get('decay_factor'))})"
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "?"
