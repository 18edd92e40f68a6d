"""The files of a traced graph: the graph itself, checked against the network, and the state it begins with."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from harness.exporting.checking import Run, check, looped
from harness.exporting.graph import Traced, trace
from harness.exporting.onnx_file import onnx_runner, write_int8, write_onnx
from harness.exporting.scoring import latency_ms, scores_on_test
from harness.inference.trained_model import TrainedModel

ONNX, INT8, PROGRAM, STATE = "model.onnx", "model.int8.onnx", "model.pt2", "state.npz"


def write_graph(
    kind: str, model: TrainedModel, folder: Path, *, int8: bool = False, test: bool = False
) -> tuple[list[str], list[str], dict[str, Any]]:
    """Write and check a graph: lines of use for the card, notes for it, and facts for `export.json`.

    Args:
        kind: "onnx" or "torch-export".
        model: on the CPU.
        folder: that is being filled.
        int8: write an ONNX graph of 8-bit weights too.
        test: score what was written on the test split, whose data is read.

    Raises:
        UserError: it cannot be traced, written or run, or is not the network; says why.
    """
    traced = trace(model.network, model.input_spec)
    if kind == "onnx":
        path = folder / ONNX
        facts = write_onnx(traced, path)
        run = onnx_runner(path, traced.graph)
    else:
        path = folder / PROGRAM
        torch.export.save(traced.program, path)
        facts = {"versions": {"torch": str(torch.__version__)}}
        run = _torch_runner(path)
    if traced.steps == "one":
        run = looped(run)
    found = check(traced, model.input_spec, run)
    facts["latency_ms"] = {
        "torch": latency_ms(model.input_spec, traced.graph, lambda given: traced.graph(*given)),
        kind: latency_ms(model.input_spec, traced.graph, run),
    }
    if test:
        facts["test"] = scores_on_test(model.config, traced.graph, run)
    if int8:
        facts["int8"] = _int8(traced, model, path, folder / INT8, test)
    if traced.graph.start:
        begin: dict[str, Any] = {f"state_{n}": part.numpy() for n, part in enumerate(traced.graph.start)}
        np.savez(folder / STATE, **begin)
    facts |= {
        "task": model.config.task.name,
        "model": model.config.model.name,
        "graph": path.name,
        "bytes": path.stat().st_size,
        "inputs": list(traced.graph.input_names),
        "outputs": list(traced.graph.output_names),
        "input": {"type": type(model.input_spec).__name__, **asdict(model.input_spec)},
        "steps": traced.steps,
        "check": found.as_facts(),
    }
    return _use(kind, traced), _notes(kind, traced, found.largest), facts


def _int8(traced: Traced, model: TrainedModel, path: Path, target: Path, test: bool) -> dict[str, Any]:
    """Write the graph of 8-bit weights; what it costs and gains."""
    write_int8(path, target)
    run = onnx_runner(target, traced.graph)
    if traced.steps == "one":
        run = looped(run)
    return {
        "graph": target.name,
        "bytes": target.stat().st_size,
        "largest_difference": check(traced, model.input_spec, run, exact=False).largest,
        "latency_ms": latency_ms(model.input_spec, traced.graph, run),
        **({"test": scores_on_test(model.config, traced.graph, run)} if test else {}),
    }


def _torch_runner(path: Path) -> Run:
    """What was written, read again."""
    program = torch.export.load(path).module()

    def run(given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        with torch.no_grad():
            return tuple(program(*given))

    return run


def _use(kind: str, traced: Traced) -> list[str]:
    names = ", ".join(f"`{name}`" for name in traced.graph.input_names)
    lines = [f"The graph takes {names} and gives {', '.join(f'`{name}`' for name in traced.graph.output_names)}:"]
    lines += ["`inputs` (batch, time, ...) padded to one length, `lengths` (batch,) int64. Outputs beyond"]
    lines += ["`output_lengths` mean nothing. `preprocessing/` holds how sources become inputs.", ""]
    state = [f"begin[{n}]" for n in range(len(traced.graph.start))]
    if kind == "onnx":
        lines += ["```python", "import numpy, onnxruntime", "", 'session = onnxruntime.InferenceSession("model.onnx")']
        given = ", ".join(["inputs=inputs", "lengths=lengths", *(f"state_{n}={one}" for n, one in enumerate(state))])
        call = f"outputs, output_lengths, *state = session.run(None, dict({given}))"
    else:
        lines += ["```python", "import numpy, torch", "", 'graph = torch.export.load("model.pt2").module()']
        call = f"outputs, output_lengths, *state = graph({', '.join(['inputs', 'lengths', *state])})"
    if state:
        repeated = "numpy.repeat(part, len(lengths), axis=0)"
        made = repeated if kind == "onnx" else f"torch.from_numpy({repeated})"
        lines += [f'begin = [{made} for part in numpy.load("state.npz").values()]']
    return [*lines, call, "```"]


def _notes(kind: str, traced: Traced, largest: float) -> list[str]:
    reader = "ONNX Runtime" if kind == "onnx" else "torch.export"
    notes = [f"Run by {reader}, the graph differs from the network by at most {largest:.1e}, as `export.json` says."]
    if traced.graph.start:
        notes.append("It reads text in pieces: give the state of one piece to the next; `state.npz` is the first.")
    if traced.steps == "one":
        notes.append("The graph takes one step (time is 1): loop over time, and hand the state on.")
    return notes
