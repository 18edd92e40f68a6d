"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from harness.report import formatting as fmt
from harness.report.results import Scale


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.045, "45 ms"),
        (12.34, "12.3 s"),
        (59.97, "1 min 0 s"),
        (80, "1 min 20 s"),
        (3599.7, "1 h 0 min"),
        (7260, "2 h 1 min"),
        (None, "–"),
    ],
)
def test_durations(seconds, text):
    assert fmt.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (512, "512"),
        (1_234_567, "1.23 M"),
        (64_000, "64.0 k"),
        (999_960, "1.00 M"),
        (2.5, "2.50"),
        (0, "0"),
        (3e9, "3.00 G"),
        (None, "–"),
    ],
)
def test_counts(number, text):
    assert fmt.count(number) == text


def test_counts_on_an_axis_have_no_zeros_at_the_end():
    assert [fmt.count(v, trim=True) for v in (0, 2000, 1500, 0.5)] == ["0", "2 k", "1.5 k", "0.5"]


def test_values_have_the_digits_of_their_column():
    assert [fmt.decimals([v]) for v in (0.5, 12.0, 345.0, 6789.0)] == [3, 2, 1, 0]
    assert fmt.decimals([]) == 3
    assert fmt.fixed(-1.5, 1) == "−1.5"
    assert fmt.fixed(12345.6, 0) == "12\u202f346"
    assert [fmt.fixed(v, 2) for v in (math.nan, None, math.inf, -math.inf)] == ["–", "–", "∞", "−∞"]
    assert fmt.with_interval(21.345, 0.5, 2) == "21.34 ± 0.50"
    assert fmt.with_interval(21.345, None, 2) == "21.34"


def test_sizes_and_shares():
    assert fmt.size(912_345_678) == "912 MB"
    assert fmt.size(2_500_000_000) == "2.50 GB"
    assert fmt.size(0) == "–"
    assert (fmt.share(1, 4), fmt.share(1, 0)) == ("25 %", "–")
    assert (fmt.plural(1, "run"), fmt.plural(2, "run"), fmt.plural(2, "match", "matches")) == (
        "1 run",
        "2 runs",
        "2 matches",
    )


@pytest.mark.parametrize(
    ("mean", "half", "units", "text"),
    [
        (2.13, 0.05, fmt.MILLISECONDS, "2.13 ± 0.05 ms"),
        (2.134, None, fmt.MILLISECONDS, "2.13 ms"),
        (2130.0, 40.0, fmt.MILLISECONDS, "2.13 ± 0.04 s"),
        (29.8, 0.483, fmt.SECONDS, "29.8 ± 0.5 s"),
        (312e6, 0.2e6, fmt.BYTES, "312.0 ± 0.2 MB"),
        (43_210.0, 1_000.0, fmt.COUNTS, "43.2 ± 1.0 k"),
        (512.0, 0.0, fmt.COUNTS, "512"),
        (312e6, 1.0, fmt.BYTES, "312 MB"),
        (math.nan, None, fmt.BYTES, "–"),
    ],
)
def test_a_cost_and_its_interval_share_a_unit(mean, half, units, text):
    assert fmt.measured(mean, half, units) == text


@pytest.mark.parametrize(
    ("name", "unit", "text"),
    [
        ("bleu", "BLEU", "BLEU ↑"),
        ("bleu_4", "BLEU-4", "BLEU-4 ↑"),
        ("bits_per_character", "bits/character", "bits/character ↑"),
        ("accuracy", "%", "% accuracy ↑"),
    ],
)
def test_a_metric_whose_unit_is_its_name_is_named_once(name, unit, text):
    assert Scale(name, unit, True).measured == text
