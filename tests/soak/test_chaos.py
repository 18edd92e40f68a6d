"""A sweep of 40 runs under everything that can go wrong, compared with one that was left alone."""

from __future__ import annotations

import contextlib
import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from postgresql_server import PostgresqlServer

WORDS = (
    "sweep",
    "experiment=generated",
    "task=first_symbol,speech_recognition",
    "model=rnn,lstm,bilstm,stacked_lstm,mean",
    "seed=0,1,2,3",
    "budget=steps:300",
    "trainer.log_every=10",
    "trainer.checkpoint_every_s=0.1",
    "--workers",
    "4",
)
CELLS = 40
EVENTS = (
    "kill a worker",
    "kill the sweep",
    "stop the sweep",
    "fill the disk",
    "spoil a checkpoint",
    "restart the server",
)


@pytest.fixture(scope="module")
def calm(make_cli: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the sweep ends with when nobody disturbs it."""
    cli = make_cli(tmp_path_factory.mktemp("calm"))
    cli(*WORDS)
    return _outcome(cli)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.service, pytest.mark.postgresql])])
def place(request: pytest.FixtureRequest, make_cli: Any, tmp_path: Path) -> Iterator[tuple[Any, Any]]:
    """A command line whose results lie on a disk of 128 MB, and the server of its store (None for SQLite)."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", disk], check=True)
    cli = make_cli(tmp_path / "work")
    cli.environment["HARNESS_RESULTS"] = str(disk / "results")
    server = PostgresqlServer(durable=True) if request.param == "postgresql" else None
    if server is not None:
        cli.environment["HARNESS_STORE"] = server.database()
    try:
        yield cli, server
    finally:
        if server is not None:
            server.close()
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.soak
def test_after_any_disturbance_every_cell_is_finished_once_and_as_in_a_calm_run(
    place: tuple[Any, Any], calm: dict[str, Any]
) -> None:
    cli, server = place
    draw = random.Random(20261124)
    chaos = Chaos(cli, server, draw)
    kept: dict[str, Any] = {}
    for number, event in enumerate(_events(draw, server is not None)):
        chaos.disturb(event)
        finished = {key: run for key, run in _outcome(cli).items() if run["status"] == "finished"}
        assert kept.items() <= finished.items(), f"after event {number}, {event}: a finished run was lost or run again"
        kept = finished
    print(f"{dict(chaos.done)}; {len(kept)} of {CELLS} were finished before the last start")
    assert set(chaos.done) >= set(EVENTS) - ({"restart the server"} if server is None else set())
    cli(*WORDS, "--retry", "failed")
    ended = _outcome(cli)
    assert len(ended) == CELLS
    assert kept.items() <= ended.items()
    for key, run in calm.items():
        assert ended[key]["status"] == "finished"
        assert ended[key]["result"] == run["result"]
        assert ended[key]["curve"] == run["curve"]
    assert max(run["attempts"] for run in ended.values()) > 1
    assert not [process for process in _workers(cli)]


def _events(draw: random.Random, with_server: bool) -> list[str]:
    """Three rounds of all kinds, each in a drawn order."""
    kinds = [event for event in EVENTS if with_server or event != "restart the server"]
    return [event for _ in range(3) for event in draw.sample(kinds, len(kinds))]


class Chaos:
    """Starts the sweep and disturbs it at a drawn moment."""

    def __init__(self, cli: Any, server: Any, draw: random.Random) -> None:
        self._cli, self._server, self._draw = cli, server, draw
        self._disk = Path(cli.environment["HARNESS_RESULTS"]).parent
        self.done: dict[str, int] = {}

    def disturb(self, event: str) -> None:
        """One start of the sweep, which ends by itself or is ended."""
        with (self._cli.folder / "stderr.txt").open("a") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "harness", *WORDS, "--retry", "failed"],
                cwd=self._cli.folder,
                env=self._cli.environment,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        _until(lambda: process.poll() is not None or _busy(process))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self._draw.uniform(0.0, 8.0))
        if process.poll() is None:
            self.done[event] = self.done.get(event, 0) + 1
            getattr(self, "_" + event.replace(" ", "_"))(process)
        process.wait(300)
        (self._disk / "filler").unlink(missing_ok=True)
        _until(lambda: not _workers(self._cli))

    def _kill_a_worker(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(3):
            workers = _workers(self._cli)
            if workers:
                with contextlib.suppress(psutil.Error):
                    self._draw.choice(workers).kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._draw.uniform(0.2, 1.0))
        process.send_signal(signal.SIGTERM)

    def _kill_the_sweep(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()

    def _stop_the_sweep(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(self._draw.choice([signal.SIGTERM, signal.SIGINT]))

    def _fill_the_disk(self, process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(OSError), (self._disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(bytes(1 << 16))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self._draw.uniform(1.0, 4.0))
        (self._disk / "filler").unlink()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(2.0)
        process.send_signal(signal.SIGTERM)

    def _spoil_a_checkpoint(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        for worker in _workers(self._cli):
            with contextlib.suppress(psutil.Error):
                worker.kill()
        for checkpoint in self._disk.glob("results/runs/*/last.ckpt"):
            whole = bytearray(checkpoint.read_bytes())
            whole[self._draw.randrange(len(whole))] ^= 0xFF
            checkpoint.write_bytes(whole)

    def _restart_the_server(self, process: subprocess.Popen[bytes]) -> None:
        self._server.restart(self._draw.choice([signal.SIGINT, signal.SIGQUIT]))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(self._draw.uniform(1.0, 3.0))
        process.send_signal(signal.SIGTERM)


def _outcome(cli: Any) -> dict[str, Any]:
    """By key: state, attempts, final metrics and the whole curve, without what is measured in seconds."""
    cli("store", "export", "exported", "--format", "parquet")
    import pandas as pd

    tables = {name: pd.read_parquet(cli.folder / "exported" / f"{name}.parquet") for name in ("runs", "metrics")}
    by_id = dict(zip(tables["runs"]["id"], tables["runs"]["key"], strict=True))
    curves: dict[str, list[Any]] = {}
    for row in tables["metrics"].itertuples():
        value = None if math.isnan(row.value) else row.value
        curves.setdefault(by_id[row.run_id], []).append([row.name, row.step, value, row.epoch, row.examples])
    results = {run["key"]: run["metrics"] for run in cli.runs()}
    assert len(by_id) == len(set(by_id.values())), "a run stands in the store twice"
    return {
        row.key: {
            "status": row.status,
            "attempts": int(row.attempts),
            "result": json.dumps(results[row.key], sort_keys=True),
            "curve": sorted(map(json.dumps, curves.get(row.key, []))),
        }
        for row in tables["runs"].itertuples()
    }


def _workers(cli: Any) -> list[psutil.Process]:
    """Processes that run a job of this sweep: those with a file of its results folder open."""
    folder, found = cli.environment["HARNESS_RESULTS"] + "/runs/", []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and any(file.path.startswith(folder) for file in process.open_files()):
                found.append(process)
    return found


def _busy(process: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(psutil.Error):
        return len(psutil.Process(process.pid).children(recursive=True)) > 2
    return True


def _until(condition: Any) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
