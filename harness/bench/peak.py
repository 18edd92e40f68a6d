"""The machine's peak in matrix products, and the share of it each model's training step reaches.

The peak is the faster of two square products, in fp32 and in bf16, with the threads the models use. Every model of this
distribution trains with its defaults on the same frames, in both precisions, alternating with the products. Its
operations are counted (`harness.bench.flops`), three times the forward pass for a step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from harness.bench.comparison import BenchRow, row
from harness.bench.processes import worker
from harness.runtime import threads_for_one_run, tune_allocator

PRODUCTS = (1024, 2048)
"""Rows of the square matrices."""

BATCH, TIME, FEATURES, CLASSES = 64, 64, 64, 10
PRECISIONS = ("fp32", "bf16")

_DISTRIBUTION = "sequence-harness"
_BLOCK_S = 0.2  # a measurement is repeated for this long


def peak_rows(
    rounds: int,
    threads: int | None = None,
    models: Sequence[str] | None = None,
    batch: tuple[int, int] = (BATCH, TIME),
    products: Sequence[int] = PRODUCTS,
) -> list[BenchRow]:
    """The peak of bf16 over that of fp32, and the fraction of its peak that each model reaches.

    Args:
        rounds: how often each is timed.
        threads: for everything; None: as many as a run uses.
        models: plug-ins; None: those of this distribution.
        batch: rows, and frames of each.
        products: rows of the square matrices.
    """
    threads = threads or threads_for_one_run()
    names = built_in() if models is None else list(models)
    settings = {"threads": threads, "models": names, "batch": batch, "products": list(products)}
    with worker("peak", "harness.bench.peak", settings) as process:
        counts = process.about["flops"]
        work = [(kind, p) for kind in ("product", *names) for p in PRECISIONS]
        seconds: dict[tuple[str, str], list[float]] = {each: [] for each in work}
        for number in range(rounds + 1):  # the first round warms up
            for kind, precision in work if number % 2 else reversed(work):
                taken = process.ask(kind=kind, precision=precision)["seconds"]
                if number:
                    seconds[kind, precision].append(taken)
    per_flop = {p: seconds["product", p] for p in PRECISIONS}
    peak = {p: 1e-9 / min(values) for p, values in per_flop.items()}
    on = f"{threads} threads"
    said = ", ".join(f"{peak[p]:,.0f} GFLOP/s in {p}" for p in PRECISIONS)
    rows = [
        row(
            "gemm-bf16-vs-fp32",
            [1e12 * value for value in per_flop["fp32"]],
            [1e12 * value for value in per_flop["bf16"]],
            limit=None,
            about=f"the time of 1 TFLOP of matrix products in fp32 over bf16; peak {said}; {on}",
            better="larger",
        )
    ]
    for name in names:
        for precision in PRECISIONS:
            step, flops = seconds[name, precision], counts[name]
            about = (
                f"the time of {flops / 1e9:.2f} GFLOP at the peak of {precision} over that of a training step; "
                f"{name}, batch {batch[0]} x {batch[1]}, {1e-9 * flops / min(step):,.0f} GFLOP/s at best, {on}"
            )
            title = f"gemm-fraction-{name}{'-bf16' if precision == 'bf16' else ''}"
            at_peak = [flops * value for value in per_flop[precision]]
            rows.append(row(title, at_peak, step, limit=None, about=about, better="larger"))
    return rows


def built_in() -> list[str]:
    """Models of this distribution."""
    from harness.registry.discovery import list_plugins

    return [info.name for info in list_plugins("model") if info.distribution == _DISTRIBUTION]


def build(settings: dict[str, Any]) -> tuple[dict[str, Any], Callable[[dict[str, Any]], dict[str, Any]]]:
    """In a separate process: operations of each model's step, and a function that times products and steps."""
    tune_allocator()  # before torch is imported
    import numpy as np
    import torch

    from harness.bench.flops import STEP_OVER_FORWARD, forward_flops
    from harness.bench.training_step import TrainingStep
    from harness.contract.batch import Batch
    from harness.contract.specs import FrameInput
    from harness.registry.discovery import load_model
    from harness.targets import ClassTarget

    rows, length = settings["batch"]
    draw = np.random.default_rng(0)
    frames = torch.from_numpy(draw.standard_normal((rows, length, FEATURES)).astype(np.float32))
    lengths, classes = torch.full((rows,), length), torch.from_numpy(draw.integers(0, CLASSES, rows))
    batch = Batch(tuple(map(str, range(rows))), frames, lengths, classes, torch.ones_like(lengths))
    steps = {
        (name, p): TrainingStep(
            load_model(name)(), FrameInput(FEATURES), ClassTarget(CLASSES), precision=p, threads=settings["threads"]
        )
        for name in settings["models"]
        for p in PRECISIONS
    }
    types = {"fp32": torch.float32, "bf16": torch.bfloat16}
    squares = {p: [torch.ones(n, n, dtype=t) for n in settings["products"]] for p, t in types.items()}

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        kind, precision = request["kind"], request["precision"]
        if kind == "product":
            with torch.no_grad():
                return {"seconds": min(_product(square) for square in squares[precision])}
        return {"seconds": _repeated(lambda: steps[kind, precision](batch))}

    def _product(square: torch.Tensor) -> float:
        """Seconds of one operation."""
        out = torch.empty_like(square)
        return _repeated(lambda: torch.mm(square, square, out=out)) / (2 * len(square) ** 3)

    counts = {
        name: STEP_OVER_FORWARD * forward_flops(steps[name, "fp32"].network, batch) for name in settings["models"]
    }
    return {"flops": counts}, answer


def _repeated(act: Callable[[], object]) -> float:
    """Seconds of the fastest of as many calls as fit into a block's time, at least three."""
    found: list[float] = []
    while sum(found) < _BLOCK_S or len(found) < 3:
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return min(found)
