"""Full, sampled and adaptive softmax: what they compute, held against torch and against each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from harness.nn.adaptive_softmax import AdaptiveSoftmax
from harness.nn.output_layers import FullSoftmax, SampledSoftmax, inclusion_probabilities

V, D, N = 60, 16, 25


def _data(seed: int = 0) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(N, D, generator=draw, dtype=torch.float64), torch.randint(V, (N,), generator=draw)


def _sampled(samples: int | None, seed: int = 0) -> SampledSoftmax:
    torch.manual_seed(seed)
    layer = SampledSoftmax(D, V, samples).double()
    nn.init.normal_(layer.bias)
    return layer


def _adaptive(symbols: int = V, cutoffs: list[int] | None = None) -> AdaptiveSoftmax:
    torch.manual_seed(0)
    return AdaptiveSoftmax(D, symbols, cutoffs).double()


# -- sampled ------------------------------------------------------------------------------------------------


@given(st.integers(1, 3000), st.integers(1, 400))
@settings(deadline=None)
def test_inclusion_probabilities_fall_and_sum_to_the_sample(symbols: int, samples: int) -> None:
    samples = min(symbols, samples)
    p = inclusion_probabilities(symbols, samples)
    assert p.sum() == pytest.approx(samples)
    assert p.max() <= 1
    assert p.min() > 0
    assert (np.diff(p) <= 1e-12).all()


def test_every_symbol_sampled_is_the_full_softmax() -> None:
    layer = _sampled(V)
    x, targets = _data()
    ours = layer.loss(x, targets, scale=0.5)
    plain = 0.5 * functional.cross_entropy(layer(x), targets, reduction="sum")
    torch.testing.assert_close(ours, plain)
    found, expected = (torch.autograd.grad(value, [layer.weight, layer.bias]) for value in (ours, plain))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_a_small_vocabulary_is_sampled_whole_and_a_large_one_by_a_tenth() -> None:
    assert SampledSoftmax(2, 200).samples == 200
    assert SampledSoftmax(2, 300).samples == 256
    assert SampledSoftmax(2, 9000).samples == 900


def test_a_sample_has_no_symbol_twice_and_holds_each_as_often_as_promised() -> None:
    layer = _sampled(20)
    order = torch.randperm(V)
    layer.order.copy_(order)
    seen = torch.zeros(V)
    rounds = 1000
    for _ in range(rounds):
        symbols, log_inclusion = layer.sample()
        assert len(symbols.unique()) == 20
        torch.testing.assert_close(log_inclusion.exp(), layer.inclusion[torch.argsort(order)[symbols]])
        seen[symbols] += 1
    expected = layer.inclusion[torch.argsort(order)].float()
    deviation = (expected * (1 - expected) / rounds).sqrt()
    assert ((seen / rounds - expected).abs() <= 5 * deviation + 1e-6).all()


def test_the_sum_over_all_symbols_is_right_in_expectation() -> None:
    """And so are its gradients: the mean over samples of exp(loss) and its gradient are those of the full softmax."""
    layer = _sampled(20)
    x, targets = (part[:1] for part in _data())
    rounds = 1000
    values, slopes = [], []
    for _ in range(rounds):
        ratio = layer.loss(x, targets).exp()
        values.append(ratio.detach())
        slopes.append(torch.autograd.grad(ratio, layer.bias)[0])
    full = functional.cross_entropy(layer(x), targets).exp()
    (slope,) = torch.autograd.grad(full, layer.bias)
    for drawn, exact in ((torch.stack(values), full.detach()), (torch.stack(slopes), slope)):
        error = drawn.std(0) / rounds**0.5
        assert ((drawn.mean(0) - exact).abs() <= 5 * error + 1e-9).all()


def test_draws_follow_torchs_seed() -> None:
    layer = _sampled(20)
    torch.manual_seed(3)
    first = layer.sample()[0]
    second = layer.sample()[0]
    torch.manual_seed(3)
    assert torch.equal(layer.sample()[0], first)
    assert not torch.equal(first, second)


def test_frequent_symbols_are_in_every_sample() -> None:
    layer = _sampled(20)
    counts = np.zeros(V, dtype=np.int64)
    counts[[7, 50]] = 100, 200
    layer.order_by_frequency(counts)
    assert layer.order[:4].tolist() == [50, 7, 0, 1]
    assert all({7, 50} <= set(layer.sample()[0].tolist()) for _ in range(50))


def test_the_target_counts_once_when_it_is_sampled_too() -> None:
    layer = _sampled(V - 1)  # nearly all symbols are certain
    x, _ = _data()
    losses = [float(layer.loss(x[:1], torch.tensor([0])).detach()) for _ in range(20)]
    exact = float(functional.cross_entropy(layer(x[:1]), torch.tensor([0])).detach())
    assert losses == pytest.approx([exact] * 20, abs=0.5)
    assert min(losses) > 0


# -- adaptive -----------------------------------------------------------------------------------------------


def _torchs(layer: AdaptiveSoftmax, cutoffs: list[int]) -> nn.AdaptiveLogSoftmaxWithLoss:
    """Torch's own with the same weights."""
    other = nn.AdaptiveLogSoftmaxWithLoss(D, V, cutoffs, div_value=4.0, head_bias=True).double()
    state = {f"head.{name}": value for name, value in layer.head.state_dict().items()}
    for i, cluster in enumerate(layer.clusters):
        state |= {f"tail.{i}.{k}.weight": value for k, value in enumerate(cluster.state_dict().values())}
    other.load_state_dict(state)
    return other


def test_adaptive_log_probabilities_and_loss_are_torchs() -> None:
    cutoffs = [10, 30]
    layer = _adaptive(cutoffs=cutoffs)
    order = torch.randperm(V)
    layer.order.copy_(order)
    other = _torchs(layer, cutoffs)
    x, targets = _data()
    ranks = torch.argsort(order)[targets]
    torch.testing.assert_close(layer(x)[:, order], other.log_prob(x))
    ours = layer.loss(x, targets, scale=1 / N)
    theirs = other(x, ranks).loss
    torch.testing.assert_close(ours, theirs)
    found = torch.autograd.grad(ours, list(layer.parameters()))
    expected = torch.autograd.grad(theirs, list(other.parameters()))
    for one, other_one in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other_one)


@given(st.integers(1, 200), st.integers(1, 20))
@settings(deadline=None, max_examples=30)
def test_adaptive_probabilities_sum_to_one_for_every_vocabulary(symbols: int, width: int) -> None:
    layer = AdaptiveSoftmax(width, symbols).double()
    logs = layer(torch.randn(3, 2, width, dtype=torch.float64))
    assert logs.shape == (3, 2, symbols)
    torch.testing.assert_close(logs.exp().sum(-1), torch.ones(3, 2, dtype=torch.float64))


def test_adaptive_frequent_symbols_are_in_the_head() -> None:
    layer = _adaptive()
    counts = np.arange(V)  # the last symbol is the most frequent one
    layer.order_by_frequency(counts)
    with torch.no_grad():
        layer.head.bias.fill_(-50.0)
        layer.head.bias[0] = 50.0
    x, _ = _data()
    assert (layer(x).argmax(-1) == V - 1).all()


@pytest.mark.parametrize(
    "layer", [_adaptive(), _sampled(20), FullSoftmax(D, V).double()], ids=lambda m: type(m).__name__
)
def test_rows_that_are_not_kept_are_left_out(layer: AdaptiveSoftmax | SampledSoftmax | FullSoftmax) -> None:
    x, targets = _data()
    kept = torch.arange(N) % 2 == 0
    torch.manual_seed(1)
    masked = layer.loss(x, targets, kept)
    torch.manual_seed(1)
    torch.testing.assert_close(masked, layer.loss(x[kept], targets[kept]))


@pytest.mark.parametrize("layer", [_adaptive(), _sampled(20)], ids=lambda m: type(m).__name__)
def test_labels_are_smoothed_by_a_full_softmax_only(layer: AdaptiveSoftmax | SampledSoftmax) -> None:
    x, targets = _data()
    with pytest.raises(ValueError, match="cannot smooth labels"):
        layer.loss(x, targets, label_smoothing=0.1)


def test_the_order_of_symbols_is_saved_with_the_weights() -> None:
    for made in (_adaptive, lambda: _sampled(20)):
        first, second = made(), made()
        first.order_by_frequency(np.arange(V))
        second.load_state_dict(first.state_dict())
        assert second.order.tolist() == list(range(V - 1, -1, -1))
