"""Claims: the process that claims a run owns it until the block ends, and the outcome is always recorded."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.errors import DivergedError, PromiseError, UserError
from harness.store.records import EnvironmentRecord, RunPlan
from harness.store.states import BROKEN, DIVERGED
from harness.store.writer import Store


@contextmanager
def claimed(
    store: Store, plan: RunPlan, environment: EnvironmentRecord, *, log_tail: Callable[[], str] = str
) -> Iterator[int]:
    """Claim a run for this process; yields its number to the block, which ends the run with `Store.finish`.

    A block that ends by an exception ends the run as interrupted (KeyboardInterrupt) or failed (any other `Exception`),
    with a traceback unless the message is sufficient.

    Args:
        store: open.
        plan: the run; need not be planned before.
        environment: where it runs.
        log_tail: returns the last lines that the run printed; called if it fails.

    Raises:
        AlreadyRunning: another living process has claimed it in this environment.
        AlreadyFinished: it is finished in this environment.
    """
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    try:
        yield run_id
    except KeyboardInterrupt:
        store.interrupt(run_id)
        raise
    except Exception as error:
        trace = "" if isinstance(error, UserError | PromiseError) else traceback.format_exc()
        failure = DIVERGED if isinstance(error, DivergedError) else BROKEN
        store.fail(run_id, f"{type(error).__name__}: {error}", trace, log_tail(), failure)
        raise
