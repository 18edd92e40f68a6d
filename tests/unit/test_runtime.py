"""What a process does before it computes: how many cores it counts, and how it imports."""

from __future__ import annotations

import gc
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import runtime
from harness.runtime import free_memory_bytes, importing, usable_cores

LIGHTNING = """
import sys
from harness.runtime import import_lightning, importing, tune_allocator
{before}
tune_allocator()
with importing():
    import_lightning()
import_lightning()
import pytorch_lightning, torchmetrics
print("scipy.signal" in sys.modules, "scipy.stats" in sys.modules)
import scipy.signal
print(scipy.signal.hilbert.__module__, len(scipy.signal.windows.hamming(8)))
"""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "250000 100000\n"}, 2.5),
        ({"cpu.max": "max 100000\n"}, math.inf),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, math.inf),
        ({"cpu.max": ""}, math.inf),
        ({}, math.inf),
    ],
    ids=["v2", "v2 without a limit", "v1", "v1 without a limit", "unreadable", "no container"],
)
def test_a_containers_share_of_the_cores_is_read(files: dict[str, str], expected: float, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert runtime._processor_quota(tmp_path) == expected


@pytest.mark.parametrize(("quota", "expected"), [(math.inf, 4), (2.5, 2), (0.5, 1), (8.0, 4)])
def test_cores_are_those_of_the_affinity_or_fewer(quota: float, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(runtime, "_processor_quota", lambda: quota)
    assert usable_cores() == expected


def test_garbage_is_looked_for_again_after_imports_and_what_they_made_is_left_alone() -> None:
    before, was_on = gc.get_freeze_count(), gc.isenabled()
    gc.enable()  # a command that was called in this process may have switched it off
    try:
        with importing():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()
        if not was_on:
            gc.disable()


@pytest.mark.parametrize(
    ("before", "seen"),
    [("", "False False"), pytest.param("import scipy.signal", "True True", marks=pytest.mark.exhaustive)],
    ids=["alone", "after scipy.signal"],
)
def test_lightning_comes_without_signal_processing_which_others_still_get_whole(before: str, seen: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHTNING.format(before=before)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-2:] == [seen, "scipy.signal._signaltools 8"]


def test_a_containers_memory_limit_counts(tmp_path, monkeypatch):
    limit, none = tmp_path / "limit", tmp_path / "none"
    limit.write_text("123456\n")
    none.write_text("max\n")
    monkeypatch.setattr(runtime, "_MEMORY_LIMITS", (str(none), str(tmp_path / "missing")))
    assert free_memory_bytes() > 123456
    monkeypatch.setattr(runtime, "_MEMORY_LIMITS", (str(none), str(limit)))
    assert free_memory_bytes() == 123456
