"""`harness bench` measures what it says; how quick this machine is, no test asserts."""

from __future__ import annotations

import math
import re
from typing import Any

from harness.bench.stores import store_rows


def test_a_training_step_is_compared_with_and_without_the_audit_and_with_a_loop_by_hand(cli: Any) -> None:
    rows = cli.json("bench", "steps", "--rounds", "2")
    assert [row["name"] for row in rows] == [
        "audit-overhead-4ms",
        "step-overhead-4ms",
        "audit-overhead-1ms",
        "step-overhead-1ms",
    ]
    for row in rows:
        assert row.keys() == {"name", "ratio", "spread", "a", "b", "limit", "about"}
        assert all(math.isfinite(row[name]) and row[name] > 0 for name in ("ratio", "a", "b"))
    assert len({row["a"] for row in rows}) == 4
    assert all("memory and load watch (" in row["about"] for row in rows[::2])


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


def test_an_unknown_benchmark_is_named(cli: Any) -> None:
    assert "There is no benchmark named 'stepps'" in cli("bench", "stepps", code=2).stderr
