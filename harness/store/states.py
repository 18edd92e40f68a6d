"""The states of a run in the ledger. Does not import SQLAlchemy."""

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
"""For a run with rows in several environments, the first of these states that a row has is shown."""

DIVERGED, OVER_LIMIT, BROKEN = "diverged", "limit", "error"
"""Why a run failed (`runs.failure`): its loss was no longer finite, it used more time or memory than it may, anything
else. The first two are results of the model and count against it; the last says nothing about it."""

NO_ENVIRONMENT = ""
"""`runs.environment` of a row that has not run anywhere yet (unique constraints ignore NULL)."""

CONTRACT_PASSED, CONTRACT_FAILED, OTHER_SOURCE, NEVER_CHECKED = "passed", "failed", "other source", "never run"
"""What may be on record about the contract of a plug-in's source (`harness.store.checks`)."""
