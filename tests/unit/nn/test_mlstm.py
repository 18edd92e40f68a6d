"""The mLSTM in chunks against equations 19 to 27 of its paper, one step at a time."""

import pytest
import torch
from mixer_reference import compare, redrawn

from harness.nn.mixers import chunks
from harness.nn.mixers.mlstm import MLSTM

SIZE, HEADS, CONV = 6, 2, 3
EACH = SIZE // HEADS


def sigma(x):
    return 1 / (1 + torch.exp(-x))


def step(names, x, state):
    memory, total, m, *last = state
    seen = x
    if last:
        window = torch.cat((last[0], x.unsqueeze(0)))
        seen, last = (window * names["conv.weight"]).sum(0) + names["conv.bias"], [window[1:]]
        seen = seen * sigma(seen)
    q, k = (names["keys.weight"] @ seen + names["keys.bias"]).view(2, HEADS, EACH)
    v, o = (names["values.weight"] @ x + names["values.bias"]).split(SIZE)
    i, f = (names["gates.weight"] @ x + names["gates.bias"]).split(HEADS)
    new = torch.maximum(torch.log(sigma(f)) + m, i).detach()
    enter, keep = torch.exp(i - new), torch.exp(torch.log(sigma(f)) + m - new)
    outs, memories, totals = [], [], []
    for head in range(HEADS):
        key, value = k[head] / EACH**0.5, v.view(HEADS, EACH)[head]
        c = keep[head] * memory[head].T + enter[head] * torch.outer(value, key)
        n = keep[head] * total[head] + enter[head] * key
        h = c @ q[head] / torch.maximum((n @ q[head]).abs(), torch.exp(-new[head]))
        h = h - h.mean()
        outs.append(h / torch.sqrt((h**2).mean() + 1e-5))
        memories.append(c.T)
        totals.append(n)
    h = sigma(o) * torch.cat(outs) * names["norm.weight"]
    y = names["outputs.weight"] @ h + names["outputs.bias"]
    return y, (torch.stack(memories), torch.stack(totals), new, *last)


@pytest.mark.parametrize(("conv", "size"), [(0, 64), (CONV, 4)])
def test_the_chunks_equal_the_equations(conv, size, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", size)
    compare(redrawn(MLSTM(SIZE, HEADS, conv), scale=1.0), step, SIZE, states=slice(0, 2))


def test_huge_gates_stay_finite():
    mixer = redrawn(MLSTM(SIZE, HEADS, 0)).float()
    y, _ = mixer((100.0 * torch.randn(70, 2, SIZE)).requires_grad_())
    y.sum().backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in mixer.parameters())
