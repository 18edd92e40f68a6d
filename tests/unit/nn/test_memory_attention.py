"""Scores of attention in float64 against the papers' formulas, query by query: contexts, weights, every gradient."""

import math

import pytest
import torch

from harness.contract.model import EncoderOutput
from harness.errors import PluginError
from harness.nn.decoder import RecurrentDecoder
from harness.nn.memory_attention import SCORES, LocalAttention, memory_attention

Q, M, U, T, HEADS, WINDOW = 4, 6, 3, 9, 2, 2
LENGTHS = [9, 5, 1]


def dot(layer, q, memory):
    weights = torch.stack([q @ m for m in memory]).softmax(0)
    return weights @ memory, weights


def concat(layer, q, memory):
    W = torch.cat((layer.query.weight, layer.key.weight), dim=1)
    scores = [layer.score.weight[0] @ (W @ torch.cat((q, m))).tanh() for m in memory]
    weights = torch.stack(scores).softmax(0)
    return weights @ memory, weights


def multi_head(layer, q, memory):
    size, found, shares = Q // HEADS, [], []
    for head in range(HEADS):
        rows = slice(head * size, (head + 1) * size)
        query = layer.query.weight[rows] @ q + layer.query.bias[rows]
        keys = [layer.key.weight[rows] @ m + layer.key.bias[rows] for m in memory]
        values = torch.stack([layer.value.weight[rows] @ m + layer.value.bias[rows] for m in memory])
        shares.append(torch.stack([query @ key / math.sqrt(size) for key in keys]).softmax(0))
        found.append(shares[-1] @ values)
    return layer.output.weight @ torch.cat(found) + layer.output.bias, sum(shares) / HEADS


def local(layer, q, memory):
    p = len(memory) / (1 + torch.exp(-(layer.predict.weight[0] @ (layer.place.weight @ q).tanh())))
    inside = [s for s in range(len(memory)) if p - WINDOW <= s <= p + WINDOW]
    align = torch.stack([q @ layer.query.weight.T @ memory[s] for s in inside]).softmax(0)
    gauss = torch.stack([torch.exp(-((s - p) ** 2) / (2 * (WINDOW / 2) ** 2)) for s in inside])
    weights = torch.zeros(len(memory), dtype=q.dtype).index_put((torch.tensor(inside),), align * gauss)
    return weights @ memory, weights / weights.sum()


def layer_of(score):
    torch.manual_seed(2)
    layer = memory_attention(score, Q, Q if score == "dot" else M, HEADS, WINDOW).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.5)
    return layer


@pytest.mark.parametrize("formula", [dot, concat, multi_head, local], ids=lambda f: f.__name__)
def test_equal_to_the_formula_for_every_query(formula):
    layer = layer_of(formula.__name__)
    queries = torch.randn(3, U, Q, dtype=torch.float64).requires_grad_()
    memory = torch.randn(3, T, Q if formula is dot else M, dtype=torch.float64).requires_grad_()
    mask = torch.arange(T) < torch.tensor(LENGTHS)[:, None]
    context, weights = layer(queries, memory, mask)
    assert context.shape[2] == layer.context_dim
    rows = [[formula(layer, queries[b, u], memory[b, :n]) for u in range(U)] for b, n in enumerate(LENGTHS)]
    want = torch.stack([torch.stack([c for c, _ in row]) for row in rows])
    shares = torch.stack([torch.stack([torch.nn.functional.pad(w, (0, T - len(w))) for _, w in row]) for row in rows])
    torch.testing.assert_close(context, want, atol=1e-12, rtol=0.0)
    torch.testing.assert_close(weights, shares, atol=1e-12, rtol=0.0)
    leaves = [queries, memory, *layer.parameters()]
    grads = [torch.autograd.grad(part.square().sum(), leaves) for part in (context, want)]
    for got, other in zip(*grads, strict=True):
        torch.testing.assert_close(got, other, atol=1e-12, rtol=0.0)


@pytest.mark.parametrize("score", SCORES)
def test_nothing_to_attend_to_is_finite_and_without_weight(score):
    layer = layer_of(score)
    memory = torch.randn(1, T, Q if score == "dot" else M, dtype=torch.float64)
    context, weights = layer(torch.randn(1, U, Q, dtype=torch.float64), memory, torch.zeros(1, T, dtype=torch.bool))
    assert context.isfinite().all()
    assert weights.eq(0).all()


def test_the_window_of_local_attention_reaches_the_ends_of_its_memory():
    layer = LocalAttention(Q, M, 1).double()
    with torch.no_grad():
        layer.predict.weight.copy_(100 * torch.ones(1, Q))
        layer.place.weight.copy_(torch.eye(Q))
        layer.query.weight.zero_()
    mask = torch.arange(T) < torch.tensor([[5]])
    for sign, position in ((1.0, 4), (-1.0, 0)):
        _, weights = layer(torch.full((1, 1, Q), sign * 5.0).double(), torch.randn(1, T, M).double(), mask)
        assert weights[0, 0].argmax() == position
        torch.testing.assert_close(weights.sum(), torch.tensor(1.0, dtype=torch.float64))


@pytest.mark.parametrize("score", SCORES)
def test_a_decoder_attends_with_each_score_step_by_step_and_at_once(score):
    torch.manual_seed(0)
    decoder = RecurrentDecoder(
        "lstm", 5, Q, 1, memory_dim=Q, summary_dim=Q, attention="luong", score=score, heads=HEADS
    )
    assert decoder.name == "lstm, luong attention" + ("" if score == "general" else f", {score} score")
    memory, lengths, embedded = torch.randn(3, T, Q), torch.tensor(LENGTHS), torch.randn(3, U, 5)
    state = decoder.start(EncoderOutput(memory, lengths, memory[:, 0]))
    whole = decoder(embedded, state, memory, lengths)
    for u, symbol in enumerate(embedded.unbind(1)):
        features, state, weights = decoder.step(symbol, state, memory, lengths)
        torch.testing.assert_close(features, whole[:, u], atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(weights.sum(1), torch.ones(3))


@pytest.mark.parametrize(
    ("score", "sizes", "error", "message"),
    [
        ("dot", (4, 6, 2, 1), ValueError, "score=dot: queries of 4 and a memory of 6"),
        ("multi_head", (4, 6, 3, 1), ValueError, "heads=3: must divide the queries' 4"),
        ("local", (4, 6, 2, 0), ValueError, "window=0: must be at least 1"),
        ("cosine", (4, 6, 2, 1), PluginError, "no attention score 'cosine'; there are general, dot"),
    ],
)
def test_what_does_not_fit_a_score_is_named(score, sizes, error, message):
    with pytest.raises(error, match=message):
        memory_attention(score, *sizes)
