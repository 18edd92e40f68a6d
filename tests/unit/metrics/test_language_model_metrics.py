"""Perplexity and bits per character against torch's cross-entropy."""

import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.contract.batch import Example
from harness.contract.metric import Prediction
from harness.errors import DataError
from harness.metrics.language_model import BITS_PER_CHARACTER, PERPLEXITY, TOKEN_PERPLEXITY

documents = st.lists(st.tuples(st.floats(0, 1e4), st.integers(1, 500), st.integers(1, 900)), min_size=1, max_size=9)


def _rows(metric, texts):
    return [
        metric.statistics(
            Prediction(str(i), None, nats=nats, count=count),
            Example(str(i), None, [], units={"characters": float(characters)}),
        )
        for i, (nats, count, characters) in enumerate(texts)
    ]


def test_perplexity_is_the_exponential_of_torchs_mean_cross_entropy():
    random = torch.Generator().manual_seed(0)
    logits = torch.randn(60, 11, dtype=torch.float64, generator=random)
    target = torch.randint(11, (60,), generator=random)
    nats = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    texts = [(nats[:13].sum().item(), 13, 40), (nats[13:].sum().item(), 47, 150)]
    for metric in (PERPLEXITY, TOKEN_PERPLEXITY):
        assert metric.aggregate(_rows(metric, texts)) == pytest.approx(nats.mean().exp().item(), rel=1e-12)
    bits = nats.sum().item() / math.log(2) / 190
    assert BITS_PER_CHARACTER.aggregate(_rows(BITS_PER_CHARACTER, texts)) == pytest.approx(bits, rel=1e-12)


@settings(deadline=None, max_examples=50)
@given(documents, st.randoms())
def test_order_does_not_matter(texts, random):
    shuffled = random.sample(texts, len(texts))
    for metric in (PERPLEXITY, BITS_PER_CHARACTER):
        assert metric.aggregate(_rows(metric, texts)) == metric.aggregate(_rows(metric, shuffled))


def test_a_uniform_model_of_256_symbols_costs_8_bits():
    rows = _rows(BITS_PER_CHARACTER, [(math.log(256) * 7, 7, 7)])
    assert BITS_PER_CHARACTER.aggregate(rows) == pytest.approx(8.0)


def test_a_predictor_without_likelihood_is_nan_and_its_statistics_are_json():
    for metric in (PERPLEXITY, TOKEN_PERPLEXITY, BITS_PER_CHARACTER):
        rows = _rows(metric, [(None, 0, 3), (None, 0, 4)])
        assert json.loads(json.dumps(rows, allow_nan=False))[0]["nats"] is None
        assert math.isnan(metric.aggregate(rows))


def test_a_diverged_model_has_infinite_perplexity():
    assert PERPLEXITY.aggregate(_rows(PERPLEXITY, [(1e6, 2, 2)])) == math.inf


def test_missing_characters_are_explained():
    with pytest.raises(DataError, match=r"'psalm' does not give the number of characters.*\['words'\]"):
        BITS_PER_CHARACTER.statistics(
            Prediction("psalm", None, nats=1.0, count=1), Example("psalm", None, [], units={"words": 3.0})
        )
