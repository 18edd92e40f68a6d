"""Reads the first samples of many runs at once, shortened for display."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.store import schema as t
from harness.store.records import SampleRow
from harness.store.writer import Store

_MOST_NUMBERS = 500  # maximum number of parameters in one statement


def first_samples(store: Store, run_ids: Sequence[int], number: int, longest: int) -> dict[int, list[SampleRow]]:
    """The first `number` samples of every run that has any, in order; texts are cut after `longest` characters.

    Args:
        run_ids: numbers of the runs.
        number: of samples per run.
        longest: maximum length of a text; a longer one ends in an ellipsis.
    """
    c = t.samples.c
    texts = [sa.func.substr(c[n], 1, longest + 1).label(n) for n in ("title", "source", "reference", "output")]
    found: dict[int, list[SampleRow]] = {}

    def work(connection: Connection) -> None:
        found.clear()
        for first in range(0, len(run_ids), _MOST_NUMBERS):
            chosen = c.run_id.in_(run_ids[first : first + _MOST_NUMBERS])
            query = sa.select(c.run_id, *texts).where(chosen, c.position < number).order_by(c.run_id, c.position)
            for run_id, *row in connection.execute(query):
                found.setdefault(run_id, []).append(SampleRow(*(_cut(text, longest) for text in row)))

    store.read(work)
    return found


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + " …"
