"""Work in a forked process: its result comes, and whatever becomes of the process, the result is the same."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from harness.report import background as processes
from harness.report import build, pages
from harness.report.background import in_background
from harness.report.load import load
from harness.store import Store


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with two cores, in a process without threads."""
    monkeypatch.setattr(processes, "cores", lambda: 2)
    monkeypatch.setattr(threading, "active_count", lambda: 1)


def dies_elsewhere(parent: int) -> int:
    if os.getpid() != parent:
        os._exit(9)
    return os.getpid()


def fails_elsewhere(parent: int) -> int:
    if os.getpid() != parent:
        raise ValueError("only there")
    return os.getpid()


def test_work_is_done_in_another_process() -> None:
    with in_background(os.getpid) as result:
        assert result() != os.getpid()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("work", [dies_elsewhere, fails_elsewhere])
def test_what_fails_there_is_done_here(work: Callable[[int], int]) -> None:
    with in_background(partial(work, os.getpid())) as result:
        assert result() == os.getpid()


def test_what_fails_here_too_is_raised() -> None:
    with pytest.raises(ZeroDivisionError), in_background(lambda: 1 // 0) as result:
        result()


def test_a_process_ends_with_its_block() -> None:
    with pytest.raises(KeyboardInterrupt), in_background(threading.Event().wait):
        raise KeyboardInterrupt
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("reason", ["one core", "threads"])
def test_without_use_or_safety_nothing_is_forked(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    monkeypatch.setattr(processes, "cores", lambda: 1 if reason == "one core" else 2)
    monkeypatch.setattr(threading, "active_count", lambda: 2 if reason == "threads" else 1)
    with in_background(os.getpid) as result:
        assert result() == os.getpid()


def test_a_report_is_the_same_whoever_writes_the_pages_of_its_runs(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    asked = []
    monkeypatch.setattr(pages, "in_background", lambda work: asked.append(work) or in_background(work))
    number = len(load(filled).runs)
    for folder, many in ((here, number + 1), (there, number)):
        monkeypatch.setattr(pages, "MANY", many)
        build(filled, folder)
    assert len(asked) == 1
    files = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in (here, there)]
    assert files[0] == files[1]
    assert any(name.parent.name == "runs" for name in files[0])
