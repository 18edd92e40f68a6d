"""The record of where a run ran."""

import getpass
import hashlib
import json
import os
import platform
import socket
import subprocess
from pathlib import Path

import psutil
import pytest
import torch

from harness.measure import environment as module
from harness.measure.environment import measure_environment


@pytest.fixture(autouse=True)
def _short_calibration(monkeypatch):
    monkeypatch.setattr(module, "_CALIBRATION_S", 0.01)


def test_the_fingerprint_says_what_decides_speed():
    record = measure_environment("cpu", 1)
    fingerprint = record.fingerprint
    assert fingerprint["threads"] == 1
    assert fingerprint["logical_cores"] == os.cpu_count()
    assert fingerprint["accelerator"] is None
    assert fingerprint["python"].endswith(platform.python_version())
    assert fingerprint["libraries"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert fingerprint["blas"]["capability"] == torch.backends.cpu.get_cpu_capability()
    assert abs(fingerprint["memory_gib"] - psutil.virtual_memory().total / 2**30) <= 0.5
    assert fingerprint["cpu"]


def test_the_hash_is_of_the_fingerprint_alone():
    first, second = measure_environment("cpu", 1), measure_environment(torch.device("cpu"), 1)
    assert first.hash == second.hash
    assert first.fingerprint == second.fingerprint
    text = json.dumps(json.loads(json.dumps(first.fingerprint)), sort_keys=True, separators=(",", ":"))
    assert first.hash == hashlib.sha256(text.encode()).hexdigest()


def test_threads_allocator_and_settings_change_the_hash(monkeypatch):
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    base = measure_environment("cpu", 1)
    assert measure_environment("cpu", 2).hash != base.hash
    tuned = measure_environment("cpu", 1, allocator={"mmap_threshold": 2**30})
    assert tuned.hash != base.hash
    assert tuned.fingerprint["allocator"] == {"mmap_threshold": 2**30}
    monkeypatch.setenv("GOMP_SPINCOUNT", "10000")
    spinning = measure_environment("cpu", 1)
    assert spinning.hash != base.hash
    assert spinning.fingerprint["settings"]["GOMP_SPINCOUNT"] == "10000"


def test_what_is_observed():
    observed = measure_environment("cpu", 1).observed
    assert observed["calibration_gflops"] > 0
    assert {"git", "governor", "load_average", "swap"} <= observed.keys()


def test_no_host_user_or_path_is_recorded(monkeypatch):
    monkeypatch.setenv("LD_PRELOAD", "")
    monkeypatch.setenv("GOMP_SPINCOUNT", "/home/somebody/spin")
    record = measure_environment("cpu", 1)
    text = json.dumps([record.fingerprint, record.observed])
    assert "/home" not in text
    assert str(Path(module.__file__).parent) not in text
    words = {w.strip('",:[]{}') for w in text.split()}
    assert not {socket.gethostname(), getpass.getuser()} & words


def test_a_preloaded_allocator_is_named_without_its_path(monkeypatch):
    monkeypatch.setattr(module.os, "environ", {"LD_PRELOAD": "/usr/lib/libjemalloc.so.2"})
    assert module._preloaded_allocator() == {"preloaded": "jemalloc"}


def test_git_of_a_checkout_and_of_an_installation(monkeypatch, tmp_path):
    package = tmp_path / "harness" / "__init__.py"
    package.parent.mkdir()
    package.touch()
    monkeypatch.setattr(module.harness, "__file__", str(package))
    assert module._git() is None

    def git(*words: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *words], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    assert module._git() is None  # no commit yet
    git("add", ".")
    git("commit", "-qm", "first")
    assert module._git() == {"commit": git("rev-parse", "HEAD"), "dirty": False}
    package.write_text("changed")
    assert module._git() == {"commit": git("rev-parse", "HEAD"), "dirty": True}


def test_a_system_that_tells_nothing_still_gives_a_record(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError("not here")

    monkeypatch.setattr(module, "_read", lambda path: "")
    monkeypatch.setattr(module.subprocess, "run", refuse)
    monkeypatch.setattr(module.os, "getloadavg", refuse)
    monkeypatch.setattr(module.psutil, "swap_memory", refuse)
    monkeypatch.delattr(module.os, "sched_getaffinity", raising=False)
    record = measure_environment("cpu", 1)
    assert record.fingerprint["cpu"]
    assert record.fingerprint["usable_cores"] == os.cpu_count()
    assert (record.observed["git"], record.observed["load_average"], record.observed["swap"]) == (None, None, None)


def test_global_state_of_torch_is_left_alone():
    threads, random = torch.get_num_threads(), torch.get_rng_state()
    measure_environment("cpu", threads)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), random)
