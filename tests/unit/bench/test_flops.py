"""Operations by count."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from harness.bench.flops import forward_flops, recurrent_flops
from harness.config.settings import TrainerSettings
from harness.contract.batch import Batch
from harness.contract.signature import TaskSignature
from harness.contract.specs import FrameInput, TokenInput
from harness.nn.decoder import RecurrentDecoder
from harness.nn.network import Network
from harness.nn.recurrent import RecurrentStack
from harness.registry.discovery import load_model
from harness.targets import ClassTarget, TokenSequenceTarget

B, T, F, D, H, K = 3, 7, 5, 6, 8, 4


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_formula_is_what_torch_counts_of_layers_that_are_not_fused(kind, bidirectional) -> None:
    # No fused kernel computes in float64.
    layers = kind(D, H, num_layers=2, batch_first=True, bidirectional=bidirectional, dtype=torch.float64)
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        layers(torch.randn(B, T, D, dtype=torch.float64))
    assert counter.get_total_flops() == recurrent_flops(layers, B * T)


def network_and_batch(model: str, **fields) -> tuple[Network, Batch]:
    inputs, target = FrameInput(F), ClassTarget(K)
    signature = TaskSignature("t", FrameInput, ClassTarget)
    network = Network(load_model(model)(**fields), signature, inputs, target, TrainerSettings(embedding_dim=D))
    lengths = torch.full((B,), T)
    batch = Batch(("a", "b", "c"), torch.randn(B, T, F), lengths, torch.zeros(B, dtype=torch.int64), lengths)
    return network.eval(), batch


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["fused", "step by step"])
def test_a_network_is_counted_by_hand_alike_whichever_kernel_runs(dtype: torch.dtype) -> None:
    network, batch = network_and_batch("lstm", hidden_size=H)
    network.to(dtype)
    batch = dataclasses.replace(batch, inputs=batch.inputs.to(dtype))
    by_hand = 2 * B * T * F * D + 2 * B * T * 4 * H * (D + H) + 2 * B * H * K  # embedding, LSTM, head
    assert forward_flops(network, batch) == by_hand


def test_both_directions_and_all_layers_count_once() -> None:
    network, batch = network_and_batch("bilstm", hidden_size=2 * H, layers=2)
    stack = 2 * B * T * 2 * (4 * H * (D + H) + 4 * H * (2 * H + H))
    assert forward_flops(network, batch) == 2 * B * T * F * D + stack + 2 * B * 2 * H * K


def test_a_decoder_that_runs_its_layers_itself_is_counted() -> None:
    inputs, target = TokenInput(10), TokenSequenceTarget(11)
    signature = TaskSignature("t", TokenInput, TokenSequenceTarget)
    model = load_model("lstm")(hidden_size=H)
    network = Network(model, signature, inputs, target, TrainerSettings(embedding_dim=D)).eval()
    lengths = torch.full((B,), T)
    tokens = torch.ones(B, T, dtype=torch.int64)
    found = forward_flops(network, Batch(("a", "b", "c"), tokens, lengths, tokens, lengths))
    assert isinstance(network.decoder, RecurrentDecoder)
    bridge = 2 * B * H * 2 * H
    head = 2 * B * T * (H * D + D * 11)
    assert found == 2 * (2 * B * T * 4 * H * (D + H)) + bridge + head


def test_counting_leaves_the_network_as_it_was() -> None:
    network, batch = network_and_batch("stacked_lstm", hidden_size=H)
    with torch.no_grad():
        before, *_ = network(batch.inputs, batch.input_lengths)
        first = forward_flops(network, batch)
        after, *_ = network(batch.inputs, batch.input_lengths)
    assert torch.equal(before, after)
    assert forward_flops(network, batch) == first
    stacks = [m for m in network.modules() if isinstance(m, RecurrentStack | nn.RNNBase)]
    assert stacks
    assert not any({"forward", "run"} & set(vars(m)) for m in stacks)
