"""The encoder around sequence mixers: residual blocks with and without their options, and inputs at the limits."""

import pytest
import torch

from harness.nn.mixers.encoder import MixerEncoder, ResidualBlock
from harness.nn.mixers.min_rnn import MinGRU
from harness.nn.mixers.short_convolution import ShortConvolution

DIM, SIZE = 3, 4


def encoder(conv=0, feed_forward=0):
    torch.manual_seed(0)
    blocks = [ResidualBlock(MinGRU(SIZE), SIZE, 0.0, feed_forward, conv) for _ in range(2)]
    return MixerEncoder(DIM, SIZE, blocks, carry=True).double()


@pytest.mark.parametrize(("conv", "feed_forward"), [(0, 0), (3, 5)])
def test_a_block_adds_what_its_parts_make_of_its_normalised_input(conv, feed_forward):
    made = encoder(conv, feed_forward)
    x = torch.randn(2, 6, DIM, dtype=torch.float64)
    y = made.inputs(x.transpose(0, 1))
    for block in made.blocks:
        mixed = block.norm(y)
        if conv:
            mixed, _ = block.conv(mixed, torch.zeros(2, conv - 1, SIZE, dtype=torch.float64))
        y = y + block.mixer(mixed)[0]
        y = y + block.feed_forward(y) if feed_forward else y
    out = made(x, torch.tensor([6, 6]))
    torch.testing.assert_close(out.features, made.norm(y).transpose(0, 1))
    torch.testing.assert_close(out.summary, out.features[:, -1])


@pytest.mark.parametrize("bias", [True, False])
def test_the_convolution_is_that_of_torch(bias):
    layer = ShortConvolution(SIZE, 3, bias)
    x = torch.randn(7, 2, SIZE)
    expected = torch.nn.functional.conv1d(
        torch.nn.functional.pad(x.permute(1, 2, 0), (2, 0)), layer.weight.t().unsqueeze(1), layer.bias, groups=SIZE
    )
    y, last = layer(x, torch.zeros(2, 2, SIZE), torch.tensor([7, 1]))
    torch.testing.assert_close(y, expected.permute(2, 0, 1))
    torch.testing.assert_close(last, torch.stack((x[5:, 0], torch.stack((torch.zeros(SIZE), x[0, 1])))))


def test_an_input_without_positions_gives_the_state_back():
    made = encoder(conv=3)
    empty, none = torch.zeros(2, 0, DIM, dtype=torch.float64), torch.tensor([0, 0])
    out = made(empty, none)
    assert out.features.shape == (2, 0, SIZE)
    assert out.summary.abs().max() == 0
    before = made(torch.randn(2, 5, DIM, dtype=torch.float64), torch.tensor([5, 3])).state
    for after, given in zip(made(empty, none, before).state, before, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(after, given, strict=True))
