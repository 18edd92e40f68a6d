"""Masks, reversal by length, last positions and pooling against plain Python."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.nn.masking import last_valid, length_mask, masked_softmax, reverse_by_length, zero_padding
from harness.nn.pooling import masked_mean

LENGTHS = st.lists(st.integers(0, 7), min_size=1, max_size=5)


def test_length_mask_is_true_at_real_positions():
    assert length_mask(torch.tensor([0, 2, 3]), 3).tolist() == [[False] * 3, [True, True, False], [True] * 3]


@settings(max_examples=40, deadline=None)
@given(LENGTHS)
def test_reversal_turns_the_real_part_and_is_its_own_inverse(lengths):
    x = torch.randn(len(lengths), 7, 3)
    n = torch.tensor(lengths)
    turned = reverse_by_length(x, n)
    for row, length in enumerate(lengths):
        assert torch.equal(turned[row, :length], x[row, :length].flip(0))
        assert torch.equal(turned[row, length:], x[row, length:])
    assert torch.equal(reverse_by_length(turned, n), x)


@settings(max_examples=40, deadline=None)
@given(LENGTHS)
def test_last_and_mean_read_real_positions_only(lengths):
    x = torch.randn(len(lengths), 7, 3)
    n = torch.tensor(lengths)
    dirty = x.masked_fill(~length_mask(n, 7).unsqueeze(-1), float("nan"))
    for row, length in enumerate(lengths):
        want = x[row, length - 1] if length else torch.zeros(3)
        assert torch.equal(last_valid(dirty, n)[row], want)
        mean = x[row, :length].mean(0) if length else torch.zeros(3)
        torch.testing.assert_close(masked_mean(dirty, n)[row], mean)


def test_zero_padding_overwrites_even_infinities():
    x = torch.full((2, 3, 2), float("inf"))
    assert zero_padding(x, torch.tensor([0, 2]))[0].eq(0).all()
    assert zero_padding(x, torch.tensor([0, 2]))[1, 2].eq(0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_masked_softmax_equals_softmax_over_the_real_part(dtype):
    scores = torch.randn(3, 5, dtype=dtype, requires_grad=True)
    n = torch.tensor([5, 2, 0])
    weights = masked_softmax(scores, length_mask(n, 5))
    torch.testing.assert_close(weights[1, :2], scores[1, :2].float().softmax(0))
    assert weights[1, 2:].eq(0).all()
    assert weights[2].eq(0).all(), "a row with nothing to attend to gets zeros, never NaN"
    weights.square().sum().backward()
    assert scores.grad is not None
    assert scores.grad.isfinite().all()
