"""Clauses of the task contract on prepare_data: safe twice, in two processes at once, after being killed, and offline.

Each is tried in processes of their own, on an empty cache folder. Two processes meet, and one is killed, at chosen
operations on that folder (`preparation_worker`), so the outcome does not hang on luck.
"""

from __future__ import annotations

import base64
import inspect
import json
import os
import pickle
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from harness.testing.clause import clause
from harness.testing.preparation_worker import PAUSED, STARTED, TOUCHED
from harness.testing.task_subject import SPLITS, TaskSubject

PAUSES, KILLS = 4, 6
"""At so many operations, evenly spread, two processes meet and one is killed."""

POLLS = 3
"""A process that opens one file so often in a row waits for a lock."""

PATIENCE_S = 5.0
"""How long a process may say nothing while another is stopped; then it is taken to wait without polling."""


@dataclass(frozen=True)
class PreparationAnswer:
    """What a process found.

    Attributes:
        digests: of the examples by split.
        files: of the data folder, after preparing once and twice.
        again: digests after preparing twice.
        operations: how many operations on the data folder it took to prepare once.
        network: addresses that it tried to reach.
    """

    digests: dict[str, list[tuple[str, str]]]
    files: tuple[dict[str, str], dict[str, str]]
    again: dict[str, list[tuple[str, str]]]
    operations: int
    network: list[str]


_ANSWERS: WeakKeyDictionary[TaskSubject, tuple[PreparationAnswer, PreparationAnswer]] = WeakKeyDictionary()


def first_process(subject: TaskSubject) -> PreparationAnswer:
    """Prepared twice in a process of its own, from nothing."""
    return _both(subject)[0]


def later_process(subject: TaskSubject) -> PreparationAnswer:
    """Loaded in a second process, from what the first one left."""
    return _both(subject)[1]


@clause(
    "Build under a temporary name and move the whole into place, and do nothing where it stands already "
    "(harness.data.cache.build_once does both)."
)
def preparation_twice(subject: TaskSubject) -> None:
    """prepare_data called twice leaves the files and the data of the first time."""
    answer = first_process(subject)
    once, twice = answer.files
    changed = sorted(path for path in once.keys() | twice.keys() if once.get(path) != twice.get(path))
    assert not changed, f"prepare_data called twice changes files of the cache: {', '.join(changed[:5])}"
    _same(answer.again, answer.digests, "prepare_data called twice changes the data")


@clause(
    "Hold a lock while building, look again once you have it, and use temporary names that no other process uses "
    "(harness.data.cache.build_once does all three)."
)
def preparation_at_once(subject: TaskSubject) -> None:
    """Two processes that prepare at the same time both end well, with the same data."""
    answer = first_process(subject)
    for at in _spread(answer.operations, PAUSES) or [0]:
        with tempfile.TemporaryDirectory(prefix="harness-contract-") as folder:
            what = f"two processes at once (the second starts after operation {at} of the first)"
            for one in _meet(subject, Path(folder), at, what):
                _same(one.digests, answer.digests, what)


@clause(
    "Let what is half done never look done: build under a temporary name and rename at the end "
    "(harness.data.cache.build_once), and remove what a killed process left."
)
def preparation_killed(subject: TaskSubject) -> None:
    """After a process was killed while it prepared, the next one prepares the same data.

    A preparation that touches no file of the cache leaves nothing half done, so there is nothing to try.
    """
    answer = first_process(subject)
    for at in _spread(answer.operations, KILLS):
        with tempfile.TemporaryDirectory(prefix="harness-contract-") as folder:
            what = f"killed after operation {at} of {answer.operations} on the cache, and prepared anew"
            killed = _Process(subject, Path(folder), stop="kill", at=at)
            killed.finish(what, survives=False)
            _same(_Process(subject, Path(folder)).finish(what).digests, answer.digests, what)


@clause(
    "Reach for the network in prepare_data only, through a source (harness.data.sources), and not at all for tiny(), "
    "whose data is generated."
)
def offline(subject: TaskSubject) -> None:
    """tiny() prepares and loads without a network, and what was prepared loads again in another process."""
    first, later = first_process(subject), later_process(subject)
    for answer in (first, later):
        assert not answer.network, f"tiny() reaches for the network: {', '.join(answer.network[:3])}"
    _same(later.digests, first.digests, "loaded again without a network")


def _both(subject: TaskSubject) -> tuple[PreparationAnswer, PreparationAnswer]:
    if subject not in _ANSWERS:
        with tempfile.TemporaryDirectory(prefix="harness-contract-") as folder:
            first = _Process(subject, Path(folder), twice=True, hash_seed=1).finish("prepare_data in its own process")
            later = _Process(subject, Path(folder), hash_seed=2).finish("prepared data in another process")
            _ANSWERS[subject] = first, later
    return _ANSWERS[subject]


class _Process:
    """One `preparation_worker`, started."""

    def __init__(
        self,
        subject: TaskSubject,
        folder: Path,
        *,
        stop: str = "",
        at: int = 0,
        twice: bool = False,
        hash_seed: int = 1,
    ) -> None:
        dataset = getattr(subject.task, "dataset", None)
        classes = [type(subject.task), *([] if dataset is None else [type(dataset)])]
        for cls in classes:
            assert "<locals>" not in cls.__qualname__, (
                f"class {cls.__qualname__} is made inside a function, so that no other process can load it"
            )
        work = Path(tempfile.mkdtemp(dir=folder))
        self._answer = work / "answer.json"
        self._said = ""  # the beginning of a line
        request = {
            "modules": [[cls.__module__, inspect.getfile(cls)] for cls in classes],
            "task": base64.b64encode(pickle.dumps(subject.task)).decode(),
            "stop": stop,
            "at": at,
            "twice": twice,
        }
        (work / "request.json").write_text(json.dumps(request))
        (folder / "data").mkdir(exist_ok=True)
        self._errors = (work / "errors").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.testing.preparation_worker", work / "request.json", self._answer],
            env=os.environ
            | {
                "HARNESS_DATA": str(folder / "data"),
                "HARNESS_OFFLINE": "1",
                "OMP_NUM_THREADS": "1",
                "PYTHONHASHSEED": str(hash_seed),
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def lines(self, patience: float | None = None) -> Iterator[str]:
        """What it says, line by line, until it ends or says nothing for so many seconds."""
        assert self._process.stdout is not None
        # Read past Python's own buffer: a line that waits there would not show as readable.
        descriptor = self._process.stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while selector.select(patience):
                part = os.read(descriptor, 4096).decode(errors="replace")
                if not part:
                    return
                *whole, self._said = (self._said + part).split("\n")
                yield from whole

    def resume(self) -> None:
        """Let it go on after its pause; one that ended without a pause has nothing to be told."""
        assert self._process.stdin is not None
        # Asked first whether it still runs, it could end before the word arrives: the pipe itself knows.
        with suppress(BrokenPipeError):
            os.write(self._process.stdin.fileno(), b"\n")

    def finish(self, what: str, *, survives: bool = True) -> PreparationAnswer:
        """Wait for its end and read what it found; of a process that is meant to be killed, nothing.

        Raises:
            AssertionError: it failed; gives the last line of its error.
        """
        self._process.communicate()
        self._errors.seek(0)
        said = self._errors.read().strip().splitlines()
        self._errors.close()
        if not survives:
            return PreparationAnswer({}, ({}, {}), {}, 0, [])
        assert self._process.returncode == 0, f"{what}: {said[-1] if said else f'exit code {self._process.returncode}'}"
        found: dict[str, Any] = json.loads(self._answer.read_text())
        first, second = found["first"], found.get("second", found["first"])
        pairs = [{k: [(i, d) for i, d in v] for k, v in turn["digests"].items()} for turn in (first, second)]
        return PreparationAnswer(
            pairs[0], (first["files"], second["files"]), pairs[1], first["operations"], found["network"]
        )


def _meet(subject: TaskSubject, folder: Path, at: int, what: str) -> list[PreparationAnswer]:
    """Two processes: the first stops after an operation (0: nowhere), until the second has ended or waits for it."""
    with _ended(_Process(subject, folder, stop="pause", at=at)) as one:
        if at:
            next((line for line in one.lines() if line == PAUSED), None)
        with _ended(_Process(subject, folder)) as two:
            next((line for line in two.lines() if line == STARTED), None)
            in_a_row, last = 0, ""
            for line in two.lines(PATIENCE_S):
                in_a_row, last = (in_a_row + 1 if line == last else 1), line
                if line.startswith(TOUCHED) and in_a_row >= POLLS:
                    break
            one.resume()
            return [one.finish(what), two.finish(what)]


@contextmanager
def _ended(process: _Process) -> Iterator[_Process]:
    """No process outlives a failure."""
    try:
        yield process
    finally:
        process._process.kill()
        process._process.communicate()
        process._errors.close()


def _spread(count: int, most: int) -> list[int]:
    """At most so many of 1..count, evenly spread, the first and the last among them."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + round(i * (count - 1) / (most - 1)) for i in range(most)})


def _same(found: dict[str, Any], expected: dict[str, Any], what: str) -> None:
    for name in SPLITS:
        assert found[name] == expected[name], (
            f"{what}: the {name} split differs (expected {len(expected[name])} examples, found {len(found[name])})"
        )
