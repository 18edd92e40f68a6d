"""Exponents of growth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bench.exponents import exponent, growth_row

SIZES = (10, 20, 50, 100, 1000)


@given(st.floats(-2, 3), st.floats(1e-6, 1e6))
def test_a_power_is_found(power: float, factor: float) -> None:
    slope, half = exponent(SIZES, [factor * size**power for size in SIZES])
    assert slope == pytest.approx(power, abs=1e-6)
    assert half == pytest.approx(0, abs=1e-5)


def test_the_interval_covers_the_exponent_as_often_as_promised() -> None:
    draw = np.random.default_rng(0)
    inside = 0
    for _ in range(1000):
        slope, half = exponent(SIZES, [size**1.5 * math.exp(draw.normal(0, 0.1)) for size in SIZES])
        inside += abs(slope - 1.5) <= half
    assert abs(inside / 1000 - 0.95) <= 3 * (0.95 * 0.05 / 1000) ** 0.5


def test_a_fixed_cost_beside_a_growing_one_lowers_the_exponent_and_widens_the_interval() -> None:
    slope, half = exponent(SIZES, [100 + size for size in SIZES])
    assert slope < 0.9
    assert half > 0.05


def test_a_row_takes_the_median_of_each_size() -> None:
    costs = {size: [size**2.0, size**2.0, 1e9] for size in SIZES}
    found = growth_row("growth", costs, limit=2.1, about="", unit="bytes")
    assert found.ratio == pytest.approx(2)
    assert (found.a, found.b, found.unit, found.kept) == (100, 1e6, "bytes", True)


@pytest.mark.parametrize(
    ("sizes", "costs", "message"),
    [
        ((1, 2), (1, 2), "needs three sizes or more, not 2"),
        ((1, 2, 3), (1, 0, 2), "must be above 0"),
    ],
    ids=["two sizes", "a cost of 0"],
)
def test_what_has_no_exponent_is_refused(sizes, costs, message) -> None:
    with pytest.raises(ValueError, match=message):
        exponent(sizes, costs)
