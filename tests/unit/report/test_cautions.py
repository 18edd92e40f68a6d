"""What stands beside a verdict: only differences that could have decided it; the rest is in the notes of tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.report import build
from harness.report.cautions import cautions
from harness.report.comparisons import Comparison
from harness.report.load import load
from harness.report.standing import judge
from harness.store import Store
from harness.store.query import RunView


@pytest.fixture
def comparison(filled: Store) -> Comparison:
    """The made-up translations: `attention_lstm` leads, `cnn_lstm` may be best too, all else is equal."""
    return next(c for c in load(filled).comparisons if c.task == "translation")


def changed(comparison: Comparison, label: str, change: Any) -> list[str]:
    """The cautions after a change of one model's runs."""
    entry = next(e for e in comparison.entries if e.label == label)
    entry.finished = [change(run) for run in entry.finished]
    return cautions(comparison, judge(None, comparison))


def tuned(trials: int, hours: float = 1.0) -> Any:
    return lambda run: replace(run, tuning={"trials": trials, "hours": hours})


def larger(run: RunView) -> RunView:
    assert run.summary is not None
    return replace(run, summary=replace(run.summary, parameters=10 * run.summary.parameters))


def test_equal_models_need_no_caution(comparison: Comparison) -> None:
    comparison.entries = [e for e in comparison.entries if not e.others]
    assert changed(comparison, "rnn", lambda run: run) == []


@pytest.mark.parametrize(
    ("label", "change", "words"),
    [
        ("attention_lstm", tuned(400), "Tuning effort differs"),  # the leader was tuned more
        ("rnn", tuned(0), "Tuning effort differs"),  # a rival was tuned less
        ("attention_lstm", tuned(0), ""),  # it leads in spite of it
        ("attention_lstm", tuned(4, 9.0), "Tuning effort differs"),  # as many trials, a longer search
        ("rnn", tuned(4, 9.0), ""),
        ("attention_lstm", larger, "Parameters are not matched"),
        ("rnn", larger, ""),  # larger, and worse all the same
    ],
)
def test_only_what_favours_the_leader_is_said(comparison: Comparison, label: str, change: Any, words: str) -> None:
    comparison.entries = [e for e in comparison.entries if not e.others]
    found = changed(comparison, label, change)
    assert [sentence[: len(words)] for sentence in found] == ([words] if words else [])


def test_the_page_has_them_beside_the_verdict_and_folds_the_notes(store: Store, made_up: Any, tmp_path: Path) -> None:
    for seed in (0, 1, 2):
        plan = made_up.plan("translation", "attention_lstm", seed)
        made_up.done(store, replace(plan, tuning={"trials": 400, "hours": 9.0}), skill=0.9)
        made_up.done(store, replace(made_up.plan("translation", "rnn", seed), tuning={}))
    build(store, tmp_path / "report", formats=("html", "md"))
    page = (tmp_path / "report" / "tasks" / "translation.html").read_text(encoding="utf-8")
    beside = page[page.index('class="cautions"') : page.index('id="translation-results-caption"')]
    assert "Tuning effort differs" in beside
    assert '<details class="tablenotes"><summary>Notes (' in page
    assert "- Tuning effort differs" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


def test_every_value_of_a_wide_table_is_labelled_for_narrow_screens(filled: Store, tmp_path: Path) -> None:
    build(filled, tmp_path / "report", formats=("html",))
    page = (tmp_path / "report" / "tasks" / "translation.html").read_text(encoding="utf-8")
    table = page[page.index('<table id="translation-results"') :]
    table = table[: table.index("</table>")]
    assert table.count("<td ") == table.count(" data-label=") > 20
    assert 'data-label="BLEU ↑"' in table
    assert 'role="rowheader"' in table
