"""What is on record about the contracts of a comparison's plug-ins, in a report's words."""

from __future__ import annotations

from harness.report.comparisons import Comparison, Entry
from harness.store.checks import FAILED, NEVER, ContractStatus, in_words

_SHOWN = 4  # models in a sentence


def of_model(entry: Entry) -> ContractStatus | None:
    """The status of an entry's model: the worst of its runs; None for a baseline, or where nothing was recorded."""
    found = [s for r in entry.finished for s in r.contracts if s.kind == "model"]
    return next((s for state in (FAILED, NEVER) for s in found if s.state == state), found[0] if found else None)


def of_others(comparison: Comparison) -> str:
    """The status of the task, the data set and the target, in words; empty where nothing was recorded."""
    runs = comparison.finished
    newest = max(runs, key=lambda r: (r.ended_at or 0.0, r.id)) if runs else None
    return in_words(s for s in newest.contracts if s.kind != "model") if newest else ""


def note(entry: Entry) -> str:
    """What stands beside a model's name: the clause that failed; empty where none did."""
    status = of_model(entry)
    return f"contract {status.text}" if status is not None and status.state == FAILED else ""


def sentence(comparison: Comparison, state: str) -> str:
    """Which models broke their contract (`FAILED`), or were never checked (`NEVER`), and what that means."""
    found = {e.label: s for e in comparison.entries if (s := of_model(e)) is not None and s.state == state}
    if not found:
        return ""
    labels = list(found)
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    listed = ", ".join(labels[:_SHOWN]) + more
    names = sorted({s.name for s in found.values()})
    command = f"harness check model.{names[0]}" if len(names) == 1 else "harness check --all"
    if state == FAILED:
        return (
            f"These models break a promise of their contract, so their results may not mean what they seem to: "
            f"{'; '.join(f'{label}: {s.text}' for label, s in list(found.items())[:_SHOWN])}{more} ({command})."
        )
    return f"Whether these models keep their contract was never checked: {listed} ({command})."
