"""What a training step of every built-in task spends its time on is found and named."""

from __future__ import annotations

from collections import defaultdict

import pytest
from covering import built_in

from harness.bench.comparison import BenchRow
from harness.bench.profile import TOP, profile_rows


@pytest.mark.exhaustive
def test_the_largest_shares_of_a_step_of_every_task_are_named() -> None:
    found: defaultdict[str, list[BenchRow]] = defaultdict(list)
    for row in profile_rows(3):
        found[row.name.split("-")[1]].append(row)
    assert found.keys() == built_in("task")
    for rows in found.values():
        shares = [row.ratio for row in rows]
        assert len(rows) == TOP
        assert shares == sorted(shares, reverse=True)
        assert 0.3 < sum(shares) <= 1.0
        assert any("mkldnn_rnn_layer" in row.name for row in rows)  # the model's own kernel is among them
