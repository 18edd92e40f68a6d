"""Probes: properties of texts against texts marked by hand, and probes of states that are known to hold something."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.explain.probe_page import probe_figure
from harness.explain.probes import (
    FEWEST,
    Probe,
    control_accuracy,
    explain_probes,
    labels_of,
    places_of,
    probe_accuracy,
    symbol_accuracy,
    symbol_texts,
)
from harness.explain.text_properties import PROPERTIES, place_in_line, quotation_open, sentence_end
from harness.inference import loading
from harness.store import Store
from harness.training import execute as executing
from harness.training.load_data import load_data


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('a "b" c', "0011000"),
        ("“a” b", "11000"),
        ('"a\nb', "1111"),
        ('"a\n\nb', "11100"),
    ],
)
def test_a_quotation_is_open_from_its_first_mark_to_its_last_or_an_empty_line(text: str, wanted: str) -> None:
    assert "".join(map(str, quotation_open(list(text)))) == wanted


def test_places_count_symbols_since_the_line_began() -> None:
    assert place_in_line(list("ab\nc\n\nd")).tolist() == [1, 2, 0, 1, 0, 0, 1]
    assert place_in_line(["word", "other", "\n", "third"]).tolist() == [1, 2, 0, 1]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("A. B", "0100"), ("3.5", "000"), ('a." b', "01000"), ("a!\nb?", "01001"), ("e.g. x", "000100")],
)
def test_a_sentence_ends_at_a_mark_before_a_blank(text: str, wanted: str) -> None:
    assert "".join(map(str, sentence_end(list(text)))) == wanted


def test_numbers_become_classes_of_equal_frequency() -> None:
    train, test = np.arange(100), np.array([0, 24, 30, 60, 99] * FEWEST)
    found = labels_of(PROPERTIES[1], train, test)
    assert found is not None
    assert np.bincount(found[0]).tolist() == [25, 25, 25, 25]
    assert found[1][:5].tolist() == [0, 0, 1, 2, 3]
    rare = np.array([0] * 90 + [1] * (FEWEST - 1))
    assert labels_of(PROPERTIES[0], rare, rare) is None
    assert labels_of(PROPERTIES[0], np.zeros(100, np.int64), np.zeros(100, np.int64)) is None


def test_a_probe_finds_what_a_state_holds_and_is_selective_where_symbols_are_many() -> None:
    random = np.random.default_rng(0)
    labels, symbols = random.integers(0, 2, 600), random.integers(0, 300, 600)
    states = random.standard_normal((600, 6)).astype(np.float32)
    states[:, 2] += 4 * labels  # the property is there, the symbol is not
    train, test = slice(0, 300), slice(300, 600)
    right = probe_accuracy(states[train], states[test], labels[train], labels[test])
    control = control_accuracy(states[train], states[test], symbols[train], symbols[test], labels[train])
    assert right > 0.93
    assert abs(control - 0.5) < 0.1
    assert abs(symbol_accuracy(symbols[train], symbols[test], labels[train], labels[test]) - 0.5) < 0.12
    lexical = (np.arange(300) % 2)[symbols]
    assert symbol_accuracy(symbols[train], symbols[test], lexical[train], lexical[test]) > 0.75
    probe = Probe("features", "inside a quotation", 2, right, 0.5, 0.5, control)
    assert probe.selectivity == pytest.approx(right - control)
    assert "selectivity 0." in probe_figure([probe]).alt


def test_a_control_task_without_all_classes_has_no_accuracy() -> None:
    states, symbols = np.zeros((50, 2), np.float32), np.zeros(50, np.int64)  # one symbol has one label
    assert math.isnan(control_accuracy(states, states, symbols, symbols, np.arange(50) % 2))


def trained(folder: Path, results: Path) -> str:
    lines = [f'He said "so {n} it is. No {n} more" and went. She had {n}.5 of them!\n' for n in range(400)]
    folder.mkdir()
    (folder / "all.txt").write_text("".join(lines), encoding="utf-8")
    words = (
        *("task=text_generation", "task.dataset=text", f"task.root={folder}", "task.symbols=character", "model=lstm"),
        *("model.hidden_size=16", "trainer.embedding_dim=8", "trainer.validations=1", "trainer.device=cpu"),
        *("trainer.latency_s=0.01", "trainer.checkpoint_every_s=3600", "budget=steps:4"),
    )
    settings = to_settings(compose(list(words)), threads=1)
    plan = run_plan(settings)
    with Store.open(f"sqlite:///{results}/store.db") as store:
        executing.execute(settings, plan, store=store, results=results)
    return plan.key


def test_a_model_of_text_is_probed(harness: Any, tmp_path: Path) -> None:
    key = trained(tmp_path / "text", tmp_path / "results")
    random = torch.get_rng_state()
    found = explain_probes(key, places=800)
    assert torch.equal(torch.get_rng_state(), random)
    assert {(p.state, p.of) for p in found.probes} == {
        (state, one.name) for state in ("features", "layer_1.cell_state") for one in PROPERTIES
    }
    assert found.left_out == ()
    for probe in found.probes:
        assert 0 <= min(probe.accuracy, probe.symbol, probe.untrained) <= 1
    code, out, err = harness("explain", "probes", key, "--places", "800", "--out", str(tmp_path / "a"))
    assert (code, err) == (0, "")
    assert "inside a quotation" in out
    written = json.loads((tmp_path / "a" / "probes.json").read_text())
    assert written == json.loads(json.dumps(found.as_json()))
    assert {file.name for file in (tmp_path / "a").iterdir()} == {
        "index.html",
        "probes.svg",
        "probes.png",
        "probes.json",
    }
    code, _, err = harness("explain", "probes", key, "--places", "100")
    assert (code, "places=100: must be at least 200" in " ".join(err.split())) == (2, True), err


def test_states_stand_beside_the_symbol_they_have_just_read(tmp_path: Path) -> None:
    key = trained(tmp_path / "text", tmp_path / "results")
    model = loading.load(tmp_path / "results" / "runs" / key)
    data = load_data(model.config.task)
    places = places_of(model.network, data.val, model, symbol_texts(model), 800)
    first = np.asarray(data.val[0].target)
    assert places.symbols[:255].tolist() == first[:255].tolist()
    ids = torch.as_tensor(np.concatenate([[model.target_spec.vocabulary.bos_id], first[:10]]))[None]
    with torch.no_grad():
        features = model.network.encode(ids, torch.tensor([11])).features[0, 1:]
    assert places.states["features"][:10] == pytest.approx(features.numpy(), abs=1e-5)
    texts = symbol_texts(model)
    assert (
        places.numbers["place in the line, by quarters"][:9].tolist()
        == place_in_line([texts[symbol] for symbol in first[:9]]).tolist()
    )
