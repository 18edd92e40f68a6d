"""Processes that are timed in turn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.bench.processes import WorkerError, in_rounds, without_ours, worker
from harness.runtime import SPIN_COUNT

PLAIN = """
import os

def build(settings):
    print("what a library prints")
    log = open(settings["log"], "a")

    def answer(request):
        print("and again")
        if request.get("break"):
            raise ValueError("no such request")
        log.write(settings["letter"])
        log.flush()
        return {"seconds": 0.5, "asked": request}

    return {"built": settings, "threads": os.environ.get("OMP_NUM_THREADS"), "spin": os.environ.get("GOMP_SPINCOUNT"),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1}, answer
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "plain_worker.py").write_text(PLAIN, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return "plain_worker"


def test_a_worker_says_what_it_built_and_answers_whatever_libraries_print(module: str, tmp_path: Path) -> None:
    settings = {"letter": "a", "log": str(tmp_path / "log"), "text": "ä\n"}
    with worker("plain", module, settings) as process:
        assert process.about["built"] == settings
        assert process.ask(steps=3) == {"seconds": 0.5, "asked": {"steps": 3}}


def test_a_worker_gets_its_threads_and_none_of_our_settings(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", SPIN_COUNT)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with worker("plain", module, {"letter": "a", "log": str(tmp_path / "log"), "threads": 1}) as process:
        assert (process.about["threads"], process.about["spin"], process.about["cores"]) == ("1", None, 1)


def test_what_the_user_set_stays() -> None:
    assert without_ours({"GOMP_SPINCOUNT": "5", "A": "b"}) == {"GOMP_SPINCOUNT": "5", "A": "b"}


def test_workers_take_turns_and_every_other_round_goes_backwards(module: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        worker("first", module, {"letter": "a", "log": str(log)}) as first,
        worker("second", module, {"letter": "b", "log": str(log)}) as second,
    ):
        times = in_rounds([first, second], 3, steps=1)
    assert times == {"first": [0.5] * 3, "second": [0.5] * 3}
    assert log.read_text() == "ab" + "ab" + "ba" + "ab"


def test_a_worker_that_ends_early_is_named_with_its_last_words(module: str, tmp_path: Path) -> None:
    with (
        worker("plain", module, {"letter": "a", "log": str(tmp_path / "log")}) as process,
        pytest.raises(WorkerError, match="'plain' ended with exit code 1: ValueError: no such request"),
    ):
        process.ask(**{"break": True})


@pytest.mark.parametrize(
    ("name", "python", "message"),
    [
        ("plain_worker", "/nowhere/python", "'w' cannot be started: .*/nowhere/python.*--rivals"),
        ("no_such_module", sys.executable, "'w' ended with exit code 1: ModuleNotFoundError"),
    ],
    ids=["no interpreter", "no module"],
)
def test_a_worker_that_does_not_start_is_named(module: str, name: str, python: str, message: str) -> None:
    with pytest.raises(WorkerError, match=message), worker("w", name, {}, python):
        pass


def test_a_worker_whose_block_fails_is_ended(module: str, tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="ours"),
        worker("plain", module, {"letter": "a", "log": str(tmp_path / "log")}) as process,
    ):
        raise RuntimeError("ours")
    assert process._process.returncode == 0


_HOLDS_64_MIB = """
from harness.bench import memory

before = memory.forget_peak()
held = bytearray(b"x") * (64 << 20)
print(memory.peak_bytes() - before)
"""


def test_the_peak_of_memory_grows_with_what_is_held() -> None:
    # In a process of its own, since one that has run other tests may have that much in store.
    done = subprocess.run([sys.executable, "-c", _HOLDS_64_MIB], capture_output=True, text=True, check=True)
    assert 0.9 * (64 << 20) <= int(done.stdout) <= 1.5 * (64 << 20)
