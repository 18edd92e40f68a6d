"""`keras_lstm` against torch's LSTM and against the textbook's; Keras' own LSTMCell against the textbook's."""

import sys

import pytest
import torch
from harness_models import keras_lstm
from harness_models.keras_lstm import KerasCell, keras_on_torch
from harness_models.textbook_lstm import TextbookCell
from torch import nn

from harness.errors import ConfigError
from harness.nn.gates import gates_of
from harness.nn.layers import run_layer

D, H, B, T = 3, 4, 3, 7
CLOSE = {"atol": 1e-6, "rtol": 0.0}  # Keras itself differs by 1e-7 in float64


@pytest.fixture
def cells():
    """A textbook cell, and a Keras cell with the same weights."""
    torch.manual_seed(4)
    textbook, keras = TextbookCell(D, H).double(), KerasCell(D, H).double()
    with torch.no_grad():
        for parameter in textbook.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
        weight = torch.cat([textbook.get_parameter(f"W_{p}") for p in "ifCo"])
        keras.recurrent_kernel.copy_(weight[:, :H].t())
        keras.kernel.copy_(weight[:, H:].t())
        keras.bias.copy_(torch.cat([textbook.get_parameter(f"b_{p}") for p in "ifCo"]))
    return textbook, keras


def numbers(*shapes):
    g = torch.Generator().manual_seed(5)
    return [torch.randn(shape, generator=g, dtype=torch.float64) for shape in shapes]


def test_the_textbook_equals_the_lstm_cell_of_keras(cells):
    textbook, weights = cells
    cell = keras_on_torch().layers.LSTMCell(H, dtype="float64")
    cell.build((None, D))
    cell.set_weights([w.detach().numpy() for w in (weights.kernel, weights.recurrent_kernel, weights.bias)])
    x, h, c = numbers((B, T, D), (B, H), (B, H))
    features, (last_h, last_c) = textbook.run(x, (h, c), None)
    state = [h, c]
    for t in range(T):
        out, state = cell(x[:, t], state)
        torch.testing.assert_close(out, features[:, t], **CLOSE)
    torch.testing.assert_close(state, [last_h, last_c], **CLOSE)


@pytest.mark.parametrize("lengths", [None, torch.tensor([7, 0, 3])])
def test_equal_to_the_textbook_in_outputs_states_and_every_gradient(cells, lengths):
    found = []
    for cell in cells:
        x, h, c, *weights = (
            part.requires_grad_() for part in numbers((B, T, D), (B, H), (B, H), (B, T, H), (B, H), (B, H))
        )
        features, state = run_layer(cell, x, (h, c), lengths)
        real = torch.ones(B, T, 1) if lengths is None else (torch.arange(T) < lengths[:, None])[..., None]
        outputs = (features * real, *state)
        loss = sum((o * w).sum() for o, w in zip(outputs, weights, strict=True))
        named = dict(cell.named_parameters())
        grads = torch.autograd.grad(loss, [x, h, c, *named.values()])
        of_weights = dict(zip(named, grads[3:], strict=True))
        if cell is cells[0]:
            weight = torch.cat([of_weights[f"W_{p}"] for p in "ifCo"])
            bias = torch.cat([of_weights[f"b_{p}"] for p in "ifCo"])
            of_weights = {"kernel": weight[:, H:].t(), "recurrent_kernel": weight[:, :H].t(), "bias": bias}
        found.append([*outputs, *grads[:3], *(of_weights[name] for name in ("kernel", "recurrent_kernel", "bias"))])
    for got, want in zip(*found, strict=True):
        torch.testing.assert_close(got, want, **CLOSE)


def test_the_two_explain_the_same_gates(cells):
    x, h, features = numbers((B, T, D), (B, H), (B, T, H))
    one, other = (gates_of(cell, x, features, h) for cell in cells)
    assert one.keys() == other.keys() == {"input_gate", "forget_gate", "output_gate"}
    for name, gate in one.items():
        torch.testing.assert_close(gate, other[name], **CLOSE)


def test_initial_weights_are_those_of_keras():
    cell = KerasCell(D, H)
    limit = (6 / (D + 4 * H)) ** 0.5
    assert cell.kernel.abs().max() <= limit
    torch.testing.assert_close(cell.recurrent_kernel @ cell.recurrent_kernel.t(), torch.eye(H))
    assert cell.bias.tolist() == [0.0] * H + [1.0] * H + [0.0] * 2 * H


def test_a_missing_keras_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ConfigError, match=r"needs the Python package keras: pip install 'sequence-harness\[keras\]'"):
        keras_lstm.KerasLSTM().plan().stack(D, carry=False)


@pytest.mark.parametrize("how", ["imported", "asked for"])
def test_another_backend_of_keras_is_refused(monkeypatch, how):
    if how == "imported":
        monkeypatch.setattr(keras_on_torch().backend, "backend", lambda: "jax")
    else:
        monkeypatch.setenv("KERAS_BACKEND", "jax")
    with pytest.raises(ConfigError, match="here it computes with 'jax': set KERAS_BACKEND=torch"):
        KerasCell(D, H)


def test_the_meta_device_holds_its_weights():
    with torch.device("meta"):
        cell = KerasCell(D, H)
    assert all(parameter.is_meta for parameter in cell.parameters())
    assert sum(p.numel() for p in cell.parameters()) == sum(p.numel() for p in nn.LSTM(D, H).parameters()) - 4 * H
