"""The watch over the machine: what others used, whether the run waited, and what is called contended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from harness.measure import load
from harness.measure.load import MachineLoad, contended

CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


def _burn(seconds: float) -> None:
    """Use a core until this thread has had so much of it."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The system's counters under the test's control: two cores, one process."""
    values: dict[str, Any] = {"read": (0.0, 0.0, 0.0, 0.0), "waits": (0.0, 0.0), "known": True}

    class Waits:
        known = True

        def take(self) -> tuple[float, float]:
            self.known = values["known"]
            taken, values["waits"] = values["waits"], (0.0, 0.0)
            return taken

    monkeypatch.setattr(MachineLoad, "_read", lambda self: values["read"])
    monkeypatch.setattr(load, "_ThreadTimes", Waits)
    monkeypatch.setattr(load, "_usable", lambda: [0, 1])
    monkeypatch.setattr(load, "_load_average", lambda: 1.5)
    return values


def test_what_others_used_is_what_the_cores_gave_less_what_this_tree_got(counters: dict[str, Any]) -> None:
    with MachineLoad(1, interval=60) as load:
        counters["read"] = (20.0, 15.0, 0.0, 9.0)
        counters["waits"] = (9.0, 1.0)
        found = load.summary(exclusive=True)
    assert found["other_cpu_share"] == 0.3
    assert found["waiting_share"] == 0.1
    assert found["load_average_mean"] == found["load_average_max"] == 1.5
    assert found["contended"] is True
    assert found["exclusive"] is True


def test_only_training_counts_where_there_was_some(counters: dict[str, Any]) -> None:
    with MachineLoad(1, interval=60) as load:
        counters["read"], counters["waits"] = (20.0, 20.0, 0.0, 0.0), (0.0, 10.0)  # busy while data is prepared
        load.phase("training")
        counters["read"], counters["waits"] = (40.0, 30.0, 0.0, 10.0), (10.0, 0.0)
        with load.visit("evaluation"):
            counters["read"], counters["waits"] = (60.0, 50.0, 0.0, 10.0), (0.0, 10.0)
        counters["read"], counters["waits"] = (80.0, 60.0, 0.0, 20.0), (10.0, 0.0)
        load.phase("evaluation")
        counters["read"], counters["waits"] = (90.0, 70.0, 0.0, 20.0), (0.0, 10.0)
    found = load.summary(exclusive=False)
    assert (found["other_cpu_share"], found["waiting_share"], found["contended"]) == (0.0, 0.0, False)


def test_what_happens_after_the_block_does_not_count(counters: dict[str, Any]) -> None:
    with MachineLoad(1, interval=60) as load:
        counters["read"] = (20.0, 10.0, 0.0, 10.0)
    counters["read"] = (40.0, 30.0, 0.0, 10.0)
    assert load.summary(exclusive=False)["other_cpu_share"] == 0.0


def test_a_system_that_does_not_count_waiting_leaves_it_out(counters: dict[str, Any]) -> None:
    counters["known"] = False
    with MachineLoad(1, interval=60) as load:
        counters["read"] = (20.0, 20.0, 0.0, 10.0)
        found = load.summary(exclusive=False)
    assert "waiting_share" not in found
    assert found["contended"] is False  # the other core was free to be used


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ({"waiting_share": 0.01, "other_cpu_share": 0.5}, False),  # two pinned workers with a core each
        ({"waiting_share": 0.5, "other_cpu_share": 0.25}, True),  # two processes on one core
        ({"waiting_share": 0.0, "stolen_share": 0.2}, True),  # a hypervisor that gives the core to others
        ({"other_cpu_share": 0.5}, False),
        ({"other_cpu_share": 0.6}, True),
        ({"other_cpu_share": 0.04, "threads": 2}, False),
        ({"other_cpu_share": 0.06, "threads": 2}, True),
        ({"other_cpu_share": 0.06, "threads": 8}, True),
        ({}, False),
    ],
)
def test_contended_means_that_the_run_lacked_a_core(measured: dict[str, Any], expected: bool) -> None:
    assert contended({"threads": 1, "cores": 2, **measured}) is expected


_NEIGHBOUR = "import os, sys\nif len(sys.argv) > 1: os.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
_LAUNCHER = """
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdout=subprocess.DEVNULL).pid)
"""


@pytest.fixture
def crowded() -> Iterator[None]:
    """Busy processes that are no children of this one: on its one core, or two for every core."""
    pins = [str(CORES[0])] if hasattr(os, "sched_setaffinity") else []
    launcher = [sys.executable, "-c", _LAUNCHER, _NEIGHBOUR, *pins]
    started = [subprocess.check_output(launcher) for _ in range(1 if pins else 2 * (os.cpu_count() or 1))]
    neighbours = [psutil.Process(int(pid)) for pid in started]
    try:
        while any(neighbour.cpu_times().user < 0.1 for neighbour in neighbours):
            threading.Event().wait(0.01)
        if pins:
            os.sched_setaffinity(0, {CORES[0]})
        yield
    finally:
        if pins:
            os.sched_setaffinity(0, CORES)
        for neighbour in neighbours:
            neighbour.kill()


def test_a_process_that_shares_its_core_with_another_busy_one_is_contended(crowded: None) -> None:
    with MachineLoad(1, interval=60) as load:
        load.phase("training")
        _burn(0.5)
    found = load.summary(exclusive=False)
    assert found["contended"] is True
    assert found["other_cpu_share"] > 0.1


def test_processor_time_of_processes_that_the_run_starts_is_its_own() -> None:
    used = psutil.Process()
    before = load.process_tree.cpu_seconds(used)
    code = "import time\nwhile time.process_time() < 0.5: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        alive = load.process_tree.cpu_seconds(used)
        child.communicate(b"\n")
    after = load.process_tree.cpu_seconds(used)
    assert alive - before > 0.4
    assert after - before > 0.4


def test_a_thread_that_ended_before_the_summary_is_remembered() -> None:
    done, seen = threading.Event(), threading.Event()

    def work() -> None:
        _burn(0.3)
        done.set()
        seen.wait(60)

    with MachineLoad(1, interval=60) as load:
        thread = threading.Thread(target=work)
        thread.start()
        done.wait(60)
        load.phase("training")
        seen.set()
        thread.join()
        assert load._used["setup"].ran > 0.25


def test_nothing_runs_after_the_block_and_it_is_not_entered_twice() -> None:
    with MachineLoad(1) as load:
        assert any(t.name == "machine-load" for t in threading.enumerate())
        with pytest.raises(RuntimeError, match="already running"):
            load.__enter__()
    assert not any(t.name == "machine-load" for t in threading.enumerate())
