"""Processes timed alternately: each builds what it is told once, and answers requests (`rivals/worker.py`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import harness
from harness.errors import UserError
from harness.runtime import SPIN_COUNT

_SCRIPT = Path(__file__).parent / "rivals" / "worker.py"
_LAST = 300  # characters of a process's last output line
_PATIENCE_S = 10.0


class WorkerError(UserError):
    """A process to be timed did not start, or ended early."""


class BenchWorker:
    """A process that answers.

    Attributes:
        name: for messages.
        about: the process's description of what it built.

    Raises:
        WorkerError: it ended before it was ready; the message contains its last output.
    """

    def __init__(self, name: str, process: subprocess.Popen[str], errors: IO[bytes]) -> None:
        self.name = name
        self._process, self._errors = process, errors
        self.about = self._answer()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises:
            WorkerError: the process has ended.
        """
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended; `_answer` says why
            print(json.dumps(request), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()
        last = said[-1][-_LAST:] if said else "it printed nothing"
        raise WorkerError(f"'{self.name}' ended with exit code {code}: {last}")


@contextmanager
def worker(name: str, module: str, settings: Mapping[str, Any], python: str = sys.executable) -> Iterator[BenchWorker]:
    """A process for the block, ready when the block starts.

    Args:
        name: for messages.
        module: to build with: one in the folder `rivals` by plain name, which needs no harness, or a dotted name.
        settings: what to build, as plain data; `threads` also limits the cores of the process.
        python: interpreter.

    Raises:
        WorkerError: it cannot be started, or ended before it was ready.
    """
    environment = without_ours(os.environ)
    if "threads" in settings:
        environment["OMP_NUM_THREADS"] = str(settings["threads"])
    if python == sys.executable:  # the worker's folder replaces the current one at the start of the path
        paths = [str(Path(harness.__file__).parent.parent), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                [python, str(_SCRIPT), module, json.dumps(dict(settings))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
            )
        except OSError as error:
            raise WorkerError(f"'{name}' cannot be started: {error}. See --rivals of harness bench --help.") from None
        try:
            yield BenchWorker(name, process, errors)
        finally:
            _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """Close its input, which ends it, and wait; kill it if that takes too long."""
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        with suppress(BrokenPipeError):
            pipe.close()
    try:
        process.wait(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def without_ours(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without the settings of `harness.runtime`, so that others are timed with their defaults."""
    kept = dict(environment)
    if kept.get("GOMP_SPINCOUNT") == SPIN_COUNT:
        del kept["GOMP_SPINCOUNT"]
    return kept


def in_rounds(workers: Sequence[BenchWorker], rounds: int, **request: Any) -> dict[str, list[float]]:
    """Seconds reported by each worker, by name; asked once to warm up, then alternately, every other round in
    reverse."""
    for worker in workers:
        worker.ask(**request)
    times: dict[str, list[float]] = {worker.name: [] for worker in workers}
    for number in range(rounds):
        for worker in workers if number % 2 == 0 else reversed(workers):
            times[worker.name].append(worker.ask(**request)["seconds"])
    return times
