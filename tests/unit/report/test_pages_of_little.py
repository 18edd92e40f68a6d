"""Reports of stores that hold little, and of models that tie: nothing is claimed that was not found."""

from __future__ import annotations

import os
import re

from html_page import Page

from harness.report import build
from harness.report.load import ReportData, load
from harness.report.results import matrix, ranks
from harness.report.standing import judge


def test_a_report_of_runs_without_results(store, made_up, tmp_path):
    store.plan(made_up.plan("translation", "lstm"))
    text = build(store, tmp_path / "report").read_text(encoding="utf-8")
    Page(text)
    assert "planned, not run yet" in text
    assert "No run has started yet" in (tmp_path / "report" / "about.html").read_text(encoding="utf-8")
    assert '<span class="standing quiet">no result</span>' in text


def test_a_report_of_no_runs_says_how_to_start(store, tmp_path):
    text = build(store, tmp_path, data=ReportData(None, store.store_id, [], [], {}, [])).read_text(encoding="utf-8")
    assert set(Page(text).links) <= {"#main", "about.html"}
    assert "There are no runs yet." in text
    assert "harness sweep experiment=quickstart" in text


def test_a_report_of_failed_runs_only(store, made_up, tmp_path):
    plan = made_up.plan("translation", "lstm")
    store.plan(plan)
    run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
    store.fail(run_id, "KilledError: out of memory", "Traceback\n <x>", "step 3")
    text = build(store, tmp_path / "report").read_text(encoding="utf-8")
    Page(text)
    assert "<b>1</b> failed" in (tmp_path / "report" / "about.html").read_text(encoding="utf-8")
    assert "failed: KilledError: out of memory" in text
    run = (tmp_path / "report" / "runs" / f"{plan.key[:12]}.html").read_text(encoding="utf-8")
    assert "Traceback\n &lt;x&gt;" in run
    assert f'href="runs/{plan.key[:12]}.html"' in text


def test_a_report_of_one_run_claims_nothing(store, made_up, tmp_path):
    made_up.done(store, made_up.plan("translation", "lstm"))
    text = build(store, tmp_path / "report").read_text(encoding="utf-8")
    Page(text)
    assert '<span class="standing quiet">no contest</span>' in text
    assert "rank 1 of 1; one seed" in text


def test_a_report_of_one_seed_decides_nothing(store, made_up, tmp_path):
    for model in ("lstm", "rnn"):
        made_up.done(store, made_up.plan("translation", model))
    text = build(store, tmp_path / "report").read_text(encoding="utf-8")
    Page(text)
    assert '<span class="standing warn">undecided</span>' in text
    assert text.count("; one seed") == 2


def test_models_that_are_all_alike_have_no_winner(store, made_up, tmp_path):
    for model in ("lstm", "rnn"):
        for seed in range(3):
            made_up.done(store, made_up.plan("translation", model, seed), value=20.0)
    text = build(store, tmp_path / "report").read_text(encoding="utf-8")
    assert "lstm and rnn are tied for practical purposes: they differ by less than 0.5 BLEU" in text
    assert text.count("rank 1 of 2") == 2


def test_models_that_tie_are_all_marked_as_best_and_said_to_tie(store, made_up, tmp_path):
    values = {"lstm": (20.0, 20.3), "bilstm": (20.3, 20.0), "rnn": (10.0, 11.0), "cnn_lstm": (11.0, 10.0)}
    for model, of_seed in values.items():
        for seed, value in enumerate(of_seed):
            made_up.done(store, made_up.plan("translation", model, seed), value=value)
    data = load(store)
    assert set(judge(None, data.comparisons[0]).leaders) == {"lstm", "bilstm"}
    assert ranks(data.comparisons[0]) == {
        "lstm": "rank 1 of 4, tied", "bilstm": "rank 1 of 4, tied", "rnn": "rank 3 of 4, tied",
        "cnn_lstm": "rank 3 of 4, tied",
    }  # fmt: skip
    marks = {row.header.text: row.cells[0].mark for row in matrix(data, ["Translation"], [["lstm", "bilstm"]]).rows}
    assert marks == {"lstm": "best", "bilstm": "best", "rnn": "", "cnn_lstm": ""}
    text = build(store, tmp_path / "report", formats=("html", "md", "tex")).read_text(encoding="utf-8")
    table = re.search(r'<table id="summary".*?</table>', text, re.DOTALL)
    assert table is not None
    assert table[0].count('<span class="hidden"> (best mean)</span>') == 2
    assert "lstm and bilstm have the same mean, but 2 seeds cannot show which model is best" in text
    assert (tmp_path / "report" / "tables" / "summary.tex").read_text().count(r"\textbf{") == 2
    task = (tmp_path / "report" / "tasks" / "translation.html").read_text(encoding="utf-8")
    assert task.count('<span class="hidden"> (best mean)</span>') == 2


def test_one_best_model_is_marked_alone(store, made_up):
    for model, value in (("lstm", 20.0), ("rnn", 19.999)):
        made_up.done(store, made_up.plan("translation", model), value=value)
    data = load(store)
    assert set(judge(None, data.comparisons[0]).leaders) == {"lstm"}
    assert ranks(data.comparisons[0]) == {"lstm": "rank 1 of 2", "rnn": "rank 2 of 2"}
