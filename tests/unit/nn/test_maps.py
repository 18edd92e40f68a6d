"""A product is the same in whatever layout its matrix is kept."""

import pytest
import torch

from harness.nn.kernels import maps

LAYOUTS = {
    "row after row": lambda patch: patch.setattr(maps, "MKL_IS_QUICKEST", True),
    "oneDNN's": lambda patch: patch.setattr(maps, "MKL_IS_QUICKEST", False),
    "as it is": lambda patch: patch.setattr(maps, "PREPACK_STEPS", 1_000),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_product_is_what_float64_says(monkeypatch, layout, dtype, transposed):
    LAYOUTS[layout](monkeypatch)
    g = torch.Generator().manual_seed(0)
    x = torch.randn(5, 48, generator=g, dtype=torch.float64).to(dtype)
    matrix = torch.randn(48, 32, generator=g, dtype=torch.float64).to(dtype)
    if transposed:
        matrix = matrix.t().contiguous().t()
    kept = x.clone(), matrix.clone()
    exact = x.double() @ matrix.double()
    size = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 0.2}[dtype]
    for kind in {dtype, torch.float32}:
        product, before = maps.Product(matrix, steps=100, rows=5), torch.ones(5, 32, dtype=kind)
        for _ in range(2):
            out = torch.empty_like(before)
            product.into(out, x)
            torch.testing.assert_close(out.double(), exact, rtol=0, atol=max(size, 1e-5 if kind != dtype else 0))
        product.add_to(before, x)
        torch.testing.assert_close(before.double(), exact + 1, rtol=0, atol=max(size, 1e-5 if kind != dtype else 0))
    assert torch.equal(x, kept[0])
    assert torch.equal(matrix, kept[1])


def test_only_one_layout_is_kept(monkeypatch):
    matrix = torch.randn(16, 8).t()
    for quickest, packed in ((True, False), (False, torch.backends.mkldnn.is_available())):
        monkeypatch.setattr(maps, "MKL_IS_QUICKEST", quickest)
        product = maps.Product(matrix, steps=maps.PREPACK_STEPS, rows=4)
        assert (product._packed is not None) == packed
        assert product._matrix.is_contiguous() == quickest
