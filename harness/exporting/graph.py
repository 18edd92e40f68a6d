"""A trained network as one traced graph: inputs, lengths and state in; outputs, their lengths and state out.

Axes: B batch, T time; both stay free. A network that carries state (one that reads text in pieces) whose graph does not
keep T free is traced for one step, and whoever runs it loops over time.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from harness.contract.specs import InputSpec, TokenInput
from harness.errors import UserError
from harness.inference.inputs import step_shape
from harness.nn.network import Network


class Graph(nn.Module):
    """A network with its state flattened to tensors, as exporters need it.

    Attributes:
        start: the state before the first step, batch (1, ...) each; empty where the network carries none.
    """

    def __init__(self, network: Network, inputs: InputSpec) -> None:
        super().__init__()
        self.network = network
        self.start: tuple[Tensor, ...] = ()
        if network.target.needs.streams:
            with torch.no_grad():  # a row of length 0 keeps the state that it begins with
                state = network.encode(random_inputs(inputs, 1, 1), torch.tensor([0])).state
            self._leaves, self._structure = pytree.tree_flatten(state)  # None is a leaf
            self.start = tuple(part.clone() for part in self._leaves if part is not None)

    def forward(self, inputs: Tensor, lengths: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Outputs (B, ...) of inputs (B, T, ...), their lengths (B,), and the state after the last step."""
        before: Any = None
        if self.start:
            parts = iter(state)
            leaves = [None if leaf is None else next(parts) for leaf in self._leaves]
            before = pytree.tree_unflatten(leaves, self._structure)
        outputs, output_lengths, after = self.network(inputs, lengths, None, before)
        kept = [part for part in pytree.tree_flatten(after)[0] if part is not None] if self.start else []
        return (outputs, output_lengths.clone(), *kept)

    def begin(self, rows: int) -> tuple[Tensor, ...]:
        """The state of so many rows before the first step."""
        return tuple(part.expand(rows, *part.shape[1:]).clone() for part in self.start)

    @property
    def input_names(self) -> tuple[str, ...]:
        """ "inputs", "lengths", "state_0", ..."""
        return ("inputs", "lengths", *(f"state_{n}" for n in range(len(self.start))))

    @property
    def output_names(self) -> tuple[str, ...]:
        """ "outputs", "output_lengths", "next_state_0", ..."""
        return ("outputs", "output_lengths", *(f"next_state_{n}" for n in range(len(self.start))))


@dataclass(frozen=True)
class Traced:
    """A graph that was traced.

    Attributes:
        graph: what was traced.
        program: the trace.
        steps: "any", or "one" where T is 1 and its user loops.
    """

    graph: Graph
    program: torch.export.ExportedProgram
    steps: str


def trace(network: Network, inputs: InputSpec) -> Traced:
    """Trace a network in eval mode on the CPU.

    Raises:
        UserError: it decodes, or its graph would only be right for one number of steps; says why.
    """
    if network.decoder is not None:
        raise UserError(
            f"'{network.model_name}' writes its answer with a decoder and a search, which a single graph cannot hold: "
            "export it with --format safetensors or hub."
        )
    graph = Graph(network, inputs).eval()
    failure: Exception | None = None
    for steps in ("any", "one") if graph.start else ("any",):
        try:
            return Traced(graph, _trace(graph, inputs, steps), steps)
        except Exception as error:  # each exporter has errors of its own
            failure = error
    reason = next(iter(str(failure).strip().splitlines()), type(failure).__name__)[:200].rstrip(".:")
    raise UserError(
        f"The network '{network.model_name}' cannot be traced for any number of steps ({reason}): export it with "
        "--format safetensors or hub."
    ) from failure


def random_inputs(spec: InputSpec, rows: int, steps: int, seed: int = 0) -> Tensor:
    """Inputs (B, T, ...) as the specification says, drawn at random."""
    draw = torch.Generator().manual_seed(seed)
    if isinstance(spec, TokenInput):
        return torch.randint(0, spec.vocab_size, (rows, steps), generator=draw)
    return torch.randn(rows, steps, *step_shape(spec), generator=draw)


@contextmanager
def quiet() -> Iterator[None]:
    """Without what exporters say of their own insides: warnings, logs and whole graphs on standard output."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _trace(graph: Graph, inputs: InputSpec, steps: str) -> torch.export.ExportedProgram:
    rows, size = 3, 1 if steps == "one" else 24
    given = (random_inputs(inputs, rows, size), torch.tensor([size, max(1, size - 5), max(1, size - 9)]))
    batch, time = torch.export.Dim.DYNAMIC, torch.export.Dim.DYNAMIC
    free: dict[str, Any] = {"inputs": {0: batch} if steps == "one" else {0: batch, 1: time}, "lengths": {0: batch}}
    if graph.start:
        free["state"] = tuple({0: batch} for _ in graph.start)
    with torch.no_grad(), quiet():
        return torch.export.export(graph, (*given, *graph.begin(rows)), dynamic_shapes=free)
