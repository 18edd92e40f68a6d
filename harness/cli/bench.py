"""`harness bench`: overhead and speed of the harness itself, as ratios measured alternately."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from harness.bench.committed import RowVerdict
    from harness.bench.comparison import BenchRow


@dataclass(frozen=True)
class BenchSet:
    """Benchmarks that are measured together.

    Attributes:
        function: "module:name"; takes the number of rounds and returns rows.
        what: one line about what is measured.
        options: names of command options passed to the function.
        slower: divides the number of rounds, for sets with long rounds; at least two are made.
    """

    function: str
    what: str
    options: tuple[str, ...] = ()
    slower: int = 1

    def rows(self, rounds: int, given: dict[str, Any]) -> list[BenchRow]:
        """Run the benchmarks."""
        module, _, name = self.function.partition(":")
        function = getattr(importlib.import_module(module), name)
        return function(max(2, rounds // self.slower), **{option: given[option] for option in self.options})


AVAILABLE = find_spec("harness.bench") is not None
"""Whether the benchmarks are available: a checkout has them, a wheel does not."""

SETS = {
    "steps": BenchSet("harness.bench.overhead:overhead_rows", "the overhead of time audit and training loop"),
    "rivals": BenchSet(
        "harness.bench.rival_rows:rival_rows",
        "the training step against torch and Keras",
        ("threads", "rivals", "note"),
    ),
    "kernels": BenchSet("harness.bench.kernels:kernel_rows", "recurrent layers against torch's LSTM and packed input"),
    "mixers": BenchSet("harness.bench.mixers:mixer_rows", "the challengers' mixers against torch's LSTM and attention"),
    "outputs": BenchSet("harness.bench.outputs:output_rows", "the chunked loss over a vocabulary against torch's"),
    "data": BenchSet("harness.bench.data_wait:data_wait_rows", "the share of a step spent waiting for data", slower=3),
    "probe": BenchSet(
        "harness.bench.probing:probing_rows", "the probe before a run, for every pair of the quick start"
    ),
    "decoding": BenchSet("harness.bench.decoding:decoding_rows", "batched decoding against one by one", slower=5),
    "peak": BenchSet("harness.bench.peak:peak_rows", "each model's share of the machine's peak", ("threads",), 3),
    "profile": BenchSet(
        "harness.bench.profile:profile_rows", "the most expensive operators of a step of every task", ("threads",)
    ),
    "growth": BenchSet(
        "harness.bench.growth:growth_rows",
        "exponents of time and memory in length, hidden size, batch, runs",
        ("threads",),
        5,
    ),
    "sweeps": BenchSet(
        "harness.bench.sweeps:sweep_rows", "a sweep against single commands, and the start-up of a run", slower=8
    ),
    "planning": BenchSet("harness.bench.planning:planning_rows", "planning a sweep, per cell", slower=3),
    "store": BenchSet("harness.bench.stores:store_rows", "listing and reporting on a large store", slower=5),
}
"""Sets by name, in the order in which they are measured."""

_HELP = "; ".join(f"{name}: {each.what}" for name, each in SETS.items())


def command(
    names: Annotated[list[str] | None, typer.Argument(help=f"{_HELP}. Without any: all.")] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=2, help="How often each pair is timed.")] = 15,
    json: Annotated[bool, typer.Option("--json", help="Print an array of objects.")] = False,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="Threads of a training step; default: those of a run.")
    ] = None,
    rivals: Annotated[
        str | None,
        typer.Option("--rivals", metavar="PYTHON", help="Interpreter that has torch or Keras; this one by default."),
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="FILE", help="Save rows and machine for later comparisons.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare with the committed ratios; exit with 1 if a row is worse.")
    ] = False,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="FILE", help="Compare with the ratios of this file instead.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0.0, help="Fraction by which a row may be worse, beyond both spreads.")
    ] = 0.05,
) -> None:
    """Measure the overhead and speed of the harness; takes minutes, on an otherwise idle machine."""
    from harness.errors import UnknownNameError, UserError
    from harness.runtime import threads_for_one_run, tune_allocator

    if not AVAILABLE:
        raise UserError(
            "harness bench measures the harness's own code and is not part of the installed package. Run it in a "
            "checkout of the source repository: pip install -e '.[bench]'"
        )
    for name in names or []:
        if name not in SETS:
            raise UnknownNameError("benchmark", name, SETS)
    tune_allocator()  # as a run does, before anything imports torch
    from harness.bench import committed
    from harness.cli import output

    then = committed.read(against or committed.COMMITTED) if check or against else None
    given = {"threads": threads, "rivals": rivals, "note": _note}
    rows: list[BenchRow] = []
    for name, each in SETS.items():
        if not names or name in names:
            if sys.stderr.isatty():
                _note(f"Measuring {each.what} ...")
            rows += each.rows(rounds, given)
    if json:
        output.as_json([dataclasses.asdict(row) for row in rows])
    else:
        _table(rows)
    if save is None and then is None:
        return
    from harness.measure.environment import measure_environment

    machine = dict(measure_environment("cpu", threads or threads_for_one_run()).fingerprint)
    if save is not None:
        committed.write(save, rows, machine)
    if then is not None:
        _judge(committed.compare(rows, then, tolerance), committed.differences(machine, then), whole=not names)


def _table(rows: Sequence[BenchRow]) -> None:
    from harness.cli import output

    cells = [
        (
            row.name,
            f"{row.ratio:.3f}",
            f"± {row.spread:.3f}",
            row.wanted + ("" if row.kept else " (missed)"),
            _amount(row.a, row.unit),
            _amount(row.b, row.unit),
            row.about,
        )
        for row in rows
    ]
    columns = ("benchmark", "ratio", "95 %", "wanted", "a", "b", "what")
    output.table(columns, cells, title="Overhead and speed of the harness: a ÷ b, or an exponent")


def _amount(value: float, unit: str) -> str:
    return f"{1000 * value:.2f} ms" if unit == "s" else f"{value / 2**20:.1f} MiB"


def _judge(verdict: RowVerdict, differences: Sequence[str], *, whole: bool) -> None:
    """Report rows worse than the committed ones, and exit with 1 if any; `whole`: all sets were measured."""
    from harness.errors import ConfigError

    if differences:
        _note(f"The committed ratios are from another machine: {'; '.join(differences)}.")
    if verdict.new:
        _note(f"There is no committed ratio for {', '.join(verdict.new)}.")
    if whole and verdict.missing:
        _note(f"Committed, but not measured now: {', '.join(verdict.missing)}.")
    if not verdict.compared:
        raise ConfigError("No row could be compared: none of those measured has a committed ratio.")
    for line in verdict.worse:
        _note(line)
    if verdict.worse:
        raise typer.Exit(1)
    _note(f"{verdict.compared} rows compared, none is worse than committed.")


def _note(text: str) -> None:
    from harness.terminal import harmless

    print(harmless(text), file=sys.stderr)
