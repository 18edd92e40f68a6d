"""Weights on disk: whole tensors, tied ones once, and a refusal of what a file cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from harness.errors import PluginError
from harness.nn.saved_weights import check_savable, load_weights, save_weights


class Memory(nn.Module):
    """Tied weights, and buffers that are slices and transposes of one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.read = nn.Linear(4, 6, bias=False)
        self.written = nn.Linear(4, 6, bias=False)
        self.written.weight = self.read.weight
        step = torch.randn(6, 6)
        self.register_buffer("system", step[:4, :4])
        self.register_buffer("inputs", step[:4, 4])
        self.register_buffer("back", step.T)
        self.register_buffer("places", torch.randperm(40)[:9])
        self.register_buffer("phases", torch.randn(3, dtype=torch.complex64))
        self.register_buffer("empty", torch.zeros(0))


def test_every_value_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    one, other = Memory(), Memory()
    save_weights(one, file, {"key": "k"})
    assert load_weights(other, file) == ([], [])
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
    assert other.written.weight is other.read.weight


def test_a_file_holds_tied_weights_once_and_of_a_slice_only_its_values(tmp_path: Path) -> None:
    from safetensors import safe_open

    save_weights(Memory(), tmp_path / "model.safetensors", {})
    with safe_open(str(tmp_path / "model.safetensors"), "pt") as file:
        assert "written.weight" not in set(file.keys())
        assert file.get_tensor("places").shape == (9,)
    assert (tmp_path / "model.safetensors").stat().st_size < 1200


def test_what_is_missing_and_what_is_too_much_is_named(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save_weights(nn.ModuleDict({"a": nn.Linear(1, 1)}), file, {})
    missing, unexpected = load_weights(nn.ModuleDict({"b": nn.Linear(1, 1)}), file)
    assert (sorted(missing), sorted(unexpected)) == (["b.bias", "b.weight"], ["a.bias", "a.weight"])


class Extra(nn.Module):
    """State that is no tensor."""

    def get_extra_state(self) -> Any:
        """A dictionary."""
        return {"calls": 3}


@pytest.mark.parametrize(
    ("network", "said"),
    [(Extra(), "'_extra_state' of the network is a dict"), (nn.Module(), "'reservoir' of the network is sparse")],
)
def test_what_cannot_be_saved_is_refused_before_training(network: nn.Module, said: str) -> None:
    if not isinstance(network, Extra):
        network.register_buffer("reservoir", torch.eye(3).to_sparse())
    with pytest.raises(PluginError, match=said):
        check_savable(network)
