"""The cache folder: whole or absent, built once, whoever asks and whatever dies."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.data.cache import build_once, cache_dir, offline
from harness.errors import DataError

BUILDER = """
import sys
from pathlib import Path
from harness.data.cache import build_once

def build(folder):
    with open(sys.argv[2], "a") as log:
        log.write("built\\n")
    (folder / "half").write_text("x")
    if sys.argv[3] == "hang":
        print("half done", flush=True)
        sys.stdin.read()
    (folder / "whole").write_text("y")

build_once(Path(sys.argv[1]), build)
"""


def start(folder: Path, log: Path, mode: str) -> subprocess.Popen:
    command = [sys.executable, "-c", BUILDER, str(folder), str(log), mode]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_the_folder_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "here"))
    assert cache_dir() == tmp_path / "here"
    monkeypatch.setenv("HARNESS_DATA", "")
    assert cache_dir().name == "sequence-harness"


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("yes", True), ("0", False), ("", False), ("off", False)])
def test_offline_is_read_from_the_environment(monkeypatch, value, expected):
    monkeypatch.setenv("HARNESS_OFFLINE", value)
    assert offline() is expected


def test_a_second_call_builds_nothing(tmp_path):
    calls = []
    for _ in range(2):
        built = build_once(tmp_path / "a" / "data", lambda folder: calls.append((folder / "x").write_text("1")))
    assert (built / "x").read_text() == "1"
    assert len(calls) == 1


def test_a_build_that_fails_leaves_nothing_and_can_be_repeated(tmp_path):
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        build_once(tmp_path / "data", fail)
    assert not (tmp_path / "data").exists()
    assert not list(tmp_path.glob(".data.partial-*"))
    build_once(tmp_path / "data", lambda folder: (folder / "whole").write_text("y"))
    assert [p.name for p in (tmp_path / "data").glob("[!.]*")] == ["whole"]


def test_processes_at_once_build_once(tmp_path):
    log = tmp_path / "log"
    processes = [start(tmp_path / "data", log, "finish") for _ in range(3)]
    for process in processes:
        process.communicate()
    assert [p.returncode for p in processes] == [0, 0, 0]
    assert log.read_text() == "built\n"


def test_a_killed_build_is_cleared_away_and_repeated(tmp_path):
    log = tmp_path / "log"
    killed = start(tmp_path / "data", log, "hang")
    assert killed.stdout is not None
    assert killed.stdout.readline() == "half done\n"
    os.kill(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert not (tmp_path / "data").exists()
    finished = start(tmp_path / "data", log, "finish")
    finished.communicate()
    assert finished.returncode == 0
    assert {p.name for p in (tmp_path / "data").glob("[!.]*")} == {"half", "whole"}
    assert not list(tmp_path.glob(".data.partial-*"))


def test_a_cache_below_a_file_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cache cannot be written.*Set HARNESS_DATA"):
        build_once(tmp_path / "file" / "data", lambda _: None)


@pytest.mark.unprivileged
def test_a_read_only_cache_is_one_clear_error(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(DataError, match=r"cache cannot be written.*Set HARNESS_DATA"):
            build_once(tmp_path / "data", lambda _: None)
    finally:
        tmp_path.chmod(0o700)
