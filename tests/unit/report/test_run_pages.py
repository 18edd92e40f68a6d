"""The page of a run: what its small drawings show, and that nothing which the store knows of the run is missing."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import build
from harness.report.run_figures import curve_chart, phase_bar, ticks
from harness.report.run_lists import page_name
from harness.store import Store
from harness.store.records import MetricRow

PHASES = {"setup": 10.0, "forward": 60.0, "other": 0.0, "backward": 20.0}


def page(store: Store, key: str, folder: Path) -> str:
    build(store, folder)
    return (folder / "runs" / f"{key[:12]}.html").read_text(encoding="utf-8")


def test_the_parts_of_the_bar_are_as_wide_as_their_times():
    bar = phase_bar(PHASES, total=100.0)
    assert bar is not None
    parts = [(float(x), float(w)) for x, w in re.findall(r'x="([\d.]+)" width="([\d.]+)"', bar.svg)]
    assert parts == [(0.0, 100.0), (100.0, 600.0), (700.0, 200.0)]  # of 1000; what is not attributed stays empty
    assert "forward 60 %, backward 20 %, setup 10 %" in bar.alt


@pytest.mark.parametrize("phases", [{}, {"setup": 0.0}, {"setup": math.nan}], ids=["none", "zero", "nan"])
def test_there_is_no_bar_without_times(phases):
    assert phase_bar(phases, total=0.0) is None


def test_phases_longer_than_the_run_still_fit_the_bar():
    bar = phase_bar({"forward": 80.0, "backward": 40.0}, total=100.0)
    assert bar is not None
    assert sum(float(w) for w in re.findall(r'width="([\d.]+)"', bar.svg)) == pytest.approx(1000, abs=0.2)


def points(svg: str, kind: str) -> list[tuple[float, float]]:
    path = re.search(rf'class="line {kind}" d="([^"]*)"', svg)
    assert path is not None
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path[1])]


def test_a_curve_is_drawn_to_scale():
    chart = curve_chart({"val": [(0, 0.0), (50, 10.0), (100, 5.0)], "train": [(0, 2.0), (100, 8.0)]}, "loss", "↓")
    assert chart is not None
    (x0, y0), (x1, y1), (x2, y2) = points(chart.svg, "val")
    assert x1 - x0 == pytest.approx(x2 - x1)
    assert y1 < y2 < y0  # up is less in SVG
    assert y0 - y2 == pytest.approx(y2 - y1)
    assert len(points(chart.svg, "train")) == 2
    assert chart.caption == "loss ↓"
    assert "training: from 2 to 8" in chart.alt


def test_values_that_are_not_finite_leave_a_gap_and_are_told():
    chart = curve_chart({"val": [(1, 1.0), (2, 2.0), (3, math.nan), (4, math.inf), (5, 1.0), (6, 1e300)]}, "loss", "")
    assert chart is not None
    assert chart.svg.count("M", chart.svg.index("line val")) == 2
    assert len(points(chart.svg, "val")) == 3
    assert "not finite" in chart.caption
    assert "nan" not in chart.svg.lower()
    assert curve_chart({"val": [(1, math.nan), (2, 1.0)]}, "loss", "") is None


@given(st.floats(-1e12, 1e12), st.floats(1e-9, 1e12))
def test_ticks_are_round_and_inside(low, span):
    high = low + span
    found = ticks(low, high)
    assert 1 <= len(found) <= 6
    assert all(low - span * 1e-6 <= t <= high + span * 1e-6 for t in found)


def test_a_page_tells_everything_of_a_run_that_ended_well(store, made_up, tmp_path):
    plan = made_up.plan("text_generation", "lstm")
    made_up.done(store, plan)
    text = page(store, plan.key, tmp_path)
    for wanted in (
        plan.key,
        plan.command,
        '<span class="standing good">finished</span>',
        "And the LORD said unto lstm, behold",  # a sample
        "Example Processor 9000 @ 2.60GHz",  # the fingerprint
        "151.2",  # what was observed: the calibration
        "<dt>width</dt><dd>256</dd>",  # the configuration
        "<dt>precision</dt><dd>fp32</dd>",
        "<dt>backend</dt><dd>not recorded</dd>",  # of a run older than that
        "1\u202f238\u202f567",  # parameters
        'class="bar"',
        'class="line val"',
    ):
        assert wanted in text, wanted


def test_a_page_of_a_run_that_failed_shows_error_traceback_and_log(store, made_up, tmp_path):
    plan = made_up.plan("translation", "rnn")
    run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
    store.log_metrics(run_id, [MetricRow("train/loss", s, 9.0 / s, 0.0, s, 0.1 * s) for s in range(1, 200)])
    store.fail(run_id, "DivergedError: nan", "Traceback: in <module>", "step 199 loss nan")
    text = page(store, plan.key, tmp_path)
    assert '<span class="standing bad">failed</span>' in text
    assert text.index("DivergedError: nan") < text.index("Traceback: in &lt;module&gt;") < text.index("loss nan")
    assert len(points(text, "train")) <= 60


def test_curves_that_are_not_drawn_are_named(store, made_up, tmp_path):
    plan = made_up.plan("translation", "rnn")
    run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
    names = [f"val/metric_{i}" for i in range(7)]
    store.log_metrics(run_id, [MetricRow(n, s, 1.0 * s, 0.0, s, 0.1 * s) for n in names for s in (1, 2)])
    store.log_metrics(run_id, [MetricRow("val/bleu", s, math.nan, 0.0, s, 0.1 * s) for s in (1, 2)])
    store.fail(run_id, "KilledError", "", "")
    text = page(store, plan.key, tmp_path)
    assert text.count('class="curve"') == 6
    assert "Not drawn: BLEU (fewer than two finite values); metric 6 (a page shows 6 charts)." in text


def test_earlier_attempts_are_listed(store, made_up, tmp_path):
    plan = made_up.plan("translation", "rnn")
    store.fail(store.start(plan, made_up.here, owner_pid=os.getpid()), "KilledError: memory", "", "")
    made_up.done(store, plan)
    text = page(store, plan.key, tmp_path)
    history = text[text.index("<h3>Earlier attempts</h3>") :]
    assert "KilledError: memory" in history[: history.index("</table>")]
    assert "<dt>attempts</dt><dd>2</dd>" in text


def test_a_key_that_ran_in_two_places_has_one_page_with_two_parts(store, made_up, tmp_path):
    plan = made_up.plan("translation", "rnn")
    made_up.done(store, plan, value=11.5)
    made_up.done(store, plan, environment=made_up.elsewhere, value=22.5)
    text = page(store, plan.key, tmp_path)
    first, second = text.index('id="part-1"'), text.index('id="part-2"')
    assert "11.50" in text[first:second]
    assert "22.50" in text[second:]
    assert "Machine A <span" in text[first:second]
    assert "Machine B <span" in text[second:]
    assert text.count('<h2 id="configuration">') == 1


def test_pages_are_named_by_twelve_digits_of_the_key():
    assert page_name("0123456789abcdef" * 4) == "0123456789ab"
    for odd in ("../up", "", "0123456789ABCDEF" * 4, "0123456789abcdef" * 4 + "\n"):
        assert re.fullmatch("[0-9a-f]{12}", page_name(odd))
        assert page_name(odd) != odd[:12]
