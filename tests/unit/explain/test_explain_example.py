"""`harness explain example` on finished runs: texts with attention and alignment, documents, series."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.explain.explain_example import explain_example
from harness.store import Store
from harness.training import execute as executing

SMALL = (
    *("model.hidden_size=8", "trainer.embedding_dim=8", "trainer.validations=1", "trainer.device=cpu"),
    *("trainer.latency_s=0.01", "trainer.checkpoint_every_s=3600", "budget=steps:4", "task.eval_limit=12"),
)
TRANSLATION = ("task=translation", "task.dataset=cipher", "model=attention_lstm")
COLOURS = ("task=text_classification", "task.dataset=colours", "model=attention_lstm")


def trained(results: Path, *words: str) -> str:
    settings = to_settings(compose([*words, *SMALL]), threads=1)
    plan = run_plan(settings)
    with Store.open(f"sqlite:///{results}/store.db") as store:
        executing.execute(settings, plan, store=store, results=results)
    return plan.key


def test_a_translation_shows_gates_alignment_and_saturation(tmp_path: Path) -> None:
    key = trained(tmp_path / "results", *TRANSLATION)
    found = explain_example(key)
    names = [trace.name for trace in found.shown.traces]
    assert names == [f"layer_1.{n}" for n in ("input_gate", "forget_gate", "output_gate", "cell_state")] + ["features"]
    looked = found.looked
    assert looked.labels is not None
    assert looked.answer_labels is not None
    assert looked.labels[-1] == looked.answer_labels[-1] == "‹end›"
    assert " ".join(looked.labels[:-1]) == looked.example.source
    (alignment,) = found.shown.maps
    assert alignment.values.shape == (1, len(looked.answer_labels), len(looked.labels))
    assert alignment.values.sum(-1) == pytest.approx(1.0, abs=1e-5)
    assert {each.steps for each in found.saturation} == {sum(each.steps for each in found.saturation) // 3}
    mine = explain_example(key, source=looked.example.source)
    assert (mine.split, mine.looked.text, mine.looked.reference) == (None, looked.text, "")
    for one, other in zip(mine.shown.traces, found.shown.traces, strict=True):
        assert np.array_equal(one.values, other.values)


def test_the_command_prints_and_writes(harness: Any, tmp_path: Path) -> None:
    key = trained(tmp_path / "results", *COLOURS)
    code, out, err = harness("explain", "example", key[:10], "--out", str(tmp_path / "a"), "--examples", "3")
    assert (code, err) == (0, "")
    assert "attention_lstm on text_classification (colours), test example" in out
    assert "layer_1.forget_gate" in out
    assert "attention: largest at step" in out
    page = (tmp_path / "a" / "index.html").read_text(encoding="utf-8")
    assert "src=" not in page
    assert "<h2" in page
    for name in ("attention", "traces-layer-1", "traces-features", "saturation"):
        assert (tmp_path / "a" / f"{name}.svg").is_file()
        assert (tmp_path / "a" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f'id="{name}"' in page
    with np.load(tmp_path / "a" / "traces.npz") as saved:
        arrays = dict(saved)
    printed = json.loads(harness("explain", "example", key, "--json", "--examples", "3")[1])
    assert printed == json.loads((tmp_path / "a" / "example.json").read_text())
    gate = next(trace for trace in printed["traces"] if trace["name"] == "layer_1.input_gate")
    assert gate["mean"] == pytest.approx(arrays["layer_1.input_gate"].mean(1), rel=1e-3)
    name = json.loads((tmp_path / "results" / "runs" / key / "predictions.jsonl").read_text().splitlines()[3])
    other = json.loads(harness("explain", "example", key, "--example", name["example_id"], "--json")[1])
    assert other["example"]["source"] == name["source"]
    assert other["example"]["answer"] == name["output"]
    for more, said in (
        (("--example", "nobody"), "no example 'nobody'; its"),
        (("a red cup", "--example", "x"), "either INPUT or --example"),
        (("--split", "all"), "no split 'all': choose train, val, test"),
        (("--examples", "0"), "examples=0: must be at least 1"),
        (("--out", "/dev/null/x"), "Choose another folder with --out"),
    ):
        code, _, err = harness("explain", "example", key, *more)
        assert (code, said in " ".join(err.split())) == (2, True), err


def test_a_document_is_looked_at_from_a_place_on(tmp_path: Path) -> None:
    key = trained(tmp_path / "results", "task=text_generation", "task.dataset=counting", "model=lstm")
    whole = explain_example(key, examples=2)
    document = whole.looked.example.id.partition("@")[0]
    later = explain_example(key, example=f"{document}@3", examples=2)
    assert whole.looked.labels is not None
    assert later.looked.labels is not None
    assert whole.looked.labels[0] == "‹begin›"
    assert later.looked.labels[:3] == whole.looked.labels[3:6]
    assert later.looked.output is None
