"""LRU and S4D against their recurrences, one step at a time in complex numbers."""

import math

import pytest
import torch
from mixer_reference import compare, redrawn

from harness.nn.mixers import chunks
from harness.nn.mixers.lru import LRU
from harness.nn.mixers.s4d import S4D

SIZE, STATE = 3, 4


def lru(names, x, state):
    h = torch.complex(state[0][:, 0], state[0][:, 1])
    decay = torch.exp(torch.complex(-torch.exp(names["nu"]), torch.exp(names["theta"])))
    b = torch.complex(*names["inputs"])
    c = torch.complex(*names["outputs"])
    h = decay * h + torch.exp(names["gamma"]) * (b @ x.to(b.dtype))
    y = (c @ h).real + names["skip"] * x
    return y, (torch.stack((h.real, h.imag), dim=1),)


def s4d(names, x, state):
    h = torch.complex(state[0][..., 0], state[0][..., 1])  # (H, N / 2)
    a = torch.complex(-torch.exp(names["decay"]), names["frequency"])
    step = torch.exp(names["log_step"]).unsqueeze(1)
    h = torch.exp(step * a) * h + x.unsqueeze(1)
    c = torch.complex(names["outputs"][..., 0], names["outputs"][..., 1]) * (torch.exp(step * a) - 1) / a
    y = 2 * (c * h).sum(1).real + names["skip"] * x
    y = y * 0.5 * (1 + torch.erf(y / math.sqrt(2)))
    left, right = (names["mix.weight"] @ y + names["mix.bias"]).split(SIZE)
    return left / (1 + torch.exp(-right)), (torch.stack((h.real, h.imag), dim=2),)


def test_the_loop_of_the_lru_equals_the_recurrence():
    compare(redrawn(LRU(SIZE, STATE)), lru, SIZE)


@pytest.mark.parametrize("size", [3, 11, 64])
def test_the_chunks_of_s4d_equal_the_recurrence(size, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", size)
    compare(redrawn(S4D(SIZE, STATE)), s4d, SIZE)
