"""The states of a run in the ledger. Plain words without SQLAlchemy, for all who read the store."""

from __future__ import annotations

PLANNED = "planned"
RUNNING = "running"
FINISHED = "finished"
FAILED = "failed"
INTERRUPTED = "interrupted"
INCOMPATIBLE = "incompatible"

STATES = (PLANNED, RUNNING, FINISHED, FAILED, INTERRUPTED, INCOMPATIBLE)
"""planned -> running -> finished | failed | interrupted; incompatible is never run."""

PREFERENCE = (FINISHED, RUNNING, INTERRUPTED, FAILED, PLANNED, INCOMPATIBLE)
"""Which state stands for a run that has rows in several environments."""

NO_ENVIRONMENT = ""
"""`runs.environment` of a row that has not run anywhere yet (a NULL would not take part in uniqueness)."""
