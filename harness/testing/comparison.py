"""Comparing what a model computed in two ways; every message says what was expected and what was found."""

from __future__ import annotations

import math

from torch import Tensor

TOLERANCE = 1e-5
"""Largest difference of two ways to compute the same fp32 figures, of the largest of them and at least of 1."""


def allowed(expected: Tensor, tolerance: float = TOLERANCE) -> float:
    """The difference that rounding explains."""
    finite = expected.detach()[expected.detach().isfinite()]
    return tolerance * max(1.0, float(finite.abs().max()) if finite.numel() else 0.0)


def difference(found: Tensor, expected: Tensor) -> float:
    """The largest absolute difference; 0 for nothing to compare, infinite where a figure is not finite."""
    if not found.numel():
        return 0.0
    largest = float((found.float() - expected.float()).abs().max())
    return float("inf") if math.isnan(largest) else largest  # NaN is not greater than any tolerance


def near(found: Tensor, expected: Tensor, what: str, tolerance: float = TOLERANCE) -> None:
    """Both agree.

    Raises:
        AssertionError: they do not; names the place of the largest difference and both figures.
    """
    assert found.shape == expected.shape, f"{what}: expected shape {tuple(expected.shape)}, found {tuple(found.shape)}"
    largest = difference(found, expected)
    limit = allowed(expected, tolerance)
    if largest < limit:
        return
    place = int((found.float() - expected.float()).abs().nan_to_num(nan=float("inf")).argmax())
    one, two = float(expected.flatten()[place]), float(found.flatten()[place])
    raise AssertionError(
        f"{what}: by up to {largest:.2g}, where {limit:.2g} is allowed (expected {one:.6g}, found {two:.6g})"
    )


def equal(what: str, found: object, expected: object) -> None:
    """Both are the same.

    Raises:
        AssertionError: they are not; gives both.
    """
    assert found == expected, f"{what}: expected {expected}, found {found}"
