"""`harness bench` measures what it says; how quick this machine is, no test asserts."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from built_in import MODELS

from harness.bench.growth import Axis, growth_rows
from harness.bench.peak import built_in, peak_rows
from harness.bench.stores import store_rows


@pytest.mark.exhaustive
def test_a_training_step_is_compared_with_and_without_the_audit_and_with_a_loop_by_hand(cli: Any) -> None:
    rows = cli.json("bench", "steps", "--rounds", "2")
    assert [row["name"] for row in rows] == [
        "audit-overhead-4ms",
        "step-overhead-4ms",
        "audit-overhead-1ms",
        "step-overhead-1ms",
        "audit-overhead",
    ]
    for row in rows:
        assert row.keys() == {"name", "ratio", "spread", "a", "b", "limit", "about", "better", "unit"}
        assert all(math.isfinite(row[name]) and row[name] > 0 for name in ("ratio", "a", "b"))
    assert len({row["a"] for row in rows}) == 4
    assert all("memory and load watch (" in row["about"] for row in rows[::2])
    assert rows[4]["ratio"] == max(rows[0]["ratio"], rows[2]["ratio"])


@pytest.mark.exhaustive
def test_listing_and_reporting_are_timed_on_a_store_of_the_size_asked_for() -> None:
    listing, report, sixteen = store_rows(rounds=1, runs=20, rows=1000)
    assert (listing.name, report.name) == ("list-1e3-rows", "report-1e3-rows")
    assert sixteen.name == "report-16-comparisons-1e3-rows"
    for made in (report, sixteen):
        size = re.search(r"largest page ([\d,]+) bytes", made.about)
        assert size is not None
        assert int(size[1].replace(",", "")) > 10_000
    assert "largest page" not in listing.about
    assert "20 runs and 1,000 metric rows" in listing.about
    assert listing.ratio > 1  # more than starting up
    assert report.a > listing.b


@pytest.mark.exhaustive
def test_each_model_is_compared_with_the_peak_of_its_precision() -> None:
    assert built_in() == MODELS
    products, *models = peak_rows(2, threads=1, models=("lstm", "cnn_lstm"), batch=(2, 3), products=(32, 64))
    assert products.name == "gemm-bf16-vs-fp32"
    assert re.search(r"peak [\d,]+ GFLOP/s in fp32, [\d,]+ GFLOP/s in bf16; 1 threads", products.about)
    assert [row.name for row in models] == [
        "gemm-fraction-lstm",
        "gemm-fraction-lstm-bf16",
        "gemm-fraction-cnn_lstm",
        "gemm-fraction-cnn_lstm-bf16",
    ]
    for row in models:
        assert row.better == "larger"
        assert 0 < row.a < row.b  # less than the peak


@pytest.mark.exhaustive
def test_time_and_memory_have_an_exponent_for_each_thing_that_grows() -> None:
    axes = (
        Axis("length", (64, 128, 256), 1.1, (("length", 0), ("hidden_size", 8), ("batch", 2))),
        Axis("runs", (10, 20, 40), 1.1, rows=10, base=1),
    )
    rows = growth_rows(2, threads=1, axes=axes)
    assert [(row.name, row.unit) for row in rows] == [
        ("growth-time-length", "s"),
        ("growth-memory-length", "bytes"),
        ("growth-time-runs-list", "s"),
        ("growth-memory-runs-list", "bytes"),
        ("growth-time-runs-report", "s"),
        ("growth-memory-runs-report", "bytes"),
    ]
    for row in rows:
        assert math.isfinite(row.ratio)
        assert math.isfinite(row.spread)
        assert row.limit == 1.1
        assert row.a > 0
        assert row.b > 0
    assert "length of a training step of lstm, hidden_size 8, batch 2, 1 threads; 64 to 256" in rows[0].about
    assert "harness report beyond that of a store of 1, 10 metric rows each; 10 to 40" in rows[4].about


def test_an_unknown_benchmark_is_named(cli: Any) -> None:
    assert "There is no benchmark named 'stepps'" in cli("bench", "stepps", code=2).stderr
