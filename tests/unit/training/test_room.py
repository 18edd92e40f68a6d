"""A network that memory cannot hold is refused before it is built."""

from __future__ import annotations

import pytest
import torch
from harness_models.lstm import LSTM
from tiny_run import WORDS

from harness.config import compose, to_settings
from harness.config.settings import RunSettings
from harness.contract.task import TaskData
from harness.errors import ConfigError
from harness.nn.network import Network
from harness.training import room
from harness.training.load_data import load_data
from harness.training.room import check_room


def made(*words: str) -> tuple[RunSettings, TaskData]:
    """A run's settings and data."""
    settings = to_settings(compose([*WORDS, *words, "trainer.device=cpu"]), threads=1)
    return settings, load_data(settings.task)


@pytest.mark.parametrize("words", [("model.layers=1000000", "model.hidden_size=2048"), ("model.hidden_size=200000",)])
def test_layers_that_are_too_large_or_too_many_are_refused_at_once(words: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"'lstm' cannot be trained in the [\d,.]+ GiB.*Choose smaller sizes"):
        check_room(*made(*words))


def test_gradients_and_optimizer_count(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, data = made("model.hidden_size=64")
    drawn = torch.get_rng_state()
    check_room(settings, data)
    assert torch.equal(torch.get_rng_state(), drawn)
    network = Network(settings.model, settings.task.signature, data.input_spec, data.target_spec, settings.trainer)
    weights = sum(w.numel() for w in network.parameters())
    monkeypatch.setattr(room, "free_memory_bytes", lambda: 4 * 4 * weights)
    check_room(settings, data)
    monkeypatch.setattr(room, "free_memory_bytes", lambda: 4 * 4 * weights - 1)
    with pytest.raises(ConfigError, match="weights, gradients and optimizer need more"):
        check_room(settings, data)


def test_a_model_that_needs_values_to_be_built_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, data = made()

    def built(self: LSTM, *_: object) -> None:
        raise RuntimeError("Tensor.item() cannot be called on meta tensors")

    monkeypatch.setattr(type(settings.model), "build", built)
    check_room(settings, data)
