"""`textbook_lstm` in float64 against torch's LSTM, Keras' LSTMCell, and the papers' equations written unit by unit."""

import math

import pytest
import torch
from harness_models.textbook_lstm import LSTMForm, TextbookLSTM
from torch import nn

from harness.nn.gates import gates_of
from harness.nn.recurrent import RecurrentStack

D, H, B, T = 3, 4, 3, 7
CLOSE = {"atol": 1e-6, "rtol": 0.0}


def cell_of(form):
    """A cell with every parameter drawn anew, so that none is a zero or a one that hides a mistake."""
    torch.manual_seed(4)
    cell = TextbookLSTM(hidden_size=H, form=form).plan().kind.make(D, H).double()
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return cell


def given():
    """x (B, T, D), h and C (B, H), and weights of the objective for each output."""
    g = torch.Generator().manual_seed(5)
    shapes = [(B, T, D), (B, H), (B, H), (B, T, H), (B, H), (B, H)]
    x, h, c, *weights = (torch.randn(shape, generator=g, dtype=torch.float64) for shape in shapes)
    return [part.requires_grad_() for part in (x, h, c)], weights


def gradients(outputs, weights, of):
    return torch.autograd.grad(sum((o * w).sum() for o, w in zip(outputs, weights, strict=True)), of)


def ours(cell):
    (x, h, c), weights = given()
    features, state = cell.run(x, (h, c), None)
    outputs = (features, *state)
    named = dict(cell.named_parameters())
    found = gradients(outputs, weights, [x, h, c, *named.values()])
    return outputs, found[:3], dict(zip(named, found[3:], strict=True))


def assert_all_close(got, want):
    assert len(got) == len(want)
    for one, other in zip(got, want, strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


def test_equal_to_torch_in_outputs_states_and_every_gradient():
    cell = cell_of(LSTMForm.standard)
    outputs, of_inputs, of_weights = ours(cell)
    theirs = nn.LSTM(D, H, batch_first=True).double()
    order = "ifCo"  # torch's
    with torch.no_grad():
        theirs.weight_hh_l0.copy_(torch.cat([cell.get_parameter(f"W_{p}")[:, :H] for p in order]))
        theirs.weight_ih_l0.copy_(torch.cat([cell.get_parameter(f"W_{p}")[:, H:] for p in order]))
        theirs.bias_ih_l0.copy_(torch.cat([cell.get_parameter(f"b_{p}") for p in order]))
        theirs.bias_hh_l0.zero_()
    (x, h, c), weights = given()
    features, (last_h, last_c) = theirs(x, (h[None], c[None]))
    want = (features, last_h[0], last_c[0])
    assert_all_close(outputs, want)
    named = [theirs.weight_hh_l0, theirs.weight_ih_l0, theirs.bias_ih_l0]
    dx, dh, dc, of_h, of_x, of_b = gradients(want, weights, [x, h, c, *named])
    assert_all_close(of_inputs, (dx, dh, dc))
    for p, a, b, bias in zip(order, of_h.chunk(4), of_x.chunk(4), of_b.chunk(4), strict=True):
        assert_all_close((of_weights[f"W_{p}"], of_weights[f"b_{p}"]), (torch.cat((a, b), dim=1), bias))


def sigma(z):
    return 1 / (1 + (-z).exp())


def by_hand(form, weights, x, h, c):
    """One unit of one row after the other, by the equations of the paper of each form."""
    features = [[None] * T for _ in range(B)]
    ends = []
    for row in range(B):
        hs, cs = list(h[row]), list(c[row])
        for t in range(T):
            seen = torch.cat((torch.stack(hs), x[row, t]))
            new_h, new_c = [], []
            for u in range(H):
                z = {p: weights[f"W_{p}"][u] @ seen + weights[f"b_{p}"][u] for p in "fiCo" if f"W_{p}" in weights}
                if form == "peephole":
                    z["f"] = z["f"] + weights["p_f"][u] * cs[u]
                    z["i"] = z["i"] + weights["p_i"][u] * cs[u]
                i = sigma(z["i"])
                f = {"coupled": 1 - i, "no_forget_gate": torch.ones_like(i)}.get(form, sigma(z.get("f", i)))
                cell = f * cs[u] + i * z["C"].tanh()
                if form == "peephole":
                    z["o"] = z["o"] + weights["p_o"][u] * cell
                new_c.append(cell)
                new_h.append(sigma(z["o"]) * cell.tanh())
            hs, cs = new_h, new_c
            features[row][t] = torch.stack(hs)
        ends.append((torch.stack(hs), torch.stack(cs)))
    features = torch.stack([torch.stack(row) for row in features])
    return features, torch.stack([e[0] for e in ends]), torch.stack([e[1] for e in ends])


@pytest.mark.parametrize("form", LSTMForm)
def test_each_form_equals_its_equations_in_outputs_states_and_every_gradient(form):
    cell = cell_of(form)
    outputs, of_inputs, of_weights = ours(cell)
    copies = {name: value.detach().clone().requires_grad_() for name, value in cell.named_parameters()}
    (x, h, c), weights = given()
    want = by_hand(form.value, copies, x, h, c)
    assert_all_close(outputs, want)
    found = gradients(want, weights, [x, h, c, *copies.values()])
    assert_all_close(of_inputs, found[:3])
    assert_all_close([of_weights[name] for name in copies], found[3:])


@pytest.mark.parametrize("form", [form for form in LSTMForm if form is not LSTMForm.no_forget_gate])
def test_a_new_cell_remembers_until_it_learns_to_forget(form):
    cell = TextbookLSTM(hidden_size=H, form=form).plan().kind.make(D, H)
    zeros, ones = torch.zeros(1, 2, D), torch.ones(1, H)
    _, (_, c) = cell.run(zeros[:, :1], (0 * ones, ones), None)
    torch.testing.assert_close(c, ones / (1 + math.exp(-1.0)))


def test_the_model_is_a_stack_of_the_form_that_was_asked_for():
    model = TextbookLSTM(hidden_size=H, layers=2, form=LSTMForm.coupled)
    stack = model.plan().stack(D, carry=True)
    assert isinstance(stack, RecurrentStack)
    assert {name.split(".", 2)[2] for name, _ in stack.named_parameters()} == {
        f"{kind}_{part}" for kind in "Wb" for part in "iCo"
    }
    assert stack.backend == "step by step"


@pytest.mark.parametrize("form", LSTMForm)
@torch.no_grad()
def test_explained_gates_are_those_of_the_steps(form, monkeypatch):
    cell, squashed = cell_of(form), []
    (x, h, c), _ = given()
    sigmoid = torch.sigmoid
    monkeypatch.setattr(torch, "sigmoid", lambda z: squashed.append(sigmoid(z)) or squashed[-1])
    features, _ = cell.run(x, (h, c), None)
    monkeypatch.undo()
    found = gates_of(cell, x, features, h)
    if form is LSTMForm.peephole:
        assert found == {}
        return
    order = ["input_gate", "output_gate"] if len(squashed) == 2 * T else ["forget_gate", "input_gate", "output_gate"]
    for n, name in enumerate(order):
        torch.testing.assert_close(found[name], torch.stack(squashed[n :: len(order)], dim=1), **CLOSE)
    if form is LSTMForm.coupled:
        torch.testing.assert_close(found["forget_gate"], 1 - found["input_gate"])
