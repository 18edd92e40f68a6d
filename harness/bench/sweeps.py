"""A sweep of small runs against the same runs executed in other ways, and the time until a run starts to train.

Every cell is run three times: by its own command, by one sweep of all, and in one warm process with a thread per core.
Each way has its own store, and its cells are timed as a block, since they take so long that single cells would be
minutes apart anyway; the order rotates from round to round.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.bench.comparison import BenchRow, row, timed
from harness.runtime import usable_cores
from harness.store import Store
from harness.store.place import sqlite_url
from harness.store.query import RunView, runs

WORDS = (
    "task=speech_recognition",
    "task.dataset=tones",
    "task.train_strings=256",
    "task.val_strings=32",
    "task.test_strings=32",
    "model.hidden_size=128",
    "trainer.embedding_dim=64",
    "trainer.validations=1",
    "budget=steps:80",
)
"""Generated data, so that no network is needed; seconds for a run."""

MODELS = ("rnn", "lstm", "bilstm", "stacked_lstm", "attention_lstm", "cnn_lstm")
SEEDS = 4

FIRST_STEP_S = 6.0
"""The longest acceptable wait until a run trains, with everything imported and prepared once before."""

_UNTIL_FIRST_STEP = ("setup", "data_preparation", "data_wait", "warmup", "other", "unattributed")
"""Phases up to the end of the first step; two of them continue after it, for a few milliseconds in total."""


@dataclass
class _Times:
    """Seconds, one of each for every round.

    Attributes:
        serial: of all commands, one after another.
        sweep: of the sweep's command.
        rate: from the start of the sweep's first run to the end of its last.
        one: of all cells in one warm process.
        first_step: from the start of a command to the end of its first step, for every single command.
    """

    serial: list[float] = field(default_factory=list)
    sweep: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    one: list[float] = field(default_factory=list)
    first_step: list[float] = field(default_factory=list)


def sweep_rows(
    rounds: int, words: Sequence[str] = WORDS, models: Sequence[str] = MODELS, seeds: int = SEEDS
) -> list[BenchRow]:
    """A sweep over single commands and over one warm process, and the start of a run: three rows.

    Args:
        rounds: of all three ways; about four minutes each on two cores, with the default cells.
        words: of every cell.
        models, seeds: of the grid.
    """
    times = _Times()
    with TemporaryDirectory(prefix="harness-bench-") as name:
        folder = Path(name)
        _prepare(folder, words, models[0])
        for number in range(rounds):
            ways = [_commands, _sweep, _one_process]
            for way in ways[number % 3 :] + ways[: number % 3]:
                way(folder / f"{way.__name__}-{number}", words, models, seeds, times)
    cells = f"{len(models) * seeds} runs of {words[-1].partition('=')[2]} each"
    return [
        row(
            "sweep-vs-serial",
            times.serial,
            times.sweep,
            limit=2.5,
            better="larger",
            about=f"{cells}, one harness run after another, over one harness sweep",
        ),
        row(
            "sweep-vs-one-process",
            times.one,
            times.rate,
            limit=1.25,
            better="larger",
            about=f"{cells}, in turn in one warm process with {usable_cores()} threads, over a sweep from the start of "
            "its first run to the end of its last",
        ),
        row(
            "start-to-first-step",
            times.first_step,
            [1.0] * len(times.first_step),
            limit=FIRST_STEP_S,
            about="seconds from the start of harness run to the end of its first step, over one second",
        ),
    ]


def _prepare(folder: Path, words: Sequence[str], model: str) -> None:
    """One run that is not timed: prepares data, and brings imported files into the system's cache."""
    _run(folder / "prepared", ["-m", "harness", "run", *words, f"model={model}", "seed=1000003"])


def _commands(folder: Path, words: Sequence[str], models: Sequence[str], seeds: int, times: _Times) -> None:
    began: dict[tuple[str, int], float] = {}

    def all_of_them() -> None:
        for model, seed in itertools.product(models, range(seeds)):
            began[model, seed] = time.time()
            _run(folder, ["-m", "harness", "run", *words, f"model={model}", f"seed={seed}"])

    times.serial.append(timed(all_of_them))
    for run in _finished(folder, len(models) * seeds):
        assert run.summary is not None
        assert run.started_at is not None
        inside = sum(run.summary.phases.get(phase, 0.0) for phase in _UNTIL_FIRST_STEP)
        times.first_step.append(run.started_at - began[run.model, run.seed] + inside)


def _sweep(folder: Path, words: Sequence[str], models: Sequence[str], seeds: int, times: _Times) -> None:
    command = ["-m", "harness", "sweep", *words, *_grid(models, seeds)]
    times.sweep.append(timed(partial(_run, folder, command)))
    ended = _finished(folder, len(models) * seeds)
    times.rate.append(max(run.ended_at or 0.0 for run in ended) - min(run.started_at or 0.0 for run in ended))


def _one_process(folder: Path, words: Sequence[str], models: Sequence[str], seeds: int, times: _Times) -> None:
    module = "harness.bench.one_process"
    times.one.append(float(_run(folder, ["-m", module, str(usable_cores()), *words, *_grid(models, seeds)])))


def _grid(models: Sequence[str], seeds: int) -> list[str]:
    return [f"model={','.join(models)}", f"seed={','.join(map(str, range(seeds)))}", "baselines=false"]


def _run(folder: Path, words: Sequence[str]) -> str:
    """The last line printed by a command of this interpreter, with store and results in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"} | {
        "HARNESS_STORE": sqlite_url(folder / "store.db"),
        "HARNESS_RESULTS": str(folder / "results"),
        "HARNESS_DATA": str(folder.parent / "data"),
    }
    done = subprocess.run([sys.executable, *words], env=environment, text=True, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"'{' '.join(words[:4])} ...' ended with code {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout.strip().rpartition("\n")[2]


def _finished(folder: Path, count: int) -> list[RunView]:
    with Store.open(sqlite_url(folder / "store.db"), create=False) as store:
        found = runs(store, status="finished", brief=True)
    if len(found) != count:
        raise RuntimeError(f"{len(found)} of {count} runs of the benchmark finished; 'harness sweep' them to see why.")
    return found
