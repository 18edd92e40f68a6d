"""What the processes of one run measured, put together."""

from __future__ import annotations

from typing import Any

from harness.measure.measurements import Measurements, together
from harness.store.records import RunSummary


def _part(**changes: Any) -> dict[str, Any]:
    part: dict[str, Any] = {
        "peak_bytes": 100,
        "memory": {"kind": "pss", "base_bytes": 50, "training_peak_bytes": 20, "evaluation_peak_bytes": 5},
        "machine": {
            "samples": 10,
            "threads": 1,
            "cores": 2,
            "load_average_mean": 1.0,
            "load_average_max": 2.0,
            "other_cpu_share": 0.5,
            "stolen_share": 0.0,
            "waiting_share": 0.0,
            "contended": False,
            "exclusive": True,
        },
        "energy": {"joules": 5.0, "method": "rapl"},
    }
    for name, change in changes.items():
        part[name] = part[name] | change if isinstance(change, dict) else change
    return part


def test_the_larger_peaks_stay() -> None:
    earlier = _part(peak_bytes=300, memory={"training_peak_bytes": 90})
    now = _part(memory={"evaluation_peak_bytes": 40})
    both = together(earlier, now)
    assert both["peak_bytes"] == 300
    assert both["memory"]["training_peak_bytes"] == 90
    assert both["memory"]["evaluation_peak_bytes"] == 40


def test_a_part_that_never_tested_has_no_say_in_evaluation() -> None:
    earlier = _part()
    del earlier["memory"]["evaluation_peak_bytes"]
    assert together(earlier, _part())["memory"]["evaluation_peak_bytes"] == 5


def test_shares_are_weighted_by_the_time_they_were_seen_and_contention_follows_from_them() -> None:
    busy = _part(machine={"samples": 30, "waiting_share": 0.2, "contended": True, "load_average_max": 7.0})
    both = together(busy, _part())["machine"]
    assert both["samples"] == 40
    assert both["waiting_share"] == 0.15
    assert both["contended"]
    assert both["load_average_max"] == 7.0
    moment = _part(machine={"samples": 1, "waiting_share": 0.2, "contended": True})
    assert not together(moment, _part(machine={"samples": 99}))["machine"]["contended"]


def test_a_run_had_the_machine_to_itself_only_if_all_parts_had() -> None:
    assert together(_part(), _part())["machine"]["exclusive"]
    assert not together(_part(machine={"exclusive": False}), _part())["machine"]["exclusive"]


def test_energy_adds_up_and_is_absent_where_a_part_was_not_measured() -> None:
    assert together(_part(), _part())["energy"] == {"joules": 10.0, "method": "rapl"}
    unmeasured = _part()
    unmeasured["energy"] = {}
    assert together(unmeasured, _part())["energy"] == {}
    assert together(_part(), unmeasured)["energy"] == {}


def test_three_processes_are_put_together_one_after_the_other() -> None:
    summary = RunSummary({}, 0.0, 0, 0, {}, 0.0, 0.0)
    with Measurements("cpu", 1, exclusive=False) as first:
        first.training()
        carried = first.taken()
    with Measurements("cpu", 1, exclusive=False) as second:
        second.carry_on(carried)
        carried = second.taken()
    with Measurements("cpu", 1, exclusive=False) as third:
        third.carry_on(carried)
        third.training()
        with third.validating():
            pass
        third.testing()
        third.write(summary)
    assert summary.memory_peak_bytes > 0
    assert summary.memory["kind"] in ("pss", "rss")
    assert summary.machine["threads"] == 1
