"""Attention layers against brute force."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.nn.attention import (
    AdditiveAttention,
    AttentivePooling,
    MultiplicativeAttention,
    SelfAttention,
    WindowedCausalAttention,
)
from harness.nn.masking import length_mask


def test_additive_scores_follow_bahdanau():
    layer = AdditiveAttention(3, 4, 6)
    query, memory, lengths = torch.randn(2, 3), torch.randn(2, 5, 4), torch.tensor([5, 3])
    context, weights = layer(query, layer.keys(memory), memory, length_mask(lengths, 5))
    for row, length in enumerate(lengths.tolist()):
        scores = torch.stack(
            [layer.score(torch.tanh(layer.query(query[row]) + layer.key(memory[row, t])))[0] for t in range(length)]
        )
        torch.testing.assert_close(weights[row, :length], scores.softmax(0))
        torch.testing.assert_close(context[row], scores.softmax(0) @ memory[row, :length])


def test_multiplicative_scores_follow_luong():
    layer = MultiplicativeAttention(3, 4)
    queries, memory, lengths = torch.randn(2, 6, 3), torch.randn(2, 5, 4), torch.tensor([5, 2])
    context, weights = layer(queries, memory, length_mask(lengths, 5))
    for row, length in enumerate(lengths.tolist()):
        scores = queries[row] @ layer.query.weight.T @ memory[row, :length].T
        torch.testing.assert_close(weights[row, :, :length], scores.softmax(-1))
        torch.testing.assert_close(context[row], scores.softmax(-1) @ memory[row, :length])


def test_pooling_is_a_weighted_mean_of_real_positions():
    layer = AttentivePooling(4)
    features, lengths = torch.randn(3, 5, 4), torch.tensor([5, 2, 0])
    pooled, weights = layer(features, lengths)
    torch.testing.assert_close(weights.sum(-1), torch.tensor([1.0, 1.0, 0.0]))
    torch.testing.assert_close(pooled[1], layer(features[1:2, :2], torch.tensor([2]))[0][0])
    assert pooled[2].eq(0).all()


def test_self_attention_follows_vaswani_and_ignores_padding():
    layer = SelfAttention(8, heads=2)
    features, lengths = torch.randn(2, 5, 8), torch.tensor([5, 3])
    out = layer(features, lengths)
    for row, length in enumerate(lengths.tolist()):
        query, key, value = layer.project(features[row, :length]).split(8, dim=-1)
        heads = [(query[:, h] @ key[:, h].T / 2).softmax(-1) @ value[:, h] for h in (slice(0, 4), slice(4, 8))]
        torch.testing.assert_close(out[row, :length], layer.output(torch.cat(heads, -1)), atol=1e-6, rtol=1e-5)
    assert layer(features, torch.tensor([0, 3])).isfinite().all()


def test_self_attention_refuses_heads_that_do_not_divide():
    with pytest.raises(ValueError, match="heads=3"):
        SelfAttention(8, heads=3)


def brute_force_window(layer, features):
    """Every position of features (T, H) by hand."""
    out = []
    for t in range(features.shape[0]):
        seen = features[max(0, t - layer.context + 1) : t + 1]
        scores = seen @ layer.query(features[t]) / math.sqrt(features.shape[1])
        out.append(layer.output(scores.softmax(0) @ seen))
    return torch.stack(out)


@settings(max_examples=30, deadline=None)
@given(context=st.integers(1, 6), cuts=st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_window_equals_brute_force_however_time_is_cut(context, cuts):
    torch.manual_seed(0)
    layer = WindowedCausalAttention(4, context)
    features = torch.randn(2, sum(cuts), 4)
    want = torch.stack([brute_force_window(layer, row) for row in features])
    window, pieces, begin = None, [], 0
    for cut in cuts:
        out, window = layer(features[:, begin : begin + cut], torch.full((2,), cut), window)
        pieces.append(out)
        begin += cut
    torch.testing.assert_close(torch.cat(pieces, 1), want, atol=1e-5, rtol=1e-4)


def test_window_is_taken_at_the_true_end_of_each_row():
    layer = WindowedCausalAttention(4, 3)
    features, more = torch.randn(2, 6, 4), torch.randn(2, 2, 4)
    lengths = torch.tensor([6, 1])
    _, window = layer(features, lengths)
    out, _ = layer(more, torch.tensor([2, 2]), window)
    for row, length in enumerate(lengths.tolist()):
        joined = torch.cat((features[row, :length], more[row]))
        torch.testing.assert_close(out[row], brute_force_window(layer, joined)[length:], atol=1e-6, rtol=1e-5)


def test_a_window_of_zeros_is_a_fresh_start():
    layer = WindowedCausalAttention(4, 3)
    features, lengths = torch.randn(2, 5, 4), torch.tensor([5, 5])
    out, window = layer(features, lengths)
    again, _ = layer(features, lengths, tuple(torch.zeros_like(part) for part in window))
    assert torch.equal(out, again)
