"""DeltaNet and Gated DeltaNet, in chunks, against the delta rule one step at a time."""

import pytest
import torch
from mixer_reference import compare, redrawn

from harness.nn.mixers import chunks
from harness.nn.mixers.delta_net import DeltaNet

SIZE, HEADS, CONV = 4, 2, 3


def silu(x):
    return x / (1 + torch.exp(-x))


def step(gated, negative):
    def one(names, x, state):
        memory, *last = state
        sums = names["inputs.weight"] @ x
        if last:
            seen = torch.cat((last[0], sums.unsqueeze(0)))
            sums, last = (seen * names["conv.weight"]).sum(0), [seen[1:]]
        q, k, v = silu(sums).view(3, HEADS, -1)
        q, k = (part / torch.sqrt((part**2).sum(1, keepdim=True) + 1e-6) for part in (q, k))
        beta = (2 if negative else 1) / (1 + torch.exp(-(names["beta.weight"] @ x)))
        outs, memories = [], []
        for head in range(HEADS):
            s, b = memory[head], beta[head]
            if gated:
                pre = names["decay.weight"][head] @ x + names["decay_bias"][head]
                s = torch.exp(-torch.exp(names["rate"][head]) * torch.log(1 + torch.exp(pre))) * s
            s = s - b * torch.outer(k[head], k[head] @ s) + b * torch.outer(k[head], v[head])
            o = q[head] @ s
            outs.append(o / torch.sqrt((o**2).mean() + 1e-5))
            memories.append(s)
        y = torch.cat(outs) * names["norm.weight"]
        if gated:
            y = y * silu(names["gate.weight"] @ x)
        return names["outputs.weight"] @ y, (torch.stack(memories), *last)

    return one


@pytest.mark.parametrize(
    ("gated", "negative", "conv", "size"),
    [(False, False, 0, 64), (False, True, CONV, 4), (True, False, CONV, 4), (True, True, 0, 3)],
)
def test_the_chunks_equal_the_delta_rule(gated, negative, conv, size, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", size)
    compare(redrawn(DeltaNet(SIZE, HEADS, conv, gated, negative)), step(gated, negative), SIZE)
