"""What the audit and the training loop cost, at long and at short steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.bench.comparison import BenchRow
from harness.bench.steps import step_rows

MILLISECONDS = (4.0, 1.0)
"""Of the steps by hand."""

_AUDIT = "audit-overhead"


def overhead_rows(rounds: int) -> list[BenchRow]:
    """Audit and step overhead at steps of 4 and of 1 ms, and the audit's at the worse of the two."""
    return with_worst_audit([found for each in MILLISECONDS for found in step_rows(each, rounds)])


def with_worst_audit(rows: Sequence[BenchRow]) -> list[BenchRow]:
    """The rows, and the largest of those of the audit under the audit's own name."""
    worst = max((r for r in rows if r.name.startswith(_AUDIT)), key=lambda r: r.ratio)
    return [*rows, replace(worst, name=_AUDIT, about=f"as {worst.name}, the worse; {worst.about}")]
