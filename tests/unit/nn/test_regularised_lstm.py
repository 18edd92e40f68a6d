"""`RegularisedLSTM` in float64 with given masks against the papers' equations: outputs, states and every gradient."""

from functools import partial

import pytest
import torch

from harness.errors import PluginError
from harness.nn import regularised_lstm
from harness.nn.decoder import RecurrentDecoder
from harness.nn.dropout import SequenceDropout, dropout_mask
from harness.nn.gates import gates_of
from harness.nn.recurrent import RecurrentStack
from harness.nn.regularised_lstm import RegularisedLSTM
from harness.nn.step_cell import CellMaker

D, H, B, T = 3, 4, 5, 6
RATES = {
    "zoneout": {"zoneout_cell": 0.5, "zoneout_hidden": 0.25},
    "variational": {"recurrent_dropout": 0.5},
    "weight": {"weight_dropout": 0.25},
    "all": {"zoneout_cell": 0.5, "zoneout_hidden": 0.25, "recurrent_dropout": 0.5, "weight_dropout": 0.25},
}


def sigma(z):
    return 1 / (1 + (-z).exp())


def reference(cell, rates, x, h, c, masks):
    """The equations, with masks of what is kept: U of the weights, z of h, and d and e of zoneout at each step."""
    W, U, b = cell.weight_ih, cell.weight_hh, cell.bias
    dropped, recurrent = rates.get("weight_dropout", 0.0), rates.get("recurrent_dropout", 0.0)
    if "U" in masks:
        U = U * masks["U"] / (1 - dropped)
    features = []
    for t in range(T):
        seen = h * masks["z"] / (1 - recurrent) if "z" in masks else h
        i, f, g, o = torch.einsum("gd,bd->bg", W, x[:, t]).add(seen @ U.T).add(b).split(H, dim=1)
        candidate = sigma(f) * c + sigma(i) * g.tanh()
        d, e = masks["d"][t], masks["e"][t]  # what stays as it was
        h = e * h + (1 - e) * sigma(o) * candidate.tanh()
        c = d * c + (1 - d) * candidate
        features.append(h)
    return torch.stack(features, 1), h, c


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_equal_to_the_equations_with_given_masks(rates, training, monkeypatch):
    torch.manual_seed(7)
    cell = RegularisedLSTM(D, H, **rates).double().train(training)
    with torch.no_grad():
        cell.bias.normal_()
    drawn = []

    def given(shape, rate, like):
        drawn.append((torch.rand(*shape) >= rate).double())
        return drawn[-1] / (1 - rate)

    monkeypatch.setattr(regularised_lstm, "dropout_mask", given)
    x, h, c = (torch.randn(*shape, dtype=torch.float64).requires_grad_() for shape in ((B, T, D), (B, H), (B, H)))
    weights = [torch.randn(*shape, dtype=torch.float64) for shape in ((B, T, H), (B, H), (B, H))]
    features, state = cell.run(x, (h, c), None)
    assert bool(drawn) == training
    masks = {"d": [rates.get("zoneout_cell", 0.0)] * T, "e": [rates.get("zoneout_hidden", 0.0)] * T}
    if training:
        masks |= {
            name: drawn.pop(0) for name, rate in (("U", "weight_dropout"), ("z", "recurrent_dropout")) if rate in rates
        }
        if "zoneout_cell" in rates:
            masks |= {"e": [1 - kept for kept in drawn[::2]], "d": [1 - kept for kept in drawn[1::2]]}
    found = []
    for outputs in ((features, *state), reference(cell, rates, x, h, c, masks)):
        loss = sum((o * w).sum() for o, w in zip(outputs, weights, strict=True))
        found.append([*outputs, *torch.autograd.grad(loss, [x, h, c, *cell.parameters()])])
    for got, want in zip(*found, strict=True):
        torch.testing.assert_close(got, want, atol=1e-12, rtol=0.0)


@torch.no_grad()
def test_explained_gates_are_those_of_an_lstm_with_its_weights():
    torch.manual_seed(1)
    cell, plain = RegularisedLSTM(D, H, zoneout_cell=0.3).eval(), torch.nn.LSTM(D, H, batch_first=True)
    plain.weight_ih_l0.copy_(cell.weight_ih)
    plain.weight_hh_l0.copy_(cell.weight_hh)
    plain.bias_ih_l0.copy_(cell.bias)
    plain.bias_hh_l0.zero_()
    x, features, start = torch.randn(B, T, D), torch.randn(B, T, H), torch.randn(B, H)
    got, want = (gates_of(layer, x, features, start) for layer in (cell, plain))
    assert got.keys() == want.keys()
    for name, gate in got.items():
        torch.testing.assert_close(gate, want[name])


def test_a_dropout_mask_drops_the_share_that_is_asked_for():
    torch.manual_seed(0)
    mask = dropout_mask((100, 100), 0.2, torch.zeros(1, dtype=torch.float64))
    assert mask.dtype == torch.float64
    assert set(mask.unique().tolist()) == {0.0, 1.25}
    assert abs(mask.mean().item() - 1.0) < 0.02


def test_sequence_dropout_has_one_mask_for_all_steps():
    torch.manual_seed(0)
    layer, x = SequenceDropout(0.5), torch.ones(4, 7, 30)
    y = layer(x)
    assert torch.equal(y, y[:, :1].expand_as(y))
    assert set(y.unique().tolist()) == {0.0, 2.0}
    assert not torch.equal(y[0], y[1])
    assert layer.eval()(x) is x


def test_a_variational_stack_draws_once_a_sequence_and_bahdanau_steps_cannot():
    torch.manual_seed(0)
    kind = CellMaker("regularised lstm", partial(RegularisedLSTM, recurrent_dropout=0.5), states=2)
    stack = RecurrentStack(kind, D, H, layers=2, dropout=0.5, variational=True)
    assert isinstance(stack.dropout, SequenceDropout)
    with pytest.raises(PluginError, match="no variational dropout with 'bahdanau'"):
        RecurrentDecoder(kind, D, H, 1, memory_dim=H, summary_dim=H, attention="bahdanau", variational=True)
