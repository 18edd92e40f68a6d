"""Which runs a report is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_results import finish, plan_of

from harness.errors import ConfigError, StoreError, UnknownNameError
from harness.report import overview
from harness.report.load import RunSelection, load
from harness.report.selection import since

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds", "words"),
    [
        ("90m", NOW - 5400, "90m before the report"),
        ("12h", NOW - 43_200, "12h before the report"),
        ("1.5d", NOW - 129_600, "1.5d before the report"),
        ("2W", NOW - 1_209_600, "2W before the report"),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC).timestamp(), "2026-11-01"),
        ("2026-11-01T12:30", datetime(2026, 11, 1, 12, 30, tzinfo=UTC).timestamp(), "2026-11-01 12:30 UTC"),
        ("2026-11-01T12:30+02:00", datetime(2026, 11, 1, 10, 30, tzinfo=UTC).timestamp(), "2026-11-01 10:30 UTC"),
    ],
)
def test_a_date_or_an_age(text: str, seconds: float, words: str) -> None:
    assert since(text, NOW) == (seconds, words)


@pytest.mark.parametrize(
    "text",
    ["", "d", "-1d", "7 days", "nan", "1e3d", "2026-13-01", "01.11.2026", "١d", "0001-01-01T00:00+23:00", "\x1b[31m"],
)
def test_what_is_neither_is_one_message(text: str) -> None:
    with pytest.raises(ConfigError, match="is neither a date nor an age; write a date"):
        since(text, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_in_the_past_or_refused(text: str) -> None:
    try:
        moment, _ = since(text, NOW)
    except ConfigError:
        return
    assert moment <= NOW


def test_baselines_stay_and_names_are_checked(store) -> None:
    finish(store, plan_of("translation", "lstm"))
    finish(store, plan_of("translation", "rnn"))
    finish(store, plan_of("translation", "copy_nearest", kind="baseline"), value=1.0)
    finish(store, plan_of("text_generation", "rnn"))
    data = load(store, selection=RunSelection(tasks=("translation",), models=("rnn",)))
    assert [(e.label, len(e.finished)) for e in data.comparisons[0].entries] == [("rnn", 1)]
    assert [e.label for e in data.comparisons[0].baselines] == ["copy_nearest"]
    with pytest.raises(UnknownNameError, match="Did you mean 'lstm'"):
        load(store, selection=RunSelection(models=("lsmt",)))
    with pytest.raises(UnknownNameError, match="no model named 'copy_nearest'"):
        load(store, selection=RunSelection(models=("copy_nearest",)))
    with pytest.raises(StoreError, match=r"None of the 4 runs .* of the task text_generation and of the model lstm"):
        load(store, selection=RunSelection(tasks=("text_generation",), models=("lstm",)))


def test_trials_of_a_search_come_with_their_sweep_only(store) -> None:
    plan = plan_of("translation", "lstm", 5, sweep="tuning")
    trial = replace(plan, config=plan.config | {"trainer": {"precision": "fp32", "final_split": "val"}})
    finish(store, trial)
    assert [r.seed for r in load(store).runs] == [5]  # there is nothing else to show
    finish(store, plan_of("translation", "lstm"))
    data = load(store)
    assert ([r.seed for r in data.runs], data.trials) == ([0], 1)
    assert any("Not shown: 1 trial of searches" in w for w in overview.warnings(data))
    assert [r.seed for r in load(store, "tuning").runs] == [5]
    assert load(store, "tuning").trials == 0
