"""Explanations of layers are what the layers compute: gates and attention against the definition, step by step."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from harness.nn.attention import SelfAttention, WindowedCausalAttention
from harness.nn.cells import Kind, LayerNormLSTM, ProjectedLSTM
from harness.nn.recurrent import RecurrentStack

LENGTHS = torch.tensor([6, 4, 1])


def _lstm_gates(layer: nn.LSTM, x: Tensor) -> dict[str, Tensor]:
    """Gates (T, H) of one row x (T, D), by the loop."""
    from_input, recurrent, bias, further = layer.parameters()
    h = c = x.new_zeros(layer.hidden_size)
    found: dict[str, list[Tensor]] = {"input_gate": [], "forget_gate": [], "output_gate": [], "cell_state": []}
    for step in x:
        i, f, g, o = (from_input @ step + bias + recurrent @ h + further).chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        for name, value in zip(found, (i.sigmoid(), f.sigmoid(), o.sigmoid(), c), strict=True):
            found[name].append(value)
        h = o.sigmoid() * c.tanh()
    return {name: torch.stack(gates) for name, gates in found.items()}


@torch.no_grad()
def test_gates_of_both_directions_are_those_of_the_loop() -> None:
    torch.manual_seed(0)
    stack = RecurrentStack("lstm", 5, 4, layers=1, bidirectional=True).eval()
    x, gates = torch.randn(3, 6, 5), {}
    out = stack(x, LENGTHS, gates=gates)
    torch.testing.assert_close(out.features, stack(x, LENGTHS).features, rtol=0, atol=0)
    assert len(gates) == 8
    for row, length in enumerate(LENGTHS.tolist()):
        real = x[row, :length]
        for name, expected in _lstm_gates(stack.forward_layers[0], real).items():
            torch.testing.assert_close(gates[f"layer_1.{name}"][row, :length], expected)
        for name, expected in _lstm_gates(stack.backward_layers[0], real.flip(0)).items():
            torch.testing.assert_close(gates[f"layer_1.backward.{name}"][row, :length], expected.flip(0))


@torch.no_grad()
def test_gates_go_on_from_a_carried_state() -> None:
    torch.manual_seed(0)
    stack = RecurrentStack("gru", 5, 4, layers=2, carry=True).eval()
    x, whole, first, second = torch.randn(2, 6, 5), {}, {}, {}
    stack(x, torch.tensor([6, 6]), gates=whole)
    state = stack(x[:, :2], torch.tensor([2, 2]), gates=first).state
    stack(x[:, 2:], torch.tensor([4, 4]), state, gates=second)
    assert set(whole) == {f"layer_{n}.{gate}" for n in (1, 2) for gate in ("reset_gate", "update_gate")}
    for name, gate in whole.items():
        torch.testing.assert_close(torch.cat((first[name], second[name]), dim=1), gate)


def test_a_cell_without_gates_has_none() -> None:
    gates: dict[str, Tensor] = {}
    RecurrentStack("rnn", 5, 4)(torch.randn(3, 6, 5), LENGTHS, gates=gates)
    assert gates == {}


@torch.no_grad()
@pytest.mark.parametrize("kind", ["lstm", "lstm_peephole", "lstm_layernorm", "lstm_projection"])
def test_gates_and_cell_states_make_the_next_cell_state_and_feature(kind: Kind) -> None:
    torch.manual_seed(0)
    stack = RecurrentStack(kind, 5, 4, carry=True).eval()
    for parameter in stack.parameters():  # peepholes begin at zero
        parameter.add_(0.3 * torch.randn_like(parameter))
    start = tuple(torch.randn(2, 1, size) for size in stack.state_dims)
    x, found = torch.randn(2, 6, 5), dict[str, Tensor]()
    out = stack(x, torch.tensor([6, 6]), start, gates=found)
    f, i, o, c = (found[f"layer_1.{name}"] for name in ("forget_gate", "input_gate", "output_gate", "cell_state"))
    before = torch.cat((start[1], c[:, :-1]), dim=1)
    candidate = (c - f * before) / i
    assert float(candidate.abs().max()) <= 1 + 1e-5  # it is a tanh
    cell = stack.forward_layers[0]
    squashed = torch.tanh(cell_norm(cell, c) if isinstance(cell, LayerNormLSTM) else c)
    made = o * squashed
    if isinstance(cell, ProjectedLSTM):
        made = made @ cell.projection.t()
    torch.testing.assert_close(made, out.features)
    assert out.state is not None
    torch.testing.assert_close(c[:, -1], out.state[1][:, 0])


def cell_norm(cell: LayerNormLSTM, c: Tensor) -> Tensor:
    return nn.functional.layer_norm(c, c.shape[2:], cell.scale_cell, cell.bias_cell)


@torch.no_grad()
def test_weights_of_self_attention_give_what_it_attends_to() -> None:
    torch.manual_seed(0)
    layer, x = SelfAttention(8, heads=2), torch.randn(3, 6, 8)
    weights = layer.weights(x, LENGTHS)  # (B, T, heads, T)
    values = layer.project(x)[..., 16:].view(3, 6, 2, 4)
    mixed = torch.einsum("bths,bshd->bthd", weights, values).flatten(2)
    torch.testing.assert_close(layer.output(mixed), layer(x, LENGTHS))
    assert weights[1, :, :, 4:].abs().max() == 0


@torch.no_grad()
@pytest.mark.parametrize("chunk", [6, 2])
def test_weights_of_a_window_give_what_it_attends_to(chunk: int) -> None:
    torch.manual_seed(0)
    layer, x = WindowedCausalAttention(8, context=3), torch.randn(3, 6, 8)
    window, found, expected = None, [], []
    padded = nn.functional.pad(x, (0, 0, 2, 0))  # two positions that do not exist
    for start in range(0, 6, chunk):
        lengths = (LENGTHS - start).clamp(0, chunk)
        part = x[:, start : start + chunk]
        weights = layer.weights(part, lengths, window)  # (B, chunk, 3)
        seen = torch.stack([padded[:, start + t : start + t + 3] for t in range(chunk)], dim=1)  # (B, chunk, 3, H)
        found.append(layer.output(torch.einsum("btc,btch->bth", weights, seen)))
        attended, window = layer(part, lengths, window)
        expected.append(attended)
    real = torch.arange(6) < LENGTHS.unsqueeze(1)
    torch.testing.assert_close(torch.cat(found, 1)[real], torch.cat(expected, 1)[real])
    assert math.isclose(float(layer.weights(x, LENGTHS)[0, 5].sum()), 1.0, rel_tol=1e-5)
