"""Writes the store: opening it, and the ledger of runs (planned, running, finished, ...).

Every method is one transaction, safe between processes and threads. States change only as `states.STATES` describes.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine

from harness.errors import StoreError
from harness.store import engine as connections
from harness.store import ledger, transactions
from harness.store import schema as t
from harness.store.ledger import AlreadyFinished, AlreadyRunning, LedgerError, effective_status
from harness.store.opening import check_file, identify, make
from harness.store.owner import owner_of, this_place
from harness.store.records import (
    EnvironmentRecord,
    MetricRow,
    PredictionRow,
    RunPlan,
    RunSummary,
    SampleRow,
)
from harness.store.states import (
    BROKEN,
    FAILED,
    FINISHED,
    INCOMPATIBLE,
    INTERRUPTED,
    NO_ENVIRONMENT,
    PLANNED,
    PREFERENCE,
    RUNNING,
)
from harness.store.values import storable

Result = TypeVar("Result")


class Store:
    """A results store. Open it with `Store.open`; close it, or use it in a `with` block.

    Safe to use from several threads, and in a forked child (which gets connections of its own).
    """

    def __init__(self, engine: Engine, url: str, store_id: str, read_only: bool) -> None:
        self._engine, self._pid = engine, os.getpid()
        self.url, self.store_id, self.read_only = url, store_id, read_only

    # -- opening -------------------------------------------------------------------------------------

    @classmethod
    def open(cls, url: str | None = None, *, create: bool = True, read_only: bool = False) -> Store:
        """Open the store, creating it if it does not exist.

        Args:
            url: SQLAlchemy URL; None: HARNESS_STORE, or store.db in the results folder.
            create: False for commands that only read: a store that does not exist is then an error, and one in a
                read-only folder can be read.
            read_only: as create=False, and nothing can be written through it.

        Raises:
            StoreError: the URL is invalid, or the store is missing, read-only, damaged, not a results store, or of
                another version.
        """
        parsed = connections.parse_url(url or connections.store_url())
        shown = connections.shown(parsed)
        file = connections.sqlite_file(parsed)
        create = create and not read_only
        shut = file is not None and check_file(file, create)
        engine = connections.connect(parsed, read_only=shut, query_only=read_only)
        patience_s = transactions.OPENING_PATIENCE_S
        try:
            found = transactions.read(
                engine, shown, lambda c: identify(c, shown, missing_is_fine=create), patience_s=patience_s
            )
            if not (shut or read_only):  # only now, so that a foreign database is not modified
                connections.use_write_ahead_log(engine, shown)
            if found is None:
                found = transactions.write(engine, shown, lambda c, _: make(c, shown))
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, shown, found.store_id, shut or read_only)

    @property
    def address(self) -> str:
        """The URL by which another process opens this store, its password included; `url` is for messages."""
        return connections.address(self._engine.url)

    def is_at(self, url: URL) -> bool:
        """Whether a URL leads to this store."""
        ours, theirs = connections.sqlite_file(self._engine.url), connections.sqlite_file(url)
        if ours is None or theirs is None:
            return self._engine.url == url
        return ours.exists() and theirs.exists() and ours.samefile(theirs)

    def close(self) -> None:
        """Close all connections."""
        self._own().dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads a consistent state and blocks no writer, for results too large for `read`."""
        with transactions.open_reading(self._own(), self.url) as connection:
            yield connection

    def read(self, work: Callable[[Connection], Result]) -> Result:
        """The result of the work, which reads a consistent state; retried if the server has gone away."""
        return transactions.read(self._own(), self.url, work)

    def write(self, work: transactions.Work[Result]) -> Result:
        """Do the work in one writing transaction: all of it or nothing (`transactions` describes when it is repeated).

        Raises:
            StoreError: the store is read-only, or the database refuses.
        """
        if self.read_only:
            raise StoreError(
                f"The results store {self.url} cannot be written: check the permissions of the file and its "
                "folder, or set HARNESS_RESULTS."
            )
        return transactions.write(self._own(), self.url, work)

    def _own(self) -> Engine:
        if os.getpid() != self._pid:  # connections must not be used across a fork
            self._engine.dispose(close=False)
            self._pid = os.getpid()
        return self._engine

    # -- planning ------------------------------------------------------------------------------------

    def plan(self, plan: RunPlan) -> None:
        """Enter a run as planned and as a cell of its sweep.

        Leaves a run that already exists unchanged, whatever its state, except that an incompatible one becomes planned.
        """
        self.plan_all([(plan, None)])

    def record_incompatible(self, plan: RunPlan, reason: str) -> None:
        """Enter a cell that cannot be run, with the reason that the report shows."""
        self.plan_all([(plan, reason)])

    def plan_all(self, cells: Sequence[tuple[RunPlan, str | None]]) -> None:
        """Enter many runs as cells of their sweeps, in one transaction.

        Args:
            cells: (plan, None) as `plan` enters it, or (plan, why it cannot be run).
        """

        def work(connection: Connection, _unsure: bool) -> None:
            plans = [plan for plan, _ in cells]
            ledger.add_cells(connection, plans)
            known = ledger.statuses(connection, [plan.key for plan in plans])
            ledger.insert_planned(connection, [cell for cell in cells if cell[0].key not in known])
            for plan, reason in cells:
                changed = (INCOMPATIBLE,) if reason is None else (PLANNED, INCOMPATIBLE)
                status = PLANNED if reason is None else INCOMPATIBLE
                for run_id, before in known.get(plan.key, ()):
                    if before in changed:
                        ledger.update(connection, run_id, status=status, reason=reason)

        self.write(work)

    def set_sweep(self, sweep: str, keys: Sequence[str], looks: Mapping[str, int] | None = None) -> None:
        """Make exactly these keys the cells of a sweep, in this order. Runs are never deleted.

        Args:
            sweep: its name.
            keys: of its runs.
            looks: by key, how often the sweep may look at the results and add seeds. A cell keeps the largest number
                that it was ever planned with, since what was looked at cannot be undone.
        """
        self.write(lambda connection, _unsure: ledger.set_cells(connection, sweep, keys, looks or {}))

    # -- running -------------------------------------------------------------------------------------

    def start(self, plan: RunPlan, environment: EnvironmentRecord, *, owner_pid: int, again: bool = False) -> int:
        """Make this process the owner of a run, and the run running in this environment.

        Takes the run's row of this environment, else its planned row, else one that failed or was interrupted
        in another environment (its history is kept); makes one where there is none. What an earlier attempt
        logged stays: call `delete_metrics_after` with the step that is resumed from, or with -1.

        Args:
            plan: the run; need not be planned before.
            environment: where it runs.
            owner_pid: the process that runs it; if it dies, the run counts as interrupted.
            again: run a finished run again.

        Returns:
            The run's number, for the other methods.

        Raises:
            AlreadyRunning: another living process runs it in this environment.
            AlreadyFinished: it is finished in this environment, and `again` is False.
        """
        now, owner = time.time(), owner_of(owner_pid)
        changes: dict[str, Any] = {
            "status": RUNNING,
            "environment": environment.hash,
            "observed": environment.observed,
            "owner_pid": owner.pid,
            "owner_started": owner.started,
            "owner_place": owner.place,
            "heartbeat": now,
            "started_at": now,
            "ended_at": None,
            "reason": None,
            "traceback": None,
            "log_tail": None,
        }

        def work(connection: Connection, unsure: bool) -> int:
            ledger.add_environment(connection, environment, now)
            ledger.add_cell(connection, plan)
            known = ledger.rows(connection, plan.key)
            mine = next((r for r in known if unsure and r.environment == environment.hash), None)
            if mine is not None and (mine.owner_pid, mine.started_at) == (owner.pid, now):
                return int(mine.id)  # an earlier attempt was committed; its answer was lost
            row = ledger.row_to_start(known, environment.hash, again)
            if row is None:
                return ledger.insert(connection, plan, attempts=1, **changes)
            history = list(row.history)
            if row.attempts:
                status = INTERRUPTED if row.status == RUNNING else row.status
                history.append(
                    {
                        "status": status,
                        "environment": row.environment,
                        "at": row.started_at,
                        "reason": row.reason,
                    }
                )
            if row.status == FINISHED:
                ledger.clear(connection, row.id)
                connection.execute(sa.delete(t.metrics).where(t.metrics.c.run_id == row.id))
            ledger.update(
                connection, row.id, attempts=row.attempts + 1, history=history, **changes, **ledger.planned(plan)
            )
            return int(row.id)

        return self.write(work)

    def heartbeat(self, run_id: int) -> None:
        """Record that the run is alive; call it about every minute if machines share a store (`owner.STALE_AFTER_S`).

        Raises:
            LedgerError: the run is not running; TakenOver, a StoreError too: another machine runs it now.
        """

        def work(connection: Connection, _unsure: bool) -> None:
            ledger.still_running(connection, run_id)
            ledger.update(connection, run_id, heartbeat=time.time())

        self.write(work)

    def log_metrics(self, run_id: int, rows: Sequence[MetricRow]) -> None:
        """Write values of metrics; values of the same name and step are replaced. Also counts as a heartbeat.

        Raises:
            LedgerError, TakenOver: as `heartbeat`.
        """
        values = [{"run_id": run_id, **dataclasses.asdict(r), "value": ledger.number(r.value)} for r in rows]

        def work(connection: Connection, _unsure: bool) -> None:
            ledger.still_running(connection, run_id)
            ledger.update(connection, run_id, heartbeat=time.time())
            if values:
                ledger.upsert(connection, t.metrics, values)

        self.write(work)

    def delete_metrics_after(self, run_id: int, step: int) -> None:
        """Delete what was logged after a step: a run that resumes there repeats those steps."""
        table = t.metrics
        chosen = sa.delete(table).where(table.c.run_id == run_id, table.c.step > step)

        def work(connection: Connection, _unsure: bool) -> None:
            connection.execute(chosen)

        self.write(work)

    # -- ending --------------------------------------------------------------------------------------

    def finish(
        self,
        run_id: int,
        summary: RunSummary,
        predictions: Sequence[PredictionRow],
        samples: Sequence[SampleRow],
    ) -> None:
        """Write all results of a finished run, and its state, in one transaction.

        Raises:
            LedgerError, TakenOver: as `heartbeat`.
        """
        values = {k: v for k, v in dataclasses.asdict(summary).items() if k != "metrics"}
        for name in ("primary_value", "total_s", "train_s", "to_target_s", "throughput"):
            values[name] = ledger.number(values[name])
        finals = [{"run_id": run_id, "name": k, "value": ledger.number(v)} for k, v in summary.metrics.items()]
        outputs = [
            {"run_id": run_id, "position": i, **dataclasses.asdict(p), "others": [storable(text) for text in p.others]}
            for i, p in enumerate(predictions)
        ]
        shown = [{"run_id": run_id, "position": i, **dataclasses.asdict(s)} for i, s in enumerate(samples)]
        ended = ledger.ended()

        def work(connection: Connection, unsure: bool) -> None:
            row = ledger.locked(connection, run_id)
            if unsure and row is not None and (row.status, row.ended_at) == (FINISHED, ended["ended_at"]):
                return  # an earlier attempt was committed; its answer was lost
            ledger.still_running(connection, run_id)
            ledger.clear(connection, run_id)
            for table, rows in ((t.final_metrics, finals), (t.predictions, outputs), (t.samples, shown)):
                if rows:
                    connection.execute(sa.insert(table), rows)
            ledger.update(connection, run_id, **values, status=FINISHED, reason=None, **ended)

        self.write(work)

    def fail(self, run_id: int, error: str, traceback: str, log_tail: str, failure: str = BROKEN) -> None:
        """Record that a run failed: the error in one line, its traceback, and the last lines it printed,
        and why in one word (`states.DIVERGED`, `OVER_LIMIT` or `BROKEN`).

        A finished run stays finished, whatever became of the process afterwards.

        Raises:
            LedgerError: there is no such run; TakenOver: another machine runs it now.
        """
        changes = {
            "status": FAILED,
            "failure": failure,
            "reason": error.strip() or "unknown error",
            "traceback": traceback,
            "log_tail": log_tail,
            **ledger.ended(),
        }

        def work(connection: Connection, _unsure: bool) -> None:
            if ledger.must_be_ours(connection, run_id).status != FINISHED:
                ledger.update(connection, run_id, **changes)

        self.write(work)

    def interrupt(self, run_id: int) -> None:
        """Record that a run was stopped and can be resumed; affects only runs that this machine is running."""
        ended = ledger.ended()

        def work(connection: Connection, _unsure: bool) -> None:
            row = ledger.locked(connection, run_id)
            if row is not None and row.status == RUNNING and row.owner_place in (None, this_place()):
                ledger.update(connection, run_id, status=INTERRUPTED, **ended)

        self.write(work)

    # -- asking --------------------------------------------------------------------------------------

    def status(self, key: str, environment_hash: str | None = None) -> str | None:
        """The state of a run; None if it is not in the store.

        A run whose process is dead is "interrupted". With an environment, only rows of that environment and
        rows that have not run anywhere count; without, the best state of any (finished before all others).
        """
        rows = self.read(lambda connection: ledger.rows(connection, key))
        if environment_hash is not None:
            rows = [r for r in rows if r.environment in (environment_hash, NO_ENVIRONMENT)]
        states = {effective_status(r) for r in rows}
        return next((s for s in PREFERENCE if s in states), None)

    def finished(self, key: str, environment_hash: str | None = None) -> bool:
        """Whether a run is finished, in the given environment or in any."""
        return self.status(key, environment_hash) == FINISHED

    def run_id(self, key: str, environment_hash: str | None = None) -> int | None:
        """The number of a run's row (the newest, if several environments have one); None if unknown."""
        rows = self.read(lambda connection: ledger.rows(connection, key))
        return max((int(r.id) for r in rows if environment_hash in (None, r.environment)), default=None)


__all__ = ["AlreadyFinished", "AlreadyRunning", "LedgerError", "Store"]
