"""The benchmark of the output layer compares two ways to the same loss."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from harness.bench import outputs


def test_two_rows_with_what_was_compared() -> None:
    threads = torch.get_num_threads()
    rows = outputs.output_rows(2, positions=20, features=6, symbols=50)
    assert [row.name for row in rows] == ["output-chunked-vs-plain-fp32", "output-chunked-vs-plain-bf16"]
    assert all(math.isfinite(row.ratio) and row.ratio > 0 for row in rows)
    assert "20 positions, 6 features, 50 symbols" in rows[0].about
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("bf16", [False, True])
def test_both_ways_compute_the_same(bf16: bool) -> None:
    torch.manual_seed(0)
    x, layer = torch.randn(120, 6, requires_grad=True), nn.Linear(6, 9000)
    targets = torch.randint(9000, (120,))
    found = []
    for way in (outputs._plain, outputs._chunked):
        loss = outputs._step(way, x, layer, targets, bf16)
        assert x.grad is not None
        assert layer.weight.grad is not None
        found.append((loss, x.grad.clone(), layer.weight.grad.clone()))
    (one, *first), (other, *second) = found
    assert one == pytest.approx(other, rel=1e-3 if bf16 else 1e-6)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=(1e-2 if bf16 else 1e-5) * float(a.abs().max()))
