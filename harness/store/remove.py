"""Removes a run's records: its row in the ledger, what it logged, and its place in sweeps."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from harness.store import ledger
from harness.store import schema as t
from harness.store.states import RUNNING
from harness.store.writer import Store


def remove_run(store: Store, run_id: int) -> bool:
    """Remove a run's records in one transaction; its cells in sweeps stay while another environment has the run.

    Args:
        store: open for writing.
        run_id: the row's number.

    Returns:
        Whether they were removed: not if the run has been started meanwhile, or is gone.
    """

    def work(connection: Connection, _unsure: bool) -> bool:
        row = connection.execute(sa.select(t.runs).where(t.runs.c.id == run_id).with_for_update()).one_or_none()
        if row is None or ledger.effective_status(row) == RUNNING:
            return False
        for table in t.LEFT_BY_A_RUN:
            connection.execute(sa.delete(table).where(table.c.run_id == run_id))
        connection.execute(sa.delete(t.runs).where(t.runs.c.id == run_id))
        if not ledger.rows(connection, row.key):
            connection.execute(sa.delete(t.sweep_cells).where(t.sweep_cells.c.key == row.key))
        return True

    return store.write(work)
