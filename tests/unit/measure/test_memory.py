"""The peak memory watch."""

import mmap
import os
import subprocess
import sys
import threading

import psutil
import pytest

from harness.measure import process_tree
from harness.measure.memory import PeakMemory

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
        if threading.current_thread().name == "peak-memory" and watch._peak - start > 0.9 * BLOCK:
            grown.set()

    with watch:
        start = watch.peak_bytes
        watch._sample = sample
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
    monkeypatch.setattr(process_tree, "_pages", lambda pid: None)
    with PeakMemory() as watch:
        pass
    assert watch.kind == "rss"
    assert watch.peak_bytes == pytest.approx(process_tree.resident_bytes(psutil.Process()), rel=0.2)


def test_one_watch_is_not_entered_twice():
    with PeakMemory() as watch, pytest.raises(RuntimeError, match="already running"):
        watch.__enter__()


def test_phases_have_peaks_of_their_own_above_what_was_there_before():
    held = _fresh_pages()
    with PeakMemory(interval=60) as watch:
        watch.phase("training")
        block = _fresh_pages()
        watch.phase("evaluation")
        block.close()
        more = [_fresh_pages(), _fresh_pages()]
        found = watch.summary()
        for part in more:
            part.close()
    held.close()
    assert found["kind"] == "pss"
    assert found["base_bytes"] > BLOCK
    assert found["training_peak_bytes"] == pytest.approx(BLOCK, rel=0.1)
    assert found["evaluation_peak_bytes"] == pytest.approx(2 * BLOCK, rel=0.1)
    assert "accelerator_peak_bytes" not in found


def test_a_visit_is_charged_with_what_grows_during_it_only():
    with PeakMemory(interval=60) as watch:
        watch.phase("training")
        block = _fresh_pages()
        with watch.visit("evaluation"):
            pass
        assert "evaluation_peak_bytes" not in watch.summary()
        with watch.visit("evaluation"):
            more = _fresh_pages()
        found = watch.summary()
        block.close()
        more.close()
    assert found["training_peak_bytes"] == pytest.approx(BLOCK, rel=0.1)
    assert found["evaluation_peak_bytes"] == pytest.approx(2 * BLOCK, rel=0.1)


def test_what_is_apart_raises_no_peak():
    with PeakMemory(interval=60) as watch:
        watch.phase("evaluation")
        block = _fresh_pages()
        before, whole = watch.summary(), watch.peak_bytes
        with watch.apart():
            more = [_fresh_pages(), _fresh_pages()]
            watch.summary()  # takes a sample
            for part in more:
                part.close()
        assert watch.summary() == before
        assert watch.peak_bytes == pytest.approx(whole, rel=0.05)
        block.close()


def test_processes_that_the_run_starts_count_with_it():
    code = f"block = bytearray({BLOCK})\nblock[::4096] = bytes(len(block[::4096]))\nprint(flush=True)\ninput()"
    this = psutil.Process()
    with (
        PeakMemory(interval=60) as watch,
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child,
    ):
        watch.phase("training")
        child.stdout.readline()
        found, with_child = watch.summary(), process_tree.memory(this)
        child.communicate(b"\n")
        child.wait()
        without = process_tree.memory(this)
    assert with_child.proportional - without.proportional > 0.8 * BLOCK
    assert found["training_peak_bytes"] > 0.9 * BLOCK


def test_what_a_fork_inherits_is_not_counted_even_when_it_is_copied():
    inherited = _fresh_pages()
    receiver, sender = os.pipe()
    pid = os.fork()
    if pid == 0:
        with PeakMemory(interval=60) as watch:
            watch.phase("training")
            for offset in range(0, BLOCK, mmap.PAGESIZE):
                inherited[offset] = 2
            os.write(sender, str(watch.summary()["training_peak_bytes"]).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    grown = int(os.read(receiver, 100))
    os.close(receiver)
    os.close(sender)
    inherited.close()
    assert grown < 0.2 * BLOCK
