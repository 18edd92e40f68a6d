"""Is an exported graph the network? Asked at several lengths, batches and paddings, of outputs and of states."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from harness.contract.specs import InputSpec, TokenInput
from harness.errors import UserError
from harness.exporting.graph import Graph, Traced, random_inputs

ALLOWED = 1e-4
"""The largest difference of an output."""
LENGTHS, BATCHES, PADDINGS = (4, 19, 50), (1, 3, 5), (0, 7)
"""Steps of the longest row, rows, and further columns of noise behind it."""

Run = Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]]
"""Runs an exported graph."""


def looped(run: Run) -> Run:
    """A graph of one step, run for any number of them: the state of one is given to the next."""

    def every(given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        inputs, lengths, *state = given
        outputs = []
        for step in range(inputs.shape[1]):  # a row that has ended has length 0, and keeps its state
            found, _, *state = run((inputs[:, step : step + 1], (lengths > step).long(), *state))
            outputs.append(found)
        return (torch.cat(outputs, dim=1), lengths, *state)

    return every


@dataclass(frozen=True)
class Check:
    """What was compared.

    Attributes:
        largest: the largest difference between the graph and the network.
        cases: how many batches.
        allowed: as `ALLOWED`.
        lengths, batches, paddings: of these batches.
    """

    largest: float
    cases: int
    allowed: float = ALLOWED
    lengths: tuple[int, ...] = LENGTHS
    batches: tuple[int, ...] = BATCHES
    paddings: tuple[int, ...] = PADDINGS

    def as_facts(self) -> dict[str, Any]:
        """For `export.json`."""
        return asdict(self)


def check(traced: Traced, inputs: InputSpec, run: Run, *, exact: bool = True) -> Check:
    """Compare a graph with its network.

    Args:
        traced: the graph.
        inputs: what it reads.
        run: runs what was exported, at any number of steps.
        exact: whether a larger difference than `ALLOWED` is refused.

    Raises:
        UserError: they differ by more than `ALLOWED`, or the exported graph cannot be run; nothing is to be written.
    """
    graph, largest, cases = traced.graph, 0.0, 0
    for given, lengths in _batches(inputs):
        found = begin = graph.begin(len(lengths))
        for _ in range(2 if graph.start else 1):  # the second goes on from the state of the first
            try:
                with torch.no_grad():
                    found = run((given, lengths, *begin))
            except Exception as error:
                said = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
                raise UserError(
                    f"The exported graph cannot be run with {len(lengths)} rows of {given.shape[1]} steps ({said}), so "
                    "nothing was written: export the model with --format safetensors or hub."
                ) from error
            with torch.no_grad():
                wanted = graph(given, lengths, *begin)
            largest = max(largest, _difference(graph, found, wanted))
            begin = wanted[2:]
        cases += 1
    if exact and largest > ALLOWED:
        raise UserError(
            f"The exported graph differs from the network by {largest:.1e}, more than the {ALLOWED:.0e} allowed, so "
            "nothing was written: export the model with --format safetensors or hub."
        )
    return Check(largest, cases)


def _batches(inputs: InputSpec) -> Iterator[tuple[Tensor, Tensor]]:
    """Padded inputs (B, T, ...) and lengths (B,): rows of several lengths, padded with nothing or with noise."""
    for size in LENGTHS:
        for rows in BATCHES:
            for more in PADDINGS:
                given = random_inputs(inputs, rows, size + more, seed=size + rows)
                lengths = torch.tensor([max(1, size - (3 * row) % size) for row in range(rows)])
                if not more:
                    filler = inputs.pad_id if isinstance(inputs, TokenInput) else 0.0
                    for row, length in enumerate(lengths.tolist()):
                        given[row, length:] = filler
                yield given, lengths


def _difference(graph: Graph, found: tuple[Tensor, ...], wanted: tuple[Tensor, ...]) -> float:
    """The largest absolute difference at real positions; infinite where shapes or lengths differ."""
    if any(a.shape != b.shape for a, b in zip(found, wanted, strict=True)) or not torch.equal(found[1], wanted[1]):
        return float("inf")
    largest = 0.0
    real = range(len(wanted[1]))
    stepwise = graph.network.target.needs.reads == "features"
    for row in real:
        end = int(wanted[1][row]) if stepwise else wanted[0].shape[1]
        apart = (found[0][row, :end].double() - wanted[0][row, :end].double()).abs()
        largest = _worse(largest, apart)
    for mine, theirs in zip(found[2:], wanted[2:], strict=True):
        largest = _worse(largest, (mine.double() - theirs.double()).abs())
    return largest


def _worse(largest: float, apart: Tensor) -> float:
    """The larger one; no number is as far apart as can be."""
    return max(largest, float(apart.nan_to_num(nan=math.inf).max())) if apart.numel() else largest
