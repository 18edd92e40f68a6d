"""The growth of time and memory with length, hidden size and batch of a training step, and with the runs in a store.

Each row's ratio is an exponent (`harness.bench.exponents`). Time is measured in rounds over all sizes, every other
round backwards; memory in a first pass from small to large, since a process keeps memory it once had.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.bench.comparison import BenchRow
from harness.bench.exponents import growth_row
from harness.bench.memory import forget_peak, peak_bytes
from harness.bench.processes import worker
from harness.runtime import threads_for_one_run, tune_allocator
from harness.store.place import sqlite_url


@dataclass(frozen=True)
class Axis:
    """The variable that grows while everything else is fixed.

    Attributes:
        name: field of `shape` that takes the sizes, or "runs" for runs in a store.
        sizes: ascending.
        exponent: upper limit for time and memory; 0.1 above the theory.
        shape: frames, units and rows of a training step, with `length`, `hidden_size` and `batch`.
        rows: metric rows of each run, for runs in a store.
        base: a size whose cost is subtracted from all others, to exclude the start of the command; 0: none.
    """

    name: str
    sizes: tuple[int, ...]
    exponent: float
    shape: tuple[tuple[str, int], ...] = (("length", 64), ("hidden_size", 128), ("batch", 16))
    rows: int = 50
    base: int = 0


AXES = (
    Axis("length", (1_250, 2_500, 5_000, 10_000, 20_000), 1.1, (("length", 0), ("hidden_size", 64), ("batch", 4))),
    Axis("hidden_size", (128, 256, 512, 1024), 2.1),
    Axis("batch", (16, 32, 64, 128, 256), 1.1),
    Axis("runs", (500, 1000, 2000, 4000), 1.1, base=1),
)

_MODEL, _FEATURES, _CLASSES = "lstm", 16, 10
_COMMANDS = {"list": ("list", "runs", "--json"), "report": ("report",)}
_BLOCK_S = 0.2
_LEAST_S, _PAGE = 1e-3, 4096
_MEASURED = """
import sys
from harness.bench.memory import peak_bytes
from harness.cli.main import entry_point
try:
    entry_point()
finally:
    print(peak_bytes(), file=sys.stderr)
"""


def growth_rows(rounds: int, threads: int | None = None, axes: Sequence[Axis] = AXES) -> list[BenchRow]:
    """Exponents of time and of memory, two rows for each axis, and for each command on a store.

    Args:
        rounds: how often each size is timed.
        threads: of the training step; None: as many as a run uses.
        axes: the variables.
    """
    threads = threads or threads_for_one_run()
    return [found for axis in axes for found in _rows(axis, rounds, threads)]


def _rows(axis: Axis, rounds: int, threads: int) -> list[BenchRow]:
    store = axis.name == "runs"
    settings = asdict(axis) | ({} if store else {"threads": threads})
    kinds = tuple(_COMMANDS) if store else ("",)
    measured = [(kind, size) for kind in kinds for size in (*(axis.base,) * bool(axis.base), *axis.sizes)]
    times: dict[tuple[str, int], list[float]] = {each: [] for each in measured}
    memory: dict[tuple[str, int], list[float]] = {}
    with (
        TemporaryDirectory(prefix="harness-bench-") as folder,
        worker(f"growth with {axis.name}", "harness.bench.growth", settings | {"folder": folder}) as process,
    ):
        for each in measured:
            memory[each] = [process.ask(kind=each[0], size=each[1])["bytes"]]
        for number in range(rounds):
            for each in measured if number % 2 else reversed(measured):
                times[each].append(process.ask(kind=each[0], size=each[1])["seconds"])
    rows = []
    for kind in kinds:
        for what, found, unit, least in (("time", times, "s", _LEAST_S), ("memory", memory, "bytes", _PAGE)):
            costs = {size: found[kind, size] for size in axis.sizes}
            if axis.base:
                costs = {size: _without(taken, found[kind, axis.base], least) for size, taken in costs.items()}
            said = f"exponent of {what} against {_said(axis, kind, threads)}; {axis.sizes[0]:,} to {axis.sizes[-1]:,}"
            title = "-".join(filter(None, ("growth", what, axis.name, kind)))
            rows.append(growth_row(title, costs, limit=axis.exponent, about=said, unit=unit))
    return rows


def _without(costs: Sequence[float], base: Sequence[float], least: float) -> list[float]:
    """Costs minus those of the base, round by round; never below the smallest measurable value."""
    return [max(least, cost - taken) for cost, taken in zip(costs, base, strict=True)]


def _said(axis: Axis, kind: str, threads: int) -> str:
    if axis.name == "runs":
        beyond = f" beyond that of a store of {axis.base}" if axis.base else ""
        return f"runs in the store of harness {' '.join(_COMMANDS[kind])}{beyond}, {axis.rows} metric rows each"
    fixed = ", ".join(f"{name} {size}" for name, size in axis.shape if name != axis.name)
    return f"{axis.name} of a training step of {_MODEL}, {fixed}, {threads} threads"


def build(settings: dict[str, Any]) -> tuple[dict[str, Any], Callable[[dict[str, Any]], dict[str, Any]]]:
    """In a separate process: a function that returns seconds and bytes for a size."""
    return {}, (_store(settings) if settings["name"] == "runs" else _step(settings))


def _step(settings: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    tune_allocator()  # before torch is imported
    import torch

    from harness.bench.training_step import TrainingStep
    from harness.contract.batch import Batch
    from harness.contract.specs import FrameInput
    from harness.registry.discovery import load_model
    from harness.targets import TaggingTarget

    def measured(length: int, hidden_size: int, batch: int) -> float:
        """Seconds of the fastest of several steps; the first is not timed."""
        make: Any = load_model(_MODEL)
        step = TrainingStep(
            make(hidden_size=hidden_size),
            FrameInput(_FEATURES),
            TaggingTarget(_CLASSES),
            embedding_dim=hidden_size,
            threads=settings["threads"],
        )
        lengths = torch.full((batch,), length)
        frames, classes = torch.randn(batch, length, _FEATURES), torch.zeros(batch, length, dtype=torch.int64)
        given = Batch(tuple(map(str, range(batch))), frames, lengths, classes, lengths)
        step(given)
        found: list[float] = []
        while sum(found) < _BLOCK_S:
            began = time.perf_counter()
            step(given)
            found.append(time.perf_counter() - began)
        return min(found)

    measured(length=4, hidden_size=8, batch=2)
    before = forget_peak()

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        seconds = measured(**{**dict(settings["shape"]), settings["name"]: request["size"]})
        return {"seconds": seconds, "bytes": max(_PAGE, peak_bytes() - before)}  # at least one page

    return answer


def _store(settings: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    from harness.bench.big_store import make_big_store

    sizes = {*settings["sizes"], settings["base"]} - {0}
    places = {size: Path(settings["folder"]) / str(size) for size in sizes}
    for size, place in places.items():
        place.mkdir()
        make_big_store(sqlite_url(place / "store.db"), runs=size, rows=settings["rows"] * size)

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        place = places[request["size"]]
        given = {"HARNESS_STORE": sqlite_url(place / "store.db"), "HARNESS_RESULTS": str(place / "results")}
        command = [sys.executable, "-c", _MEASURED, *_COMMANDS[request["kind"]]]
        began = time.perf_counter()
        done = subprocess.run(
            command,
            env=os.environ | given,
            cwd=place,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        return {"seconds": time.perf_counter() - began, "bytes": int(done.stderr.split()[-1])}

    return answer
