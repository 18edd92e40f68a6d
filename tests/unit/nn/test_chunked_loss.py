"""The chunked cross-entropy and all its gradients, held against torch's own on the matrix of all logits."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from harness.nn import chunked_loss
from harness.nn.chunked_loss import chunked_cross_entropy

Problem = tuple[Tensor, Tensor, Tensor, Tensor]


def _problem(count: int, width: int, classes: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> Problem:
    """Features (N, D), weight (V, D), bias (V,), targets (N,); logits of all sizes."""
    draw = torch.Generator().manual_seed(seed)
    x, w, b = (
        torch.randn(shape, generator=draw, dtype=torch.float64).to(dtype).requires_grad_()
        for shape in ((count, width), (classes, width), (classes,))
    )
    return x, w, b, torch.randint(classes, (count,), generator=draw)


def _plain(x: Tensor, w: Tensor, b: Tensor | None, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    logits = functional.linear(x, w, b)
    return functional.cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)


def _same(ours: Tensor, plain: Tensor, leaves: list[Tensor], rtol: float = 1e-11, atol: float = 1e-12) -> None:
    torch.testing.assert_close(ours, plain, rtol=rtol, atol=atol)
    found = torch.autograd.grad(ours, leaves)
    expected = torch.autograd.grad(plain, leaves)
    for one, other, leaf in zip(found, expected, leaves, strict=True):
        assert one.dtype == leaf.dtype
        assert one.shape == leaf.shape
        torch.testing.assert_close(one, other, rtol=rtol, atol=atol)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("rows", [1, 7, 16, 100])
@pytest.mark.parametrize("width", [16, 5])
def test_loss_and_gradients_are_torchs_at_every_size_of_chunk(rows: int, smoothing: float, width: int) -> None:
    x, w, b, targets = _problem(33, width, 300)
    ours = chunked_cross_entropy(x, w, b, targets, rows=rows, label_smoothing=smoothing, scale=0.25)
    _same(ours, 0.25 * _plain(x, w, b, targets, smoothing).sum(), [x, w, b])


def test_many_blocks_of_rows_and_of_symbols(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunked_loss, "_BLOCK_ELEMENTS", 700)
    monkeypatch.setattr(chunked_loss, "_PRODUCT_ROWS", 64)
    x, w, b, targets = _problem(33, 5, 300)
    ours = chunked_cross_entropy(x, w, b, targets, rows=20, label_smoothing=0.1)
    _same(ours, _plain(x, w, b, targets, 0.1).sum(), [x, w, b])


@given(
    count=st.integers(1, 40),
    width=st.integers(1, 20),
    classes=st.integers(1, 60),
    rows=st.integers(1, 50),
    smoothing=st.sampled_from([0.0, 0.1, 1.0]),
    bias=st.booleans(),
    seed=st.integers(0, 2**31),
)
@settings(deadline=None, max_examples=60)
def test_any_shape(count: int, width: int, classes: int, rows: int, smoothing: float, bias: bool, seed: int) -> None:
    x, w, b, targets = _problem(count, width, classes, seed=seed)
    given_bias, leaves = (b, [x, w, b]) if bias else (None, [x, w])
    ours = chunked_cross_entropy(x, w, given_bias, targets, rows=rows, label_smoothing=smoothing)
    _same(ours, _plain(x, w, given_bias, targets, smoothing).sum(), leaves, rtol=1e-9, atol=1e-10)


def test_chunks_are_left_out_where_logits_are_few_and_where_no_gradient_is_wanted() -> None:
    x, w, b, targets = _problem(8, 5, 30)
    _same(chunked_cross_entropy(x, w, b, targets, scale=2.0), 2.0 * _plain(x, w, b, targets).sum(), [x, w, b])
    with torch.no_grad():
        ours = chunked_cross_entropy(x, w, b, targets, rows=3)
    torch.testing.assert_close(ours, _plain(x, w, b, targets).sum().detach())


def test_no_rows_cost_nothing_and_change_nothing() -> None:
    x, w, b, targets = _problem(0, 5, 30)
    for gradient in torch.autograd.grad(chunked_cross_entropy(x, w, b, targets, rows=3), [x, w, b]):
        assert not gradient.any()


@pytest.mark.parametrize("rows", [None, 4])
def test_rows_that_are_not_kept_give_neither_loss_nor_gradient(rows: int | None) -> None:
    x, w, b, targets = _problem(20, 6, 50)
    kept = torch.arange(20) % 3 != 0
    ours = chunked_cross_entropy(x, w, b, targets, kept=kept, rows=rows, label_smoothing=0.1)
    _same(ours, _plain(x[kept], w, b, targets[kept], 0.1).sum(), [x, w, b])


def test_the_order_of_rows_does_not_matter() -> None:
    x, w, b, targets = _problem(20, 6, 50)
    shuffled = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    one = chunked_cross_entropy(x, w, b, targets, rows=6)
    other = chunked_cross_entropy(x[shuffled], w, b, targets[shuffled], rows=6)
    _same(one, other, [x, w, b])


def test_logits_far_apart_cost_what_they_cost_and_no_infinity() -> None:
    x = torch.tensor([[1000.0], [-1000.0]], dtype=torch.float64, requires_grad=True)
    w = torch.tensor([[1.0], [0.0], [-1.0]], dtype=torch.float64, requires_grad=True)
    ours = chunked_cross_entropy(x, w, None, torch.tensor([2, 2]), rows=1)
    assert float(ours.detach()) == 2000.0
    _same(ours, _plain(x, w, None, torch.tensor([2, 2])).sum(), [x, w])


def test_weights_that_are_an_embedding_too_get_both_gradients() -> None:
    x, w, b, targets = _problem(20, 6, 50)
    looked_up = [x + functional.embedding(targets.flip(0), w) for _ in range(2)]  # a graph each
    ours = chunked_cross_entropy(looked_up[0], w, b, targets, rows=7)
    _same(ours, _plain(looked_up[1], w, b, targets).sum(), [x, w, b])


def test_gradients_of_frozen_tensors_are_not_computed() -> None:
    x, w, b, targets = _problem(20, 6, 50)
    ours = chunked_cross_entropy(x, w.detach(), b.detach(), targets, rows=7)
    _same(ours, _plain(x, w.detach(), b.detach(), targets).sum(), [x])
    ours = chunked_cross_entropy(x.detach(), w, b.detach(), targets, rows=7)
    _same(ours, _plain(x.detach(), w, b.detach(), targets).sum(), [w])


def test_an_outer_factor_reaches_every_gradient() -> None:
    x, w, b, targets = _problem(20, 6, 50)
    _same(3.0 * chunked_cross_entropy(x, w, b, targets, rows=7), 3.0 * _plain(x, w, b, targets).sum(), [x, w, b])


def test_a_second_backward_pass_is_refused() -> None:
    x, w, b, targets = _problem(20, 6, 50)
    ours = chunked_cross_entropy(x, w, b, targets, rows=7)
    ours.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="can run only once"):
        ours.backward()


def test_the_gradient_of_the_weights_is_taken_over_and_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    finished = chunked_loss._Gradients.finished

    def watched(self: chunked_loss._Gradients, *tensors: Tensor) -> list[Tensor | None]:
        gradients = finished(self, *tensors)
        assert gradients[1] is not None
        made.append(gradients[1].data_ptr())
        return gradients

    monkeypatch.setattr(chunked_loss._Gradients, "finished", watched)
    x, w, b, targets = _problem(20, 6, 50, torch.float32)
    chunked_cross_entropy(x, w, b, targets, rows=7).backward()
    assert w.grad is not None
    assert [w.grad.data_ptr()] == made


def test_float32_is_as_near_to_float64_as_torchs() -> None:
    exact = _problem(64, 24, 700)
    leaves = [t.detach().float().requires_grad_() for t in exact[:3]]
    targets = exact[3]
    expected = torch.autograd.grad(_plain(*exact).sum(), exact[:3])
    ours = torch.autograd.grad(chunked_cross_entropy(*leaves, targets, rows=20), leaves)
    plain = torch.autograd.grad(_plain(*leaves, targets).sum(), leaves)
    for mine, theirs, right in zip(ours, plain, expected, strict=True):
        assert (mine - right).abs().max() <= 4 * (theirs - right).abs().max() + 1e-6


@pytest.mark.parametrize("rows", [20, 64])
def test_bf16_products_are_as_near_to_float64_as_autocasts(rows: int) -> None:
    exact = _problem(64, 24, 700)
    leaves = [t.detach().float().requires_grad_() for t in exact[:3]]
    targets = exact[3]
    expected_loss = _plain(*exact).sum()
    expected = torch.autograd.grad(expected_loss, exact[:3])
    with torch.autocast("cpu", torch.bfloat16):
        loss = chunked_cross_entropy(*leaves, targets, rows=rows)
        logits = functional.linear(*leaves)
    assert loss.dtype == torch.float32
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(loss.double(), expected_loss, rtol=2e-3, atol=0)
    ours = torch.autograd.grad(loss, leaves)
    plain = torch.autograd.grad(functional.cross_entropy(logits.float(), targets, reduction="sum"), leaves)
    for mine, theirs, right in zip(ours, plain, expected, strict=True):
        assert mine.dtype == torch.float32
        assert (mine - right).norm() <= 1.5 * (theirs - right).norm()


def test_the_same_input_gives_the_same_bits() -> None:
    first, second = (
        torch.autograd.grad(chunked_cross_entropy(x, w, b, targets, rows=7), [x, w, b])
        for x, w, b, targets in (_problem(20, 6, 50, torch.float32) for _ in range(2))
    )
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize(("count", "classes"), [(700, 10_000), (5000, 100_000), (1, 50), (300, 32), (0, 5)])
def test_chunks_are_even_and_no_shorter_than_a_product_needs(count: int, classes: int) -> None:
    rows = chunked_loss._rows(count, classes, 4, "cpu")
    chunks = -(-count // rows)
    assert rows >= min(count, 128)
    assert chunks * rows - count < max(1, chunks)
    assert rows * classes * 4 <= max(chunked_loss._CHUNK_BYTES["cpu"], 256 * classes * 4)
