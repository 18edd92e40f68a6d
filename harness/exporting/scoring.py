"""The test score and the latency of an exported graph: the run's own test, with the graph in the network's place."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import Tensor

from harness.config.settings import RunSettings
from harness.contract.specs import InputSpec
from harness.exporting.checking import Run
from harness.exporting.graph import Graph, random_inputs

_CALLS, _STEPS = 20, 50


def scores_on_test(settings: RunSettings, graph: Graph, run: Run) -> dict[str, float]:
    """Metrics on the test split, by name, by the code that tests a run.

    Args:
        settings: of the run; its data is read.
        graph: what was exported. Its network answers through `run` during the call.
        run: runs the exported graph at any number of steps.

    Raises:
        DataError: the data is missing or out of reach.
    """
    from harness.training.evaluate import evaluate
    from harness.training.load_data import load_data

    data, network = load_data(settings.task), graph.network

    def forward(inputs: Tensor, lengths: Tensor, targets: Any = None, state: Any = None) -> tuple[Tensor, Tensor, Any]:
        begin = graph.begin(len(lengths)) if state is None else tuple(state)
        outputs, output_lengths, *after = run((inputs, lengths, *begin))
        return outputs, output_lengths, tuple(after) if graph.start else None

    vars(network)["forward"] = forward  # stands before the method of its class
    try:
        return evaluate(network, settings.task, data, data.test, settings.decoding).metrics
    finally:
        del vars(network)["forward"]


def latency_ms(inputs: InputSpec, graph: Graph, run: Callable[[tuple[Tensor, ...]], Any]) -> float:
    """The median time of 20 calls with one row of 50 steps, after one that is not counted, in milliseconds."""
    given = (random_inputs(inputs, 1, _STEPS), torch.tensor([_STEPS]), *graph.begin(1))
    times = []
    with torch.no_grad():
        for _ in range(_CALLS + 1):
            begun = time.perf_counter()
            run(given)
            times.append(time.perf_counter() - begun)
    return 1e3 * median(times[1:])
