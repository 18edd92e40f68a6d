"""A worker process as seen by its parent: progress, limits, stopping, and the outcome."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from harness.sweeping.jobs import WAITING, Job, JobOutcome
from harness.sweeping.limits import duration, size

_LOG_LINES = 80  # the traceback of a crash inside a library is long
_LINGER_S = 20.0  # seconds for library threads to end after the job has reported
_GROWN = 1.005


class WorkerProcess:
    """One job in its process.

    Attributes:
        job: what it does.
        process: a multiprocessing process.
    """

    def __init__(self, job: Job, process: Any, connection: Connection, log: Path) -> None:
        self.job, self.process = job, process
        self._connection, self._log = connection, log
        self._answer: JobOutcome | None = None
        self._began: float | None = time.monotonic()  # None while it waits for the machine
        self._over = ""  # the limit that was exceeded, in words
        self._deadline = math.inf  # when it is killed
        self._resident = 0.0  # resident size at which the proportional one was last read

    def handles(self) -> list[Any]:
        """Objects that become ready when there is something to `read` or the process has ended."""
        return [self.process.sentinel] if self._answer is not None else [self.process.sentinel, self._connection]

    def seconds_to_deadline(self) -> float:
        """Seconds until it is killed or reaches its time limit."""
        limit = math.inf
        if self.job.limits.time_s is not None and self._began is not None and not self._over:
            limit = self._began + self.job.limits.time_s
        return max(0.0, min(self._deadline, limit) - time.monotonic())

    def read(self) -> Iterator[tuple[float, str]]:
        """Progress that the worker has reported."""
        with suppress(EOFError, OSError):  # the other end is closed: the process has ended
            while self._answer is None and self._connection.poll():
                message = self._connection.recv()
                if isinstance(message, JobOutcome):
                    self._answer = message
                    self._deadline = min(self._deadline, time.monotonic() + _LINGER_S)
                    return
                if message[1] == WAITING:
                    self._began = None
                elif self._began is None:
                    self._began = time.monotonic()
                yield message

    def watch(self, grace_s: float) -> None:
        """Stop the job if it exceeds a limit; kill it if its grace period is over."""
        now, limits = time.monotonic(), self.job.limits
        if not self._over and self._answer is None and self._began is not None:
            took = now - self._began
            if limits.time_s is not None and took > limits.time_s:
                self._over = f"time limit of {duration(limits.time_s)} exceeded after {duration(took)}"
            elif limits.memory_bytes is not None:
                used = self._memory_above(limits.memory_bytes)
                if used is not None:
                    limit = size(limits.memory_bytes)
                    self._over = f"memory limit of {limit} exceeded: used {size(used)} after {duration(took)}"
            if self._over:
                self.stop(grace_s)
        if now > self._deadline:
            self.kill()

    def stop(self, grace_s: float) -> None:
        """Tell the process to write its checkpoint and end; `watch` kills it if it does not in time."""
        if math.isinf(self._deadline):
            self._deadline = time.monotonic() + grace_s
            self.process.terminate()

    def kill(self) -> None:
        """Kill the process and those that it started."""
        pid = self.process.pid
        with suppress(ProcessLookupError, PermissionError):
            if self.process.is_alive() and os.getpgid(pid) == pid:  # otherwise it has not made its own group yet
                os.killpg(pid, signal.SIGKILL)
        self.process.kill()

    def join(self, timeout_s: float) -> None:
        """Wait until the process has ended, at most `timeout_s` seconds."""
        self.process.join(timeout_s)

    def ended(self) -> bool:
        """Whether the process has ended."""
        return not self.process.is_alive()

    def close(self, stopping: bool) -> JobOutcome:
        """The outcome of the job of a process that has ended.

        Args:
            stopping: whether all workers were told to stop.
        """
        for _ in self.read():  # the last progress
            pass
        self.process.join()
        self._connection.close()
        with suppress(ProcessLookupError, PermissionError):  # processes that it left behind
            os.killpg(self.process.pid, signal.SIGKILL)
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-_LOG_LINES:])
        said = self._answer
        if said is not None and said.status == "done":
            return said
        if self._over:
            return JobOutcome("failed", self._over, log_tail=tail, over_limit=True)
        if said is not None:
            return JobOutcome(said.status, said.error, said.traceback, tail, said.user_error)
        if stopping:
            return JobOutcome("interrupted", "stopped before it had written a checkpoint", log_tail=tail)
        code = self.process.exitcode
        if code is not None and code < 0:
            cause = f"the worker process was killed by {signal.Signals(-code).name}"
            cause += " (out of memory?)" if code == -signal.SIGKILL else ""
        else:
            cause = f"the worker process ended with code {code}"
        return JobOutcome("died", cause, log_tail=tail)

    def _memory_above(self, limit: float) -> float | None:
        """The memory that the process tree uses if it exceeds the limit, else None.

        The resident size is cheap to read and never smaller than the proportional one, which is read only when the
        resident size is above the limit and has grown.
        """
        from harness.measure import process_tree

        try:
            process = psutil.Process(self.process.pid)
        except psutil.Error:
            return None
        resident = process_tree.resident_bytes(process)
        if resident <= limit or resident <= _GROWN * self._resident:
            return None
        self._resident = resident
        memory = process_tree.memory(process)
        used = memory.resident if memory.proportional is None else memory.proportional
        return used if used > limit else None
