"""Sweeps that work on one grid at the same time, and sweeps that die while they do."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.store import RunView, Store
from harness.store.query import runs

TINY = ("model.hidden_size=8", "trainer.embedding_dim=8", "baselines=false", "sweep=shared")
GRID = ("sweep", *TINY, "task=faulty", "task.fault=waiting", "model=lstm,mean,rnn", "seed=0,1", "budget=steps:20")
PATIENCE_S = 200


class Sweep:
    """A `harness sweep` in the background."""

    def __init__(self, cli: Any, *words: str) -> None:
        self.cli = cli
        self.process = cli.start(*words)
        self.seen: dict[int, psutil.Process] = {}

    def family(self) -> list[psutil.Process]:
        """Every process that it has been seen to start, workers included, those that are gone left out."""
        with suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                self.seen.setdefault(child.pid, child)
        return [process for process in self.seen.values() if _lives(process)]

    def end(self, code: int) -> tuple[str, str]:
        """Wait until it ends; what it printed on standard output and standard error."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == code, f"{out}\n{err}"
        assert "Traceback" not in err, err
        return out, err

    def kill(self) -> None:
        """End everything that is left of it, and wait until it is gone: a signal that was sent is no death yet."""
        family = self.family()
        self.process.kill()
        for process in family:
            with suppress(psutil.Error):
                process.kill()
        self.process.communicate()
        _until(lambda: not self.family())


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@pytest.fixture
def start(cli: Any) -> Iterator[Callable[..., Sweep]]:
    """Starts sweeps; what is left of them ends with the test."""
    started: list[Sweep] = []

    def begin(*words: str) -> Sweep:
        started.append(Sweep(cli, *words))
        return started[-1]

    yield begin
    for sweep in started:
        sweep.kill()


def _views(cli: Any) -> list[RunView]:
    """The runs of the store with all that it knows; none as long as there is no store."""
    file = cli.folder / "results" / "store.db"
    if not file.exists():
        return []
    with closing(Store.open(f"sqlite:///{file}")) as store:
        return runs(store)


def _until(true: Callable[[], Any], *sweeps: Sweep) -> Any:
    """What the function answers once that is not nothing; the sweeps must not have ended before."""
    pause = threading.Event()
    for _ in range(10 * PATIENCE_S):
        ended = [sweep for sweep in sweeps if sweep.process.poll() is not None]
        found = true()
        if found:
            return found
        assert not ended, "\n".join("\n".join(sweep.process.communicate()) for sweep in ended)
        pause.wait(0.1)
    raise AssertionError("it never came to that")


def _running(cli: Any, sweep: Sweep) -> list[int]:
    """Processes of a sweep that own a running run."""
    sweep.family()
    file = cli.folder / "results" / "store.db"
    if not file.exists():
        return []
    with closing(Store.open(f"sqlite:///{file}")) as store, store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT owner_pid FROM runs WHERE status = 'running'").all()
    return [row.owner_pid for row in rows if row.owner_pid in sweep.seen]


def test_two_sweeps_share_a_grid_and_run_no_cell_twice(cli: Any, start: Callable[..., Sweep]) -> None:
    first, second = start(*GRID, "--workers", "2"), start(*GRID, "--workers", "2")
    _until(lambda: _running(cli, first) and _running(cli, second), first, second)
    (cli.folder / "healed").touch()
    (table, said), (again, also_said) = first.end(0), second.end(0)
    views = _views(cli)
    assert [view.status for view in views] == ["finished"] * 6
    assert [view.attempts for view in views] == [1] * 6
    assert table == again
    lines = [line for text in (said, also_said) for line in text.splitlines() if line.startswith("[")]
    assert len(lines) == 12  # each shows every cell once
    assert sum(line.endswith("(by another process)") for line in lines) == 6


def test_a_sweep_takes_over_what_a_killed_one_leaves(cli: Any, start: Callable[..., Sweep]) -> None:
    first = start(*GRID, "--workers", "1")
    _until(lambda: _running(cli, first), first)
    second = start(*GRID, "--workers", "1")
    _until(lambda: _running(cli, second), second)
    first.kill()
    (left,) = [view.key for view in _views(cli) if view.status == "interrupted"]
    (cli.folder / "healed").touch()
    second.end(0)
    attempts = {view.key: view.attempts for view in _views(cli) if view.status == "finished"}
    assert len(attempts) == 6
    assert attempts == {key: 2 if key == left else 1 for key in attempts}


def test_a_worker_whose_sweep_was_killed_stops_and_its_run_can_go_on(cli: Any, start: Callable[..., Sweep]) -> None:
    words = ("sweep", *TINY, "task=first_symbol", "model=lstm", "trainer.checkpoint_every_s=3600")
    sweep = start(*words, "budget=steps:100000", "trainer.validations=1")
    (worker,) = _until(lambda: _running(cli, sweep), sweep)
    (view,) = _views(cli)
    _until(lambda: _steps(cli), sweep)
    os.kill(sweep.process.pid, signal.SIGKILL)
    _until(lambda: not sweep.family())
    assert worker in sweep.seen
    with closing(Store.open(f"sqlite:///{cli.folder}/results/store.db")) as store, store.reading() as connection:
        (row,) = connection.exec_driver_sql("SELECT status FROM runs").all()
    assert row.status == "interrupted"  # as it said itself, not as concluded from its death
    assert (cli.folder / "results" / "runs" / view.key / "last.ckpt").is_file()


def test_exclusive_runs_of_two_sweeps_are_alone_one_after_another(cli: Any, start: Callable[..., Sweep]) -> None:
    words = ("sweep", *TINY, "task=first_symbol", "seed=0,1", "budget=steps:20", "exclusive=true", "--workers", "2")
    first, second = start(*words, "model=lstm"), start(*words, "model=rnn")
    first.end(0)
    second.end(0)
    views = sorted(_views(cli), key=lambda view: view.started_at or 0.0)
    assert len(views) == 4
    for earlier, later in itertools.pairwise(views):
        assert earlier.ended_at is not None
        assert later.started_at is not None
        assert earlier.ended_at <= later.started_at
    for view in views:
        assert view.summary is not None
        assert view.summary.machine["exclusive"] is True


def test_ctrl_c_twice_ends_workers_that_do_not_stop(cli: Any, start: Callable[..., Sweep]) -> None:
    words = ("task=faulty", "task.fault=deaf", "model=lstm,rnn", "baselines=false", "--workers", "1")
    sweep = start("sweep", *TINY[:2], *words)
    _until(lambda: _running(cli, sweep), sweep)
    _until(lambda: any(_is_deaf(process) for process in sweep.family()), sweep)
    sweep.process.send_signal(signal.SIGINT)
    assert sweep.process.stderr is not None
    said = iter(sweep.process.stderr.readline, "")
    assert any("press Ctrl-C again" in line for line in said)
    sweep.process.send_signal(signal.SIGINT)
    sweep.end(130)
    _until(lambda: not sweep.family())
    with closing(Store.open(f"sqlite:///{cli.folder}/results/store.db")) as store, store.reading() as connection:
        rows = connection.exec_driver_sql("SELECT status FROM runs ORDER BY id").all()
    assert [row.status for row in rows] == ["interrupted", "planned"]


def _is_deaf(process: psutil.Process) -> bool:
    """Whether it ignores SIGTERM and SIGINT, as workers on the task of that name do."""
    with suppress(OSError):
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        ignored = int(next(line.split()[1] for line in lines if line.startswith("SigIgn")), 16)
        return bool(ignored >> (signal.SIGTERM - 1) & 1 and ignored >> (signal.SIGINT - 1) & 1)
    return False


def _steps(cli: Any) -> int:
    """How many metric rows were written."""
    with closing(Store.open(f"sqlite:///{cli.folder}/results/store.db")) as store, store.reading() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM metrics").scalar() or 0)


def test_ctrl_c_once_lets_runs_write_their_checkpoint(cli: Any, start: Callable[..., Sweep]) -> None:
    words = (
        "sweep",
        *TINY,
        "task=first_symbol",
        "model=lstm",
        "seed=0,1,2",
        "budget=steps:2000",
        "trainer.validations=1",
        "--workers",
        "2",
    )
    sweep = start(*words)
    _until(lambda: len(_running(cli, sweep)) == 2 and _steps(cli), sweep)
    sweep.process.send_signal(signal.SIGINT)
    _, said = sweep.end(130)
    assert "press Ctrl-C again to stop at once" in said
    assert sorted(view.status for view in _views(cli)) == ["interrupted", "interrupted", "planned"]
    _until(lambda: not sweep.family())
    again = cli(*words)
    assert [view.status for view in _views(cli)] == ["finished"] * 3
    assert "0 already finished" not in again.stderr
