"""The local launcher: a fresh process on this machine for every job, forked from one that has torch loaded.

A fresh process leaks no state into the next job, and killing a job affects no other.

Workers are not pinned to cores: on an idle machine pinning gained 0 to 2 % (two single-threaded trainings on two
cores), and on a busy one a pinned worker cannot move to a free core.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from harness.sweeping.jobs import Job, Tell
from harness.sweeping.launchers import child
from harness.sweeping.launchers.forkserver import ready_to_fork
from harness.sweeping.launchers.worker_context import WorkerContext
from harness.sweeping.launchers.worker_process import WorkerProcess


class LocalLauncher:
    """Forks a worker process for every job.

    Args:
        context: the environment of workers.
        threads: initial number of threads of the libraries that the forking process loads; each job sets its own.
        target: the function that a worker process calls; it must be importable.
    """

    in_this_process = False

    def __init__(self, context: WorkerContext, threads: int = 1, target: Callable[..., None] = child.main) -> None:
        self._worker_context, self._target = context, target
        self._processes = ready_to_fork(threads)
        self._logs = tempfile.TemporaryDirectory(prefix="harness-workers-")

    def start(self, job: Job, tell: Tell) -> WorkerProcess:
        """Fork a process for the job, which reports through a pipe."""
        receiver, sender = self._processes.Pipe(duplex=False)
        descriptor, log = tempfile.mkstemp(dir=self._logs.name, suffix=".log")
        os.close(descriptor)
        arguments = (job, self._worker_context, sender, Path(log))
        process = self._processes.Process(target=self._target, args=arguments)
        process.start()
        sender.close()
        return WorkerProcess(job, process, receiver, Path(log))

    def close(self) -> None:
        """Remove the output of the workers."""
        self._logs.cleanup()
