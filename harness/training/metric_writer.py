"""Writes metric rows and heartbeats to the store in a separate thread, so that training never waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from harness.errors import StoreError
from harness.measure.sampler import Sampler
from harness.store import Store
from harness.store.records import MetricRow

WRITE_EVERY_S = 1.0
HEARTBEAT_S = 10.0


class MetricWriter:
    """Writes queued rows about once a second, in one transaction, with a heartbeat.

    Rows that could not be written (a full disk, a server that restarts) stay in the queue and are retried; `flush`
    raises the error if they still cannot be.

    Args:
        store: open, and left open; the thread has a connection of its own.
        run_id: the run's number.
    """

    def __init__(self, store: Store, run_id: int) -> None:
        self._store, self._run_id = store, run_id
        self._rows: list[MetricRow] = []
        self._lock = threading.Lock()  # around _rows
        self._writing = threading.Lock()  # one transaction at a time, in the order of the rows
        self._signed = time.monotonic()  # time of the last heartbeat
        self._sampler = Sampler("metric-writer", WRITE_EVERY_S, self._write)

    def put(self, rows: Sequence[MetricRow]) -> None:
        """Queue rows; returns at once."""
        with self._lock:
            self._rows.extend(rows)

    def flush(self) -> None:
        """Wait until all rows queued so far are in the store.

        Raises:
            StoreError: it cannot be written.
        """
        with self._writing:
            with self._lock:
                rows = list(self._rows)
            if rows:
                latest = {(row.name, row.step): row for row in rows}  # one statement may write a row once
                self._store.log_metrics(self._run_id, list(latest.values()))
                with self._lock:
                    del self._rows[: len(rows)]

    def stop(self) -> None:
        """Write what is queued and end the thread.

        Called before the run's end is recorded: the store refuses the heartbeat of a run that has ended.

        Raises:
            StoreError: as `flush`.
        """
        self._sampler.__exit__(None, None, None)
        self.flush()

    def __enter__(self) -> MetricWriter:
        self._sampler.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sampler.__exit__(kind, error, trace)
        if kind is None:
            self.flush()
        else:  # what was logged up to a failure explains it; the failure itself must not be hidden
            self._try(self.flush)

    def _write(self) -> None:
        """Write queued rows, or a heartbeat every `HEARTBEAT_S` if there are none."""
        with self._lock:
            waiting = bool(self._rows)
        beat = time.monotonic() - self._signed >= HEARTBEAT_S
        if (waiting and self._try(self.flush)) or (beat and self._try(lambda: self._store.heartbeat(self._run_id))):
            self._signed = time.monotonic()  # rows count as a heartbeat

    @staticmethod
    def _try(act: Callable[[], None]) -> bool:
        try:
            act()
        except StoreError:
            return False
        return True
