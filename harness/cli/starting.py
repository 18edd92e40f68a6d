"""What a data set takes to start: from its files for the first time (cold), and from what was prepared then (warm).

    python -m harness.cli.starting WORD...

prepares and reads the data set of these words once, in a process of its own, and prints seconds and bytes as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.errors import DataError, HarnessError

_DOWNLOADED = ("wheels", "files")  # folders of the cache that hold what was downloaded, as it came


@dataclass(frozen=True)
class Start:
    """Preparing and reading a data set once.

    Attributes:
        name: of task and data set.
        seconds: without imports of the harness itself and composing the configuration.
        cpu_seconds: processor time of all threads, which other programs do not lengthen.
        peak_bytes: of the process's memory, proportional set size where the system tells it.
    """

    name: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int


def cold_and_warm(words: Sequence[str]) -> tuple[Start, Start]:
    """Start a data set twice, each time in a new process, with a cache folder that is empty at first.

    What was downloaded is not downloaded again, but checked again; what is generated is generated again.

    Args:
        words: a task or data set, and options, as after `harness data fetch`.

    Raises:
        HarnessError: the data is missing, corrupt or out of reach.
    """
    from harness.cli.datasets import tasks_named
    from harness.data.cache import cache_dir

    for task in tasks_named(words):
        for source in task.sources():
            if source.kind != "generated":
                source.fetch()
    with TemporaryDirectory(prefix="harness-start-") as folder:
        for name in _DOWNLOADED:
            if (cache_dir() / name).is_dir():
                Path(folder, name).symlink_to(cache_dir() / name)
        return _apart(words, folder), _apart(words, folder)


def _apart(words: Sequence[str], folder: str) -> Start:
    done = subprocess.run(
        [sys.executable, "-m", "harness.cli.starting", *words],
        env=os.environ | {"HARNESS_DATA": folder},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise DataError((done.stderr.strip().splitlines() or [f"'{' '.join(words)}' could not be started"])[-1])
    return Start(**json.loads(done.stdout.splitlines()[-1]))


def _start(words: Sequence[str]) -> Start:
    from harness.cli.datasets import tasks_named
    from harness.measure.memory import PeakMemory

    (task,) = tasks_named(words)
    with PeakMemory(interval=0.05) as memory:
        began, used = time.perf_counter(), time.process_time()
        task.prepare_data()
        task.setup()
        took, used = time.perf_counter() - began, time.process_time() - used
        return Start(f"{task.name} ({task.dataset_name})", took, used, memory.peak_bytes)


if __name__ == "__main__":
    try:
        print(json.dumps(asdict(_start(sys.argv[1:]))))
    except HarnessError as error:
        sys.exit(str(error))
