"""Runs that are timed alone keep one another, and what prepares them, away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.sweeping.machine_lock import lock_file, machine_lock

HOLDER = """
import sys
from harness.sweeping.machine_lock import machine_lock
with machine_lock(alone=sys.argv[1] == "alone", on_wait=lambda: print("waits", flush=True)):
    print("has it", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)


def _holder(how: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        ("alone", "alone", "waits"),
        ("alone", "together", "waits"),
        ("together", "alone", "waits"),
        ("together", "together", "has it"),
    ],
)
def test_who_waits_for_whom(first: str, second: str, answer: str) -> None:
    with _holder(first) as one, _holder_after(one, second) as other:
        assert _says(other) == answer
        one.communicate("\n")
        if answer == "waits":
            assert _says(other) == "has it"
        other.communicate("\n")


def _holder_after(one: subprocess.Popen[str], how: str) -> subprocess.Popen[str]:
    assert _says(one) == "has it"
    return _holder(how)


def test_a_process_that_is_killed_frees_the_lock() -> None:
    with _holder("alone") as one:
        assert _says(one) == "has it"
        one.kill()
        one.communicate()
        with machine_lock(alone=True, on_wait=lambda: pytest.fail("it is still held")):
            pass


def test_waiting_can_be_interrupted() -> None:
    with _holder("alone") as one, _holder_after(one, "alone") as other:
        assert _says(other) == "waits"
        other.send_signal(signal.SIGINT)
        other.communicate()
        assert other.returncode != 0
        one.communicate("\n")
        assert one.returncode == 0


def test_threads_of_one_process_wait_too() -> None:
    waited = threading.Event()
    with machine_lock(alone=True):

        def take() -> None:
            with machine_lock(alone=True, on_wait=waited.set):
                pass

        thread = threading.Thread(target=take)
        thread.start()
        assert waited.wait(60)
    thread.join(60)
    assert not thread.is_alive()


def test_a_link_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    os.symlink(target, lock_file())
    with pytest.raises(StoreError, match="the lock of runs with exclusive=true"), machine_lock(alone=True):
        pass
    assert target.read_text() == "precious"
