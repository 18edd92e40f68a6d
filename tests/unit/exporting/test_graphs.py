"""`harness export --format onnx|torch-export`: the graph is the network at other sizes than it was traced with, and the
example of the documentation runs it without torch and without this package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from harness_models.lstm import LSTM
from tiny_run import tiny_run
from torch import nn

import harness
from harness.contract.specs import TokenInput
from harness.errors import UserError
from harness.exporting import export_model, onnx_file
from harness.exporting.checking import check
from harness.exporting.graph import trace
from harness.nn.cells import KINDS, make_cell, state_dims
from harness.nn.layers import run_layer
from harness.nn.scanned import scan_layer
from harness.testing import cases
from harness.testing.reference import ReferenceModel

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "export-a-model.md"


SCORES: dict[str, float] = {}  # of the run, by "split/metric"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny bidirectional run on speech."""
    place = tmp_path_factory.mktemp("results")
    view, _ = tiny_run(place, "model=bilstm", "model.hidden_size=8")
    assert view.summary is not None
    SCORES.update(view.summary.metrics)
    (folder,) = (place / "runs").iterdir()
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_as_a_scan_is_the_layer(kind: str) -> None:
    torch.manual_seed(0)
    cell = make_cell(kind, 5, 6, 7)  # type: ignore[arg-type]
    with torch.no_grad():
        for weight in cell.parameters():
            nn.init.normal_(weight, std=0.5)
        x, lengths = torch.randn(4, 9, 5), torch.tensor([9, 4, 1, 0])
        start = tuple(torch.randn(4, size) for size in state_dims(cell))
        wanted, ends = run_layer(cell, x, start, lengths)
        found, held = scan_layer(cell, x, start, lengths)
    for row, length in enumerate(lengths.tolist()):
        torch.testing.assert_close(found[row, :length], wanted[row, :length])
    for mine, theirs in zip(held, ends, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_the_documented_example_gives_what_the_model_gives(run: Path, tmp_path: Path) -> None:
    place = tmp_path / "exported"
    export_model(run, "onnx", place, int8=True, test=True)
    facts = json.loads((place / "export.json").read_text())
    assert facts["test"] == pytest.approx({name: SCORES[f"test/{name}"] for name in facts["test"]})
    assert set(facts["int8"]["test"]) == set(facts["test"])
    assert facts["int8"]["bytes"] < facts["bytes"] * 2
    assert facts["check"]["largest"] <= 1e-4
    assert facts["check"]["cases"] == 18
    assert facts["opset"] >= 18
    (example,) = re.findall(r"```python [^\n]*\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(example.strip().splitlines()) <= 30
    banned = "import sys\nfor name in ('torch', 'harness'): sys.modules[name] = None\n"
    draw = np.random.default_rng(0)
    rows = [draw.normal(size=(size, facts["input"]["feature_dim"])).astype("float32") for size in (31, 20)]
    np.savez(tmp_path / "rows.npz", *rows)
    words = [sys.executable, "-c", banned + example, str(place), str(tmp_path / "rows.npz")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    network = harness.load(run).network
    for row, line in zip(rows, done.stdout.splitlines(), strict=True):
        with torch.no_grad():
            outputs, _, _ = network(torch.from_numpy(row)[None], torch.tensor([len(row)]))
        assert json.loads(line) == outputs[0].argmax(-1).tolist()


def test_the_example_refuses_a_truncated_export(run: Path, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python [^\n]*\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "x").mkdir()
    words = [sys.executable, "-c", example, str(tmp_path / "x"), "rows.npz"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == "This folder is no whole export: export.json is missing."


def test_a_carried_state_goes_in_and_out() -> None:
    case = cases.named("TokenInput-NextTokenTarget")
    traced = trace(cases.network(LSTM().tiny(), case), case.inputs)
    program = traced.program.module()
    assert traced.graph.input_names == ("inputs", "lengths", "state_0", "state_1")
    found = check(traced, case.inputs, lambda given: program(*given))
    assert found.largest <= 1e-5


def test_a_wrong_graph_is_never_written() -> None:
    case = cases.named("TokenInput-ClassTarget")
    traced = trace(cases.network(ReferenceModel(), case), case.inputs)
    program = traced.program.module()
    with pytest.raises(UserError, match="differs from the network by 1"):
        check(traced, case.inputs, lambda given: (program(*given)[0] + 1, *program(*given)[1:]))


def test_a_decoder_and_a_missing_package_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    case = cases.named("TokenInput-TokenSequenceTarget")
    with pytest.raises(UserError, match="a decoder and a search"):
        trace(cases.network(ReferenceModel(), case), TokenInput(9))
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UserError, match=r"sequence-harness\[export\]"):
        onnx_file.need_onnx()
