"""The harness's training step against a plain loop in torch and against Keras on its three backends.

Every competitor runs in its own process (`harness.bench.rivals`), all are timed alternately, and a ratio is the rival's
time divided by ours. All train the same model on the same data; Keras' LSTM has one bias vector where torch's has two.
Rivals compute in fp32 with their defaults; ours in bf16 and in fp32, or only in fp32 if the CPU has no bf16
instructions.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from harness.bench.comparison import BenchRow, row
from harness.bench.processes import BenchWorker, WorkerError, in_rounds, worker
from harness.bench.rivals.sizes import MEDIUM, SMALL, RivalSize
from harness.runtime import threads_for_one_run
from harness.training.precision import cpu_has_bf16

RIVALS = {
    "torch": ("torch_loop", "torch", ("torch",)),
    "keras-tf": ("keras_fit", "tensorflow", ("keras", "tensorflow")),
    "keras-jax": ("keras_fit", "jax", ("keras", "jax")),
    "keras-torch": ("keras_fit", "torch", ("keras", "torch")),
}
"""Name -> module, backend, required packages."""

_EXTRA = "pip install -e '.[bench]'"


def rival_rows(
    rounds: int,
    threads: int | None = None,
    rivals: str | None = None,
    note: Callable[[str], None] = print,
    sizes: Sequence[RivalSize] = (SMALL, MEDIUM),
) -> list[BenchRow]:
    """Rows of every size and rival: ours in the fastest precision of the CPU, then in fp32 if that was bf16.

    Args:
        rounds: how often each is timed.
        threads: of each; None: as many as a run uses.
        rivals: interpreter with the rivals' libraries; None: this one.
        note: called with messages about rows left out.
        sizes: of the language model.
    """
    python = rivals or sys.executable
    present = {name: needs for name, (_, _, needs) in RIVALS.items() if _installed(python, needs)}
    for name in (name for name in RIVALS if name not in present):
        needs = " and ".join(RIVALS[name][2])
        note(f"Left out: rows against {name}, which needs {needs}. {_EXTRA}, or give --rivals an interpreter.")
    return [found for size in sizes for found in _rows(size, rounds, threads, python, list(present), note)]


def _rows(
    size: RivalSize, rounds: int, threads: int | None, python: str, names: Sequence[str], note: Callable[[str], None]
) -> list[BenchRow]:
    settings = dataclasses.asdict(size) | {"threads": threads or threads_for_one_run()}
    precisions = ("bf16", "fp32") if cpu_has_bf16() else ("fp32",)
    with ExitStack() as stack:
        ours = {}
        for precision in precisions:
            made = worker(f"ours, {precision}", "harness.bench.rivals.ours", settings | {"precision": precision})
            ours[precision] = stack.enter_context(made)
        others: dict[str, BenchWorker] = {}
        for name in names:
            module, backend, _ = RIVALS[name]
            try:
                others[name] = stack.enter_context(worker(name, module, settings | {"backend": backend}, python))
            except WorkerError as error:
                note(f"Left out: rows against {name}. {error}")
        times = in_rounds([*ours.values(), *others.values()], rounds, steps=size.steps)
    return [
        row(
            f"lstm-{size.name}{'' if precision == precisions[0] else '-fp32'}-vs-{name}",
            times[other.name],
            times[our.name],
            limit=size.wanted.get(name) if precision == precisions[0] else None,
            about=(
                f"{other.about['version']} in fp32 over a harness step in {precision}; {size}, "
                f"{settings['threads']} threads, {_parameters(other.about['parameters'], our.about['parameters'])}"
            ),
            better="larger",
        )
        for name, other in others.items()
        for precision, our in ours.items()
    ]


def _parameters(theirs: int, ours: int) -> str:
    if theirs == ours:
        return f"{ours:,} parameters each"
    return f"{theirs:,} parameters against {ours:,} ({abs(theirs - ours):,} {'fewer' if theirs < ours else 'more'})"


def _installed(python: str, names: Sequence[str]) -> bool:
    """Whether an interpreter finds modules, without importing them.

    Raises:
        WorkerError: there is no such interpreter.
    """
    code = "import sys; from importlib.util import find_spec; print(all(map(find_spec, sys.argv[1:])))"
    try:
        done = subprocess.run([python, "-c", code, *names], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise WorkerError(f"--rivals '{python}' is not a working Python interpreter: {error}") from None
    return done.stdout.strip() == "True"
