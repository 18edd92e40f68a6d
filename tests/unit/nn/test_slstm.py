"""The sLSTM against equations 8 to 17 of its paper, without and with its stabiliser, one step at a time."""

import pytest
import torch
from mixer_reference import compare, redrawn

from harness.nn.mixers.slstm import SLSTM

SIZE, HEADS, CONV = 4, 2, 3


def convolved(names, x, last, prefix="conv"):
    """A convolution's output for x (H,) and its last inputs (K - 1, H)."""
    seen = torch.cat((last, x.unsqueeze(0)))
    return (seen * names[f"{prefix}.weight"]).sum(0) + names[f"{prefix}.bias"], seen[1:]


def sigma(x):
    return 1 / (1 + torch.exp(-x))


def step(names, x, state):
    h, c, n, m, *last = state
    seen = x
    if last:
        seen, kept = convolved(names, x, last[0])
        seen, last = seen * sigma(seen), [kept]
    heads = h.view(HEADS, SIZE // HEADS)
    r = names["recurrent"]
    fed = [torch.cat([r[gate, head] @ heads[head] for head in range(HEADS)]) for gate in range(4)]
    i, f = (names["gates.weight"] @ seen + names["gates.bias"]).split(SIZE)
    z, o = (names["inputs.weight"] @ x + names["inputs.bias"]).split(SIZE)
    i, f, z, o = i + fed[0], f + fed[1], z + fed[2], o + fed[3]
    stabiliser = torch.maximum(torch.log(sigma(f)) + m, i).detach()
    enter, keep = torch.exp(i - stabiliser), torch.exp(torch.log(sigma(f)) + m - stabiliser)
    c = keep * c + enter * torch.tanh(z)
    n = keep * n + enter
    h = sigma(o) * c / n
    parts = h.view(HEADS, -1)
    centred = parts - parts.mean(1, keepdim=True)
    y = centred / torch.sqrt(centred.square().mean(1, keepdim=True) + 1e-5)
    return y.flatten() * names["norm.weight"], (h, c, n, stabiliser, *last)


def begin(state):
    h, c, n, m, *last = state
    return h, c, n.abs() + 1.0, m, *last


@pytest.mark.parametrize("conv", [0, CONV])
def test_the_kernel_equals_the_equations(conv):
    compare(redrawn(SLSTM(SIZE, HEADS, conv)), step, SIZE, begin=begin, states=slice(0, 3))


def test_the_stabiliser_changes_no_output():
    mixer = redrawn(SLSTM(SIZE, HEADS))
    x = torch.randn(6, 2, SIZE, dtype=torch.float64)
    names = dict(mixer.named_parameters())
    h = c = n = torch.zeros(SIZE, dtype=torch.float64)
    for t in range(6):  # eq. 8-14, with f = sigmoid
        heads = h.view(HEADS, -1)
        fed = [torch.cat([names["recurrent"][g, k] @ heads[k] for k in range(HEADS)]) for g in range(4)]
        i, f = (names["gates.weight"] @ x[t, 0] + names["gates.bias"]).split(SIZE)
        z, o = (names["inputs.weight"] @ x[t, 0] + names["inputs.bias"]).split(SIZE)
        c = sigma(f + fed[1]) * c + torch.exp(i + fed[0]) * torch.tanh(z + fed[2])
        n = sigma(f + fed[1]) * n + torch.exp(i + fed[0])
        h = sigma(o + fed[3]) * c / n
    torch.testing.assert_close(mixer(x)[1][0][0], h)


def test_huge_gates_stay_finite():
    mixer = redrawn(SLSTM(SIZE, HEADS)).float()
    x = (1e3 * torch.randn(8, 2, SIZE)).requires_grad_()
    y, _ = mixer(x)
    y.sum().backward()
    assert y.isfinite().all()
    assert all(p.grad.isfinite().all() for p in mixer.parameters())
