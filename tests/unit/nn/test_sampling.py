"""Filters and sampling from a language model."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ConfigError
from harness.nn.sampling import filter_logits, sample

rows = st.lists(st.floats(-8, 8, width=32), min_size=2, max_size=12, unique=True)


def _kept(logits):
    return set(torch.isfinite(logits[0]).nonzero().flatten().tolist())


def _bigram(table):
    """A step that looks at the last symbol only; its state counts symbols read."""

    def step(tokens, state):
        return table[tokens[:, -1]], (state or 0) + tokens.shape[1]

    return step


@settings(deadline=None, max_examples=60)
@given(rows, st.floats(0.01, 0.999))
def test_the_nucleus_is_the_smallest_set_of_likely_symbols_with_the_mass(values, p):
    logits = torch.tensor([values], dtype=torch.float64)
    kept = _kept(filter_logits(logits, top_p=p))
    probabilities = logits.softmax(-1)[0]
    order = probabilities.argsort(descending=True).tolist()
    assert kept == set(order[: len(kept)])
    assert probabilities[list(kept)].sum() >= p - 1e-9
    if len(kept) > 1:  # one fewer would not do
        assert probabilities[order[: len(kept) - 1]].sum() < p + 1e-9


@settings(deadline=None, max_examples=60)
@given(rows, st.integers(1, 15))
def test_top_k_keeps_the_k_most_likely(values, k):
    logits = torch.tensor([values])
    order = logits[0].argsort(descending=True).tolist()
    assert _kept(filter_logits(logits, top_k=k)) == set(order[:k])


def test_top_k_keeps_exactly_k_of_equal_symbols():
    assert len(_kept(filter_logits(torch.zeros(1, 10), top_k=3))) == 3


@settings(deadline=None, max_examples=60)
@given(rows, st.floats(0.05, 5))
def test_temperature_alone_is_the_softmax_of_scaled_logits(values, temperature):
    logits = torch.tensor([values], dtype=torch.float64)
    expected = (logits / temperature).softmax(-1)
    torch.testing.assert_close(filter_logits(logits, temperature).softmax(-1), expected)


def test_the_nucleus_is_taken_of_what_top_k_left():
    logits = torch.tensor([[0.4, 0.3, 0.2, 0.1]]).log()
    assert _kept(filter_logits(logits, top_p=0.5)) == {0, 1}
    assert _kept(filter_logits(logits, top_k=2, top_p=0.5)) == {0}  # 0.4 of 0.7 is enough


def test_temperature_zero_is_greedy_and_a_tiny_one_does_not_overflow():
    logits = torch.tensor([[1.0, 3.0, 3.0, -1.0]])
    assert _kept(filter_logits(logits, temperature=0)) == {1}
    tiny = filter_logits(torch.tensor([[1.0, 3.0, 2.0]]), temperature=1e-40).softmax(-1)
    assert tiny.tolist() == [[0.0, 1.0, 0.0]]


def test_a_symbol_ruled_out_stays_out():
    logits = torch.tensor([[0.0, -torch.inf, 1.0]])
    assert _kept(filter_logits(logits, 0.7, top_k=3, top_p=0.999)) == {0, 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1.0}, "temperature must be 0 .* given -1.0"),
        ({"temperature": math.nan}, "temperature"),
        ({"top_k": -2}, "top_k must be 0 .* given -2"),
        ({"top_p": 0.0}, "top_p must be above 0 .* given 0.0"),
        ({"top_p": 1.5, "top_k": -1}, "top_k.*; top_p"),
    ],
)
def test_values_out_of_range_are_explained(options, message):
    with pytest.raises(ConfigError, match=message):
        filter_logits(torch.zeros(1, 3), **options)
    with pytest.raises(ConfigError, match=message):
        sample(_bigram(torch.zeros(3, 3)), torch.zeros(1, 1, dtype=torch.long), 1, torch.Generator(), **options)


def test_temperature_zero_follows_the_most_likely_symbols():
    table = torch.full((5, 5), -3.0)
    table[range(5), [1, 2, 3, 4, 0]] = 3.0
    prompts = torch.tensor([[4, 0], [1, 3]])
    assert sample(_bigram(table), prompts, 6, torch.Generator(), temperature=0) == [
        [1, 2, 3, 4, 0, 1],
        [4, 0, 1, 2, 3, 4],
    ]


def test_the_same_seed_gives_the_same_text_whatever_rows_follow():
    table = torch.randn(7, 7, generator=torch.Generator().manual_seed(1))
    prompts = torch.tensor([[0], [3], [5]])

    def draw(prompts, seed):
        return sample(_bigram(table), prompts, 20, torch.Generator().manual_seed(seed), top_k=5, top_p=0.9)

    assert draw(prompts, 4) == draw(prompts, 4)
    assert draw(prompts, 4)[:2] == draw(prompts[:2], 4)
    assert draw(prompts, 4) != draw(prompts, 5)


def test_frequencies_follow_the_filtered_distribution():
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, 1.5])
    table = logits.expand(5, 5)
    prompts = torch.zeros(20_000, 1, dtype=torch.long)
    drawn = torch.tensor(
        sample(_bigram(table), prompts, 2, torch.Generator().manual_seed(0), temperature=0.7, forbid=(4,))
    )
    frequencies = torch.zeros(5, 5).index_put_((drawn[:, 0], drawn[:, 1]), torch.tensor(1 / 20_000), accumulate=True)
    expected = (logits[:4] / 0.7).softmax(-1)
    assert frequencies[4].sum() + frequencies[:, 4].sum() == 0
    pairs = expected[:, None] * expected  # two symbols, independent
    torch.testing.assert_close(frequencies[:4, :4], pairs, atol=0.014, rtol=0)  # more than four standard errors


def test_the_prompt_is_read_at_once_and_the_state_carried():
    seen = []

    def step(tokens, state):
        seen.append((tuple(tokens.shape), state))
        return torch.zeros(len(tokens), 4), (state or 0) + tokens.shape[1]

    sample(step, torch.zeros(2, 3, dtype=torch.long), 3, torch.Generator())
    assert seen == [((2, 3), None), ((2, 1), 3), ((2, 1), 4)]


def test_prompts_without_a_symbol_are_refused():
    with pytest.raises(ValueError, match=r"at least one symbol.*\(2, 0\)"):
        sample(_bigram(torch.zeros(3, 3)), torch.zeros(2, 0, dtype=torch.long), 1, torch.Generator())


def test_forbidding_everything_is_refused():
    with pytest.raises(ValueError, match="all 3 symbols are forbidden"):
        sample(_bigram(torch.zeros(3, 3)), torch.zeros(1, 1, dtype=torch.long), 1, torch.Generator(), forbid=(0, 1, 2))
