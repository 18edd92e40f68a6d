"""Latency of a trained network: by the path that predicts, on real examples, and without a trace."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_run import WORDS, tiny_run

from harness.config import compose, to_settings
from harness.config.settings import RunSettings
from harness.contract.batch import ListSplit, Split
from harness.contract.task import TaskData
from harness.nn.network import Network
from harness.training import latency, random_state
from harness.training.latency import measure_latency
from harness.training.load_data import load_data

CIPHER = ("task=translation", "task.dataset=cipher")
COUNTING = ("task=text_generation", "task.dataset=counting", "decoding.sample_length=6")
SMALL = ("model=lstm", "model.hidden_size=8", "trainer.embedding_dim=8", "trainer.device=cpu")


def _ready(*words: str) -> tuple[RunSettings, TaskData, Network]:
    settings = to_settings(compose(list(words)), threads=1)
    data = load_data(settings.task)
    network = Network(settings.model, settings.task.signature, data.input_spec, data.target_spec, settings.trainer)
    return settings, data, network


def _measured(settings: RunSettings, data: TaskData, network: Network, split: Split | None = None) -> dict[str, Any]:
    return measure_latency(network, data, data.test if split is None else split, settings, train_s=0.2)


def test_a_run_records_it_with_the_real_time_factor_of_its_recordings(tmp_path: Path) -> None:
    view, _ = tiny_run(tmp_path)
    assert view.summary is not None
    found = view.summary.details["latency"]
    assert found.keys() == {"one", "batch"}
    assert (found["one"]["examples"], found["batch"]["examples"]) == (1, 8)
    for part in found.values():
        assert part["calls"] >= 1
        assert 0 < part["p50_ms"] <= part["p95_ms"]
    assert found["one"]["real_time_factor"] > 0


@pytest.mark.parametrize(("seconds", "factor"), [(2.0, 0.25), (None, None)], ids=["film", "no time"])
def test_the_real_time_factor_is_of_the_seconds_that_examples_last(
    monkeypatch: pytest.MonkeyPatch, seconds: float | None, factor: float | None
) -> None:
    settings, data, network = _ready(
        "task=action_recognition", "task.dataset=moving_squares", "task.train_clips=8", "task.size=16", *SMALL
    )
    units = {} if seconds is None else {"seconds": seconds}
    clips = ListSplit([replace(data.test[i], units=units) for i in range(4)])
    monkeypatch.setattr(latency, "timed_calls", lambda calls, limit, settle: [(i, 0.5) for i in range(len(calls))])
    assert _measured(settings, data, network, clips)["one"].get("real_time_factor") == factor


@pytest.mark.parametrize("words", [("trainer.latency_s=0",), ("trainer.final_split=val",)], ids=["off", "trial"])
def test_a_run_without_it_has_no_such_figure(tmp_path: Path, words: tuple[str, ...]) -> None:
    view, _ = tiny_run(tmp_path, *words)
    assert view.summary is not None
    assert "latency" not in view.summary.details


def test_it_leaves_generators_mode_and_weights_as_they_were() -> None:
    settings, data, network = _ready(*CIPHER, *SMALL)
    network.train()
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(3)
    np.random.seed(3)
    before = random_state.capture()
    network.encoder.register_forward_hook(lambda *_: (torch.rand(1), np.random.rand(), None)[-1])  # an untidy plug-in
    assert _measured(settings, data, network)
    after = random_state.capture()
    assert torch.equal(before["torch"], after["torch"])
    assert torch.equal(before["numpy"]["keys"], after["numpy"]["keys"])
    assert before["numpy"]["position"] == after["numpy"]["position"]
    assert network.training
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())


def test_a_batch_is_one_of_the_evaluation_and_decoding_is_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, data, network = _ready(*CIPHER, *SMALL, "decoding.method=beam", "decoding.beam_size=2")
    seen: list[tuple[tuple[str, ...], Any]] = []

    def predict(_network: Network, _task: Any, _data: TaskData, split: Split, decoding: Any) -> list[Any]:
        seen.append((tuple(split[i].id for i in range(len(split))), decoding))
        return []

    monkeypatch.setattr(latency, "predict", predict)
    _measured(settings, data, network)
    assert {decoding for _, decoding in seen} == {settings.decoding}
    assert {len(ids) for ids, _ in seen} == {1, 20}  # the whole split: a search decodes up to 128 together
    lengths = {data.test[i].id: int(data.test.input_lengths[i]) for i in range(len(data.test))}
    assert {name for ids, _ in seen for name in ids} == lengths.keys()
    singles = [ids[0] for ids, _ in seen if len(ids) == 1][: latency.INPUTS]
    assert len(set(singles)) == latency.INPUTS


def test_a_few_calls_are_for_inputs_of_all_lengths() -> None:
    order = latency._mixed(np.arange(20)).tolist()
    assert sorted(order) == list(range(20))
    for calls in range(2, 20):
        assert abs(np.median(order[:calls]) - 9.5) < 4.5, order[:calls]
    for calls in range(4, 20):
        assert (min(order[:calls]) < 5, max(order[:calls]) >= 15) == (True, True), order[:calls]


def test_a_model_of_text_is_timed_by_what_it_writes() -> None:
    settings, data, network = _ready(*COUNTING, *SMALL)
    found = _measured(settings, data, network)
    assert found["symbols"] == 6
    assert found["one"]["examples"] == 1
    assert found["batch"]["examples"] > 1
    assert "real_time_factor" not in found["one"]


def test_nothing_is_said_without_examples() -> None:
    settings, data, network = _ready(*WORDS)
    assert _measured(settings, data, network, []) == {}


def test_the_encoder_and_the_decoder_are_counted_apart() -> None:
    _, _, network = _ready(*CIPHER, *SMALL)
    whole, own, encoder = network.weight_counts()
    assert network.decoder is not None
    assert encoder.total == sum(p.numel() for p in network.encoder.parameters())
    assert own.total - encoder.total == sum(p.numel() for p in network.decoder.parameters())
    assert whole.total > own.total > encoder.total
