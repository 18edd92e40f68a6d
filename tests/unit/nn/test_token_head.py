"""The head over a vocabulary: its training loss is the one of its logits, whatever is padded."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from harness.nn.embedding import TokenEmbedding
from harness.nn.heads import TokenHead
from harness.targets import NextTokenTarget

V, D, H = 40, 6, 9
LENGTHS = torch.tensor([5, 1, 3])


def _head(softmax: str = "full", dropout: float = 0.0, *, tie: bool = True) -> tuple[TokenHead, TokenEmbedding]:
    torch.manual_seed(0)
    table = TokenEmbedding(V, D, padding_idx=0)
    return TokenHead(H, table, dropout, tie=tie, softmax=softmax).double(), table.double()


def _batch() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    features = torch.randn(3, 5, H, generator=draw, dtype=torch.float64)
    targets = torch.randint(1, V, (3, 5), generator=draw)
    return features, targets.masked_fill(torch.arange(5) >= LENGTHS.unsqueeze(1), 0)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("tie", [True, False])
def test_the_training_loss_is_that_of_the_logits(smoothing: float, dropout: float, tie: bool) -> None:
    head, table = _head(dropout=dropout, tie=tie)
    x, targets = _batch()
    torch.manual_seed(1)
    mean, total, count = head.loss(x, targets, LENGTHS, label_smoothing=smoothing)
    torch.manual_seed(1)  # the same noise
    plain, units = NextTokenTarget(V).loss_sum(head(x), LENGTHS, targets, LENGTHS, label_smoothing=smoothing)
    assert int(count) == int(units) == 9
    torch.testing.assert_close(mean.float(), plain / units)
    torch.testing.assert_close(total.float(), plain.detach())
    assert not total.requires_grad
    leaves = {id(p): p for p in [*head.parameters(), *([table.weight] if tie else [])]}.values()
    found = torch.autograd.grad(mean, list(leaves))
    expected = torch.autograd.grad(plain / units, list(leaves))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("softmax", ["full", "adaptive", "sampled"])
def test_padding_is_not_read(softmax: str) -> None:
    head, _ = _head(softmax)
    x, targets = _batch()
    x = x.requires_grad_()
    mean, _, _ = head.loss(x, targets, LENGTHS)
    (gradient,) = torch.autograd.grad(mean, x)
    padding = torch.arange(5) >= LENGTHS.unsqueeze(1)
    assert gradient[padding].abs().sum() == 0
    assert (gradient[~padding].abs().sum(-1) > 0).all()
    spoilt, _, _ = head.loss(x.detach().masked_fill(padding.unsqueeze(-1), torch.nan), targets, LENGTHS)
    torch.testing.assert_close(spoilt, mean)


@pytest.mark.parametrize("softmax", ["full", "adaptive", "sampled"])
def test_what_evaluation_reads_is_a_distribution(softmax: str) -> None:
    head, _ = _head(softmax)
    x, targets = _batch()
    logs = head(x).log_softmax(-1)
    assert logs.shape == (3, 5, V)
    # So small a vocabulary is sampled whole, so that training minimises the loss that evaluation reports.
    mean, _, _ = head.loss(x, targets, torch.tensor([5, 5, 5]))
    torch.testing.assert_close(mean, -logs.gather(-1, targets.unsqueeze(-1)).mean())


@pytest.mark.parametrize("softmax", ["full", "sampled"])
def test_nothing_is_read_from_an_accelerator_in_a_step(softmax: str) -> None:
    """Tensors of the meta device have no values, so that reading one fails as it would stall a device."""
    with torch.device("meta"):
        head = TokenHead(H, TokenEmbedding(40_000, D), 0.5, tie=True, softmax=softmax)
        x, targets, lengths = torch.empty(3, 30, H), torch.empty(3, 30, dtype=torch.int64), LENGTHS.to("meta")
    mean, total, count = head.to("meta").loss(x, targets, lengths, label_smoothing=0.1 if softmax == "full" else 0.0)
    mean.backward()
    assert head.output.weight.grad is not None
    assert head.output.weight.grad.shape == (40_000, D)
    assert total.shape == count.shape == ()
    with pytest.raises(RuntimeError):
        int(count)


def test_rows_are_masked_where_they_are_not_left_out() -> None:
    """What an accelerator computes, computed here."""
    head, _ = _head()
    x, targets = _batch()
    mean, _, count = head.loss(x, targets, LENGTHS)
    kept = (torch.arange(5) < LENGTHS.unsqueeze(1)).flatten()
    total = head.output.loss(head.project(x.flatten(0, 1)), targets.flatten(), kept)
    torch.testing.assert_close(total / count, mean)


def test_an_adaptive_softmax_ties_nothing() -> None:
    head, table = _head("adaptive")
    assert all(p is not table.weight for p in head.parameters())
    for softmax in ("full", "sampled"):
        head, table = _head(softmax)
        assert head.output.weight is table.weight
