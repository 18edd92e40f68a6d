"""Comparing what a model computed in two ways; every message says what was expected and what was found."""

from __future__ import annotations

from torch import Tensor

from harness.nn.promises import TOLERANCE, allowed, difference

__all__ = ["TOLERANCE", "allowed", "difference", "equal", "near"]


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
