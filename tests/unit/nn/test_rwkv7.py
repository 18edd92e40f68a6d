"""RWKV-7, in chunks, against its equations one step at a time."""

import math

import pytest
import torch
from mixer_reference import compare, redrawn

from harness.nn.mixers import chunks
from harness.nn.mixers.encoder import MixerEncoder, ResidualBlock
from harness.nn.mixers.mixer import Mixer
from harness.nn.mixers.rwkv7 import RWKV7, LowRank

SIZE, HEADS = 4, 2


def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


def step(names, x, state, negative=False, first=None):
    """One position of one row, as the paper writes it: S has values as rows and keys as columns."""
    memory, last = state

    def see(name):
        return x + names[f"shift.{name}"] * (last - x)

    def low_rank(name, seen, inner=lambda y: y):
        return inner(seen @ names[f"{name}.down"]) @ names[f"{name}.up"] + names.get(f"{name}.bias", 0.0)

    r, k, v = (names[f"{n}.weight"] @ see(n[0]) for n in ("receptance", "key", "value"))
    w = torch.exp(-sigmoid(low_rank("decay", see("w"), torch.tanh)) / math.sqrt(math.e))
    a = sigmoid(low_rank("rate", see("a")))
    if first is not None:
        mix = sigmoid(low_rank("residual", see("v")))
        v = (1 - mix) * v + mix * first
    written = k * ((1 - names["written"]) + names["written"] * a)
    outs, memories = [], []
    for head in range(HEADS):
        part = slice(head * SIZE // HEADS, (head + 1) * SIZE // HEADS)
        kappa = (k * names["removed"])[part]
        kappa = kappa / torch.sqrt(kappa @ kappa)
        rate = a[part] * (2 if negative else 1)
        s = memory[head].T
        s = s @ (torch.diag(w[part]) - torch.outer(kappa, rate * kappa)) + torch.outer(v[part], written[part])
        o = s @ r[part]
        o = (o - o.mean()) / torch.sqrt(((o - o.mean()) ** 2).mean() + 64e-5)
        o = o * names["norm.weight"][part] + names["norm.bias"][part]
        outs.append(o + (r[part] * names["bonus"][part] * written[part]).sum() * v[part])
        memories.append(s.T)
    gate = low_rank("gate", see("g"), sigmoid)
    return names["outputs.weight"] @ (torch.cat(outs) * gate), (torch.stack(memories), x), v


@pytest.mark.parametrize(("negative", "size"), [(False, 64), (True, 64), (False, 4), (False, 3)])
def test_the_chunks_equal_the_equations(negative, size, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", size)
    compare(redrawn(RWKV7(SIZE, HEADS, 0, 2, negative)), lambda *given: step(*given, negative)[:2], SIZE)


class Stack(Mixer):
    """Two blocks' mixers, one after the other."""

    def __init__(self):
        super().__init__()
        self.parts = torch.nn.ModuleList(RWKV7(SIZE, HEADS, i, 2, False) for i in range(2))
        self.state_shapes = tuple(shape for part in self.parts for shape in part.state_shapes)

    @property
    def backend(self):
        return self.parts[0].backend

    def forward(self, x, state=None, lengths=None):
        state = self.start(x) if state is None else state
        y, first, shared = self.parts[0].in_stack(x, state[:2], lengths, None)
        y, second, shared = self.parts[1].in_stack(y, state[2:], lengths, shared)
        return y, (*first, *second)


def test_later_blocks_mix_in_the_values_of_the_first():
    def both(names, x, state):
        own = [{n[8:]: p for n, p in names.items() if n.startswith(f"parts.{i}.")} for i in range(2)]
        y, first, v = step(own[0], x, state[:2])
        y, second, _ = step(own[1], y, state[2:], first=v)
        return y, (*first, *second)

    compare(redrawn(Stack()), both, SIZE)


def test_a_block_takes_its_values_from_the_first_and_hands_them_on():
    torch.manual_seed(0)
    mixer = redrawn(RWKV7(SIZE, HEADS, 1, 3, False))
    x, values = (torch.randn(5, 2, SIZE, dtype=torch.float64) for _ in range(2))
    y, _, handed = mixer.in_stack(x, mixer.start(x), None, values)
    assert handed is values
    assert not torch.allclose(y, mixer.in_stack(x, mixer.start(x), None, values + 1)[0])


def test_the_encoder_hands_the_values_of_its_first_block_to_the_others():
    torch.manual_seed(0)
    blocks = [ResidualBlock(redrawn(RWKV7(SIZE, HEADS, i, 3, False), i), SIZE, 0.0, 0, 0) for i in range(3)]
    encoder = MixerEncoder(3, SIZE, blocks, carry=True).double()
    x = torch.randn(2, 6, 3, dtype=torch.float64)
    y, values = encoder.inputs(x.transpose(0, 1)), None
    for block in blocks:
        seen = block.norm(y)
        mixed, _, handed = block.mixer.in_stack(seen, block.mixer.start(seen), None, values)
        y, values = y + mixed, handed if values is None else values
    out = encoder(x, torch.tensor([6, 6]))
    torch.testing.assert_close(out.features, encoder.norm(y).transpose(0, 1))


@pytest.mark.parametrize("block", [0, 1, 2])
def test_it_starts_at_the_published_values(block):
    size, heads, blocks = 12, 3, 3
    mixer = RWKV7(size, heads, block, blocks, False)
    for n in range(size):
        line = n / (size - 1) - 0.5
        zigzag = (n % 4 - 1.5) / 1.5
        zigzag *= abs(zigzag)
        slow = -6 + 6 * (n / (size - 1)) ** (1 + (block / 2) ** 0.3)
        expected = {
            "shift.r": 1 - (n / size) ** (0.2 * (1 - block / 3)),
            "shift.w": 1 - (n / size) ** (0.9 * (1 - block / 3)),
            "shift.v": 1 - (n / size) ** (0.7 * (1 - block / 3)),
            "decay.bias": slow + 0.5 + 2.5 * zigzag,
            "rate.bias": -0.19 + 0.3 * zigzag + 0.4 * line,
            "removed": 0.71 - 0.1 * line,
            "written": 1.02,
            "bonus": -0.04,
            "norm.weight": ((1 + block) / 3) ** 0.7,
            **({"residual.bias": 0.73 - 0.4 * line} if block else {}),
        }
        for name, value in expected.items():
            assert mixer.get_parameter(name)[n].item() == pytest.approx(value, abs=1e-5), (name, n)
    key = mixer.key.weight
    torch.testing.assert_close(key @ key.T, 0.01 * torch.eye(size))
    assert not mixer.outputs.weight.any()


@pytest.mark.parametrize(("size", "scale", "rank"), [(2048, 2.5, 128), (2048, 1.7, 64), (128, 5.0, 64), (16, 2.5, 16)])
def test_ranks_are_the_published_ones_but_never_above_the_channels(size, scale, rank):
    layer = LowRank(size, scale, None, torch.ones(size))
    assert layer.up.shape == (rank, size)
    torch.testing.assert_close(layer.up @ layer.up.T, 0.01 * torch.eye(rank))
    assert torch.equal(layer(torch.randn(3, size)), torch.ones(3, size))


@pytest.mark.parametrize("negative", [False, True])
def test_a_cut_sequence_equals_the_whole(negative):
    torch.manual_seed(0)
    mixer = redrawn(RWKV7(SIZE, HEADS, 0, 1, negative))
    x = torch.randn(200, 2, SIZE, dtype=torch.float64)
    whole, end = mixer(x)
    found, state = [], None
    for part in x.split([70, 1, 129]):
        y, state = mixer(part, state)
        found.append(y)
    torch.testing.assert_close(torch.cat(found), whole, atol=1e-10, rtol=1e-10)
    for a, b in zip(state, end, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("negative", [False, True])
def test_long_inputs_stay_finite_and_single_precision_stays_close(negative):
    torch.manual_seed(0)
    mixer = RWKV7(8, 2, 0, 1, negative)
    torch.nn.init.orthogonal_(mixer.outputs.weight)
    with torch.no_grad():
        mixer.decay.bias += torch.tensor([-40.0, 40.0] * 4)  # channels that forget nothing, or as fast as they can
    x = torch.randn(20_000, 1, 8, requires_grad=True)
    y, (memory, _) = mixer(x)
    (gradient,) = torch.autograd.grad(y.square().mean(), x)
    assert y.isfinite().all()
    assert memory.isfinite().all()
    assert gradient.isfinite().all()
    exact, _ = mixer.double()(x.detach().double())
    torch.testing.assert_close(y.double(), exact, atol=1e-3, rtol=1e-3)


def test_heads_that_do_not_divide_the_channels_are_named():
    with pytest.raises(ValueError, match="hidden_size=6: must be a multiple of heads=4"):
        RWKV7(6, 4, 0, 1, False)
