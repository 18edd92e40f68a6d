"""Mamba and Mamba-2 against their recurrences, one step at a time."""

import pytest
import torch
from mixer_reference import compare, redrawn

from harness.nn.mixers import chunks
from harness.nn.mixers.mamba import Mamba
from harness.nn.mixers.mamba2 import Mamba2

SIZE, STATE, CONV, HEADS, RANK = 4, 3, 3, 2, 1
INNER = 2 * SIZE


def silu(x):
    return x / (1 + torch.exp(-x))


def softplus(x):
    return torch.log(1 + torch.exp(x))


def convolved(names, x, last):
    seen = torch.cat((last, x.unsqueeze(0)))
    return silu((seen * names["conv.weight"]).sum(0) + names["conv.bias"]), seen[1:]


def mamba(negative):
    def one(names, x, state):
        h, last = state
        u, z = (names["inputs.weight"] @ x).split(INNER)
        u, last = convolved(names, u, last)
        d, b, c = (names["select.weight"] @ u).split((RANK, STATE, STATE))
        step = softplus(names["step.weight"] @ d + names["step.bias"])
        rows = []
        for n in range(STATE):
            a = torch.exp(-step * torch.exp(names["rate"][n]))
            rows.append((2 * a - 1 if negative else a) * h[n] + step * b[n] * u)
        h = torch.stack(rows)
        y = sum(c[n] * h[n] for n in range(STATE)) + names["skip"] * u
        return names["outputs.weight"] @ (y * silu(z)), (h, last)

    return one


def mamba2(names, x, state):
    memory, last = state
    z, seen, step = (names["inputs.weight"] @ x).split((INNER, INNER + 2 * STATE, HEADS))
    seen, last = convolved(names, seen, last)
    u, b, c = seen.split((INNER, STATE, STATE))
    step = softplus(step + names["step_bias"])
    ys, memories = [], []
    for head, part in enumerate(u.split(INNER // HEADS)):
        a = torch.exp(-step[head] * torch.exp(names["rate"][head]))
        s = a * memory[head] + torch.outer(b, step[head] * part)
        ys.append(c @ s + names["skip"][head] * part)
        memories.append(s)
    y = torch.cat(ys) * silu(z)
    y = y / torch.sqrt((y**2).mean() + 1e-5) * names["norm.weight"]
    return names["outputs.weight"] @ y, (torch.stack(memories), last)


@pytest.mark.parametrize("negative", [False, True])
def test_the_selective_scan_equals_the_recurrence(negative):
    compare(redrawn(Mamba(SIZE, STATE, 2, CONV, negative)), mamba(negative), SIZE)


@pytest.mark.parametrize("size", [3, 64])
def test_the_chunks_of_mamba2_equal_the_recurrence(size, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", size)
    compare(redrawn(Mamba2(SIZE, HEADS, STATE, 2, CONV)), mamba2, SIZE)
