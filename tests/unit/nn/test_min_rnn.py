"""minGRU and minLSTM against their equations, one step at a time."""

import pytest
import torch
from mixer_reference import compare, redrawn

from harness.nn.kernels import averaging
from harness.nn.mixers.min_rnn import MinGRU, MinLSTM

SIZE = 3


def positive(x):
    return torch.where(x >= 0, x + 0.5, torch.sigmoid(x))


def min_gru(names, x, state):
    (h,) = state
    z, v = (names["sums.weight"] @ x + names["sums.bias"]).split(SIZE)
    z = torch.sigmoid(z)
    h = (1 - z) * h + z * positive(v)
    return h, (h,)


def min_lstm(names, x, state):
    (h,) = state
    f, i, v = (names["sums.weight"] @ x + names["sums.bias"]).split(SIZE)
    f, i = torch.sigmoid(f), torch.sigmoid(i)
    h = f / (f + i) * h + i / (f + i) * positive(v)
    return h, (h,)


@pytest.mark.parametrize("block", [1, 40, 10**6])
@pytest.mark.parametrize(("kind", "step"), [(MinGRU, min_gru), (MinLSTM, min_lstm)])
def test_the_loop_equals_the_equations(kind, step, block, monkeypatch):
    monkeypatch.setattr(averaging, "BLOCK", block)
    compare(redrawn(kind(SIZE), scale=1.0), step, SIZE)


@pytest.mark.parametrize("kind", [MinGRU, MinLSTM])
def test_saturated_gates_stay_finite(kind):
    mixer = kind(SIZE)
    x = 1e4 * torch.randn(6, 2, SIZE, requires_grad=True)
    y, _ = mixer(x)
    y.sum().backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in mixer.parameters())
