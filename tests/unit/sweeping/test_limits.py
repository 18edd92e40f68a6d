"""Limits are read strictly; times and sizes are written for people."""

from __future__ import annotations

from typing import Any

import pytest

from harness.config import expand
from harness.errors import ConfigError
from harness.sweeping.jobs import jobs_for
from harness.sweeping.limits import Limits, duration, size
from harness.sweeping.planning import plan_cells


@pytest.mark.parametrize(
    ("time", "memory", "expected"),
    [
        ("90s", None, Limits(90.0)),
        ("30m", None, Limits(1800.0)),
        ("1.5 h", None, Limits(5400.0)),
        (None, "800MB", Limits(None, 8e8)),
        (None, "4GiB", Limits(None, 4 * 2.0**30)),
        (None, None, Limits()),
    ],
)
def test_limits_are_numbers_with_units(time: str | None, memory: str | None, expected: Limits) -> None:
    assert Limits.parse(time, memory) == expected


@pytest.mark.parametrize("given", ["30", "m", "-3m", "0m", "3 fortnights", "4GiB", "1e3s", ""])
def test_another_spelling_of_a_time_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(ConfigError, match=r"limits.time=.* is not understood: .* as in limits.time=30m"):
        Limits.parse(given, None)


@pytest.mark.parametrize("given", ["4", "4G", "0GiB", "4 kb", "30m"])
def test_another_spelling_of_a_size_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(ConfigError, match=r"limits.memory=.* is not understood: .* as in limits.memory=4GiB"):
        Limits.parse(None, given)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min"), (42, "42 s"), (200, "3 min 20 s"), (3600, "1 h"), (7500, "2 h 5 min")],
)
def test_durations_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_sizes_for_people() -> None:
    assert (size(820 * 2**20), size(4.25 * 2**30)) == ("820 MiB", "4.25 GiB")


@pytest.fixture
def _plugins(site: Any) -> None:
    site.task("counting", target="NextTokenTarget")
    site.model("small")


@pytest.mark.usefixtures("_plugins")
def test_limits_and_exclusiveness_belong_to_the_sweep_and_not_to_the_run() -> None:
    words = ["task=counting", "model=small"]
    (plain,) = plan_cells(expand(words))
    (run,) = plan_cells(expand([*words, "limits.time=30m", "limits.memory=1GiB", "exclusive=true"]))
    assert run.plan.key == plain.plan.key
    assert run.plan.config == plain.plan.config | {"exclusive": True}
    assert "limits" not in run.plan.command
    assert (run.limits, run.alone) == (Limits(1800.0, 2.0**30), True)
    prepare, job = jobs_for([run], beside_alone=True)
    assert (prepare.lock, job.lock) == ("together", "alone")
    assert (prepare.limits, job.limits) == (Limits(), run.limits)
    assert [job.lock for job in jobs_for([plain])] == ["", ""]


@pytest.mark.usefixtures("_plugins")
def test_a_wrong_limit_stops_the_sweep_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match=r"limits\.time=soon is not understood"):
        plan_cells(expand(["task=counting", "model=small", "limits.time=soon"]))
