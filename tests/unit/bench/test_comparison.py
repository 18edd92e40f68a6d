"""Ratios of times taken in turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bench import comparison
from harness.bench.comparison import in_turn, row


@given(st.lists(st.floats(0.1, 10), min_size=3, max_size=40), st.floats(0.5, 2))
def test_a_constant_factor_is_found_however_the_machine_varies(times: list[float], factor: float) -> None:
    found = row("r", [factor * t for t in times], times, limit=None, about="")
    assert found.ratio == pytest.approx(factor)
    assert found.spread == pytest.approx(0, abs=1e-9)


def test_the_interval_of_the_median_covers_it_as_often_as_promised() -> None:
    import numpy as np

    draw = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        ratios = np.sort(draw.lognormal(0.0, 0.3, 15))
        low, high = comparison._median_interval(15)
        inside += ratios[low] <= 1.0 <= ratios[high]
    assert inside / 2000 >= 0.95 - 2 * (0.95 * 0.05 / 2000) ** 0.5


def test_each_round_begins_with_the_other_one(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = ""

    def a() -> None:
        nonlocal calls
        calls += "a"

    def b() -> None:
        nonlocal calls
        calls += "b"

    found = in_turn("r", a, b, rounds=4)
    assert calls == "ab" + "abba" * 2
    assert found.name == "r"


@pytest.mark.parametrize(
    ("better", "limit", "ratio", "kept", "wanted"),
    [
        ("smaller", 1.05, 1.05, True, "≤ 1.05"),
        ("smaller", 1.05, 1.06, False, "≤ 1.05"),
        ("larger", 3.0, 3.0, True, "≥ 3"),
        ("larger", 3.0, 2.9, False, "≥ 3"),
        ("larger", None, 0.1, True, "larger"),
        ("smaller", None, 9.0, True, "smaller"),
    ],
)
def test_a_limit_lies_in_the_direction_that_is_better(better, limit, ratio, kept, wanted) -> None:
    found = row("r", [ratio] * 3, [1.0] * 3, limit=limit, about="", better=better)
    assert (found.kept, found.wanted) == (kept, wanted)
