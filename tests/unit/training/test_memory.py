"""The peak memory watch."""

import mmap
import threading

import psutil
import pytest

from harness.training import memory
from harness.training.memory import PeakMemory

BLOCK = 150 * 2**20


def _fresh_pages() -> mmap.mmap:
    """Memory from the system: a bytearray might get what earlier tests freed, and the process would not grow."""
    block = mmap.mmap(-1, BLOCK, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for offset in range(0, BLOCK, mmap.PAGESIZE):
        block[offset] = 1
    return block


def test_a_block_held_inside_counts_and_stays_counted_after_it_is_freed():
    with PeakMemory(interval=60) as watch:
        before = watch.peak_bytes
        block = _fresh_pages()
        with_block = watch.peak_bytes
        block.close()
    assert with_block - before > 0.9 * BLOCK
    assert watch.peak_bytes >= with_block


def test_the_thread_sees_a_peak_that_nobody_asks_for():
    grown = threading.Event()
    watch = PeakMemory(interval=0.005)
    original = watch._sample

    def sample() -> None:
        original()
        if threading.current_thread().name == "peak-memory":
            grown.set()

    watch._sample = sample
    with watch:
        start = watch._peak
        block = _fresh_pages()
        assert grown.wait(30)
        block.close()
    assert watch.peak_bytes - start > 0.9 * BLOCK


def test_nothing_runs_after_the_block():
    with PeakMemory() as watch:
        assert any(t.name == "peak-memory" for t in threading.enumerate())
    assert not any(t.name == "peak-memory" for t in threading.enumerate())
    assert watch.peak_bytes > 0


def test_an_error_inside_passes_and_stops_the_watch():
    watch = PeakMemory()
    with pytest.raises(KeyError), watch:
        raise KeyError
    assert not any(t.name == "peak-memory" for t in threading.enumerate())


def test_the_resident_size_stands_in_where_the_proportional_one_is_hidden(monkeypatch):
    monkeypatch.setattr(memory, "_pss", lambda process: None)
    with PeakMemory() as watch:
        pass
    assert watch.kind == "rss"
    assert watch.peak_bytes == pytest.approx(psutil.Process().memory_info().rss, rel=0.2)


def test_a_refused_reading_is_no_error(monkeypatch):
    def refuse(self: psutil.Process) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil.Process, "memory_full_info", refuse)
    with PeakMemory() as watch:
        pass
    assert watch.kind == "rss"


def test_one_watch_is_not_entered_twice():
    with PeakMemory() as watch, pytest.raises(RuntimeError, match="already watching"):
        watch.__enter__()
