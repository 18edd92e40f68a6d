"""ONNX: the traced graph in the format of ONNX Runtime and others, and ONNX Runtime to check it with."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harness.errors import UserError
from harness.exporting.checking import Run
from harness.exporting.graph import Graph, Traced, quiet

NEEDED = ("onnx", "onnxscript", "onnxruntime")


def need_onnx() -> None:
    """Look for the packages, before anything is computed.

    Raises:
        UserError: one is missing; names the extra.
    """
    for name in NEEDED:
        try:
            import_module(name)
        except ImportError as error:
            raise UserError(
                f"ONNX needs the package '{name}', which is not installed: pip install 'sequence-harness[export]'."
            ) from error


def write_onnx(traced: Traced, path: Path) -> dict[str, Any]:
    """Write a traced graph, weights included; the facts are opset and versions.

    Raises:
        UserError: the graph has an operation that ONNX lacks.
    """
    graph = traced.graph
    try:
        with torch.no_grad(), quiet():
            made = torch.onnx.export(
                traced.program,
                dynamo=True,
                verbose=False,
                input_names=list(graph.input_names),
                output_names=list(graph.output_names),
            )
            assert made is not None
            made.save(path, external_data=False)
    except Exception as error:
        said = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200].rstrip(".:")
        raise UserError(
            f"The network '{graph.network.model_name}' cannot be written as ONNX ({said}): export it with --format "
            "torch-export, safetensors or hub."
        ) from error
    return {"opset": made.model.opset_imports[""], "versions": {n: version(n) for n in ("torch", *NEEDED)}}


def onnx_runner(path: Path, graph: Graph) -> Run:
    """ONNX Runtime on the CPU, with one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        named = {name: part.numpy() for name, part in zip(graph.input_names, given, strict=True)}
        return tuple(torch.from_numpy(part) for part in session.run(list(graph.output_names), named))

    return run


def write_int8(path: Path, target: Path) -> None:
    """Write a graph with 8-bit weights in its products, inside scans too (dynamic quantisation)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with quiet():
        quantize_dynamic(path, target, weight_type=QuantType.QInt8, extra_options={"EnableSubgraph": True})
