"""Runs of different precision: never in one column, and where they meet on a page, the page says so."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_up_results import finish, plan_of

from harness.cli.results import _row_label
from harness.report import build, overview
from harness.report.joined import joined
from harness.report.load import load
from harness.report.sections import compose
from harness.store import Store

MARK = "Mixed precisions (bf16: Speech recognition; fp32: Translation)."
ACROSS = "Mixed precisions (bf16: speech_recognition; fp32: translation)"


def fill(store: Store, precisions: dict[str, str]) -> None:
    """Two models of two seeds on every task."""
    for task, precision in precisions.items():
        for model, skill in (("lstm", 0.8), ("rnn", 0.5)):
            for seed in (0, 1):
                finish(store, plan_of(task, model, seed, precision=precision), skill=skill)


@pytest.fixture
def mixed(store: Store) -> Store:
    fill(store, {"translation": "fp32", "speech_recognition": "bf16"})
    return store


def test_every_heading_names_its_precision_where_tasks_differ_in_it(mixed: Store) -> None:
    report = compose(mixed, load(mixed))
    headings = ["Translation (fp32)", "Speech recognition (bf16)"]
    assert [c.title for c in report.summary.columns] == headings
    assert [d.heading for d in report.decisions] == headings
    blocks = [b for s in report.sections for b in s.blocks]
    assert [b.heading for b in blocks] == headings
    assert [b.table.caption.partition(":")[0] for b in blocks] == headings
    assert any(w.startswith(MARK) for w in report.warnings)


def test_what_is_put_together_across_tasks_is_marked_in_every_panel_and_under_every_figure(mixed: Store) -> None:
    panels = compose(mixed, load(mixed)).across
    assert len(panels) > 3
    assert [p.title for p in panels if not any(ACROSS in text for text in p.text)] == []
    figures = [f for p in panels for f in p.figures]
    assert figures
    assert [f.name for f in figures if ACROSS not in f.caption] == []
    columns = next(t for p in panels for t in p.tables if t.name == "across-columns")
    place = [c.title for c in columns.columns].index("precision")
    assert [r.cells[place].text for r in columns.rows] == ["fp32", "bf16"]


def test_one_precision_needs_no_word(store: Store) -> None:
    fill(store, {"translation": "bf16", "speech_recognition": "bf16"})
    report = compose(store, load(store))
    assert [c.title for c in report.summary.columns] == ["Translation", "Speech recognition"]
    said = [*report.warnings, *(t for p in report.across for t in p.text)]
    assert [
        text for text in said if "recision" in text.replace("Results under other conditions (budget, precision", "")
    ] == []


def test_both_precisions_of_one_task_are_two_columns(store: Store) -> None:
    fill(store, {"translation": "fp32"})
    finish(store, plan_of("translation", "lstm", 0, precision="bf16"), skill=0.9)
    data = load(store)
    report = compose(store, data)
    assert [c.title for c in report.summary.columns] == ["Translation (fp32)", "Translation (bf16)"]
    assert [r.cells[1].text for r in report.summary.rows if r.header.text == "rnn"] == ["n/a"]
    assert "Runs of Translation differ in precision" in " ".join(report.warnings)
    assert overview.precisions(data) == {"bf16": ["Translation"], "fp32": ["Translation"]}


def test_a_run_that_did_not_record_its_precision_says_so_beside_one_that_did(store: Store) -> None:
    fill(store, {"translation": "fp32"})
    finish(store, plan_of("translation", "lstm", 0, precision=None), skill=0.9)
    titles = [c.title for c in compose(store, load(store)).summary.columns]
    assert titles == ["Translation (fp32)", "Translation (precision not recorded)"]


def test_the_pages_of_one_store_and_of_several_carry_the_mark(tmp_path: Path) -> None:
    files = {precision: tmp_path / f"{precision}.db" for precision in ("fp32", "bf16")}
    for task, precision in (("translation", "fp32"), ("speech_recognition", "bf16")):
        with Store.open(f"sqlite:///{files[precision]}") as store:
            fill(store, {task: precision})
    with joined([str(file) for file in files.values()]) as both:
        data = load(both.store, stores=both.phrases, store_id=both.store_id)
        build(both.store, tmp_path / "report", data=data, formats=("html", "md"))
    texts = {
        p.name: p.read_text(encoding="utf-8").replace("\\", "") for p in (tmp_path / "report").iterdir() if p.is_file()
    }
    for page, marks in {"about.html": (MARK,), "across.html": (ACROSS,), "report.md": (MARK, ACROSS)}.items():
        assert all(mark in texts[page] for mark in marks), page
    assert all("Speech recognition (bf16)" in texts[page] for page in ("index.html", "report.md"))
    runs = (tmp_path / "report" / "runs" / "index.html").read_text(encoding="utf-8")
    assert runs.count(">bf16<") == runs.count(">fp32<") == 4


def test_the_table_of_a_sweep_names_the_precision_as_soon_as_two_models_differ_in_it() -> None:
    def view(model: str, precision: str | None) -> Any:
        config = {"model": {"width": 8}} | ({} if precision is None else {"trainer": {"precision": precision}})
        kind = "model" if precision else "baseline"
        return SimpleNamespace(task="t", model=model, kind=kind, config=config)

    views = [view("lstm", "bf16"), view("rnn", "fp32"), view("baseline:copy", None)]
    assert [_row_label(v, views) for v in views] == [
        "lstm (trainer.precision=bf16)", "rnn (trainer.precision=fp32)", "baseline: copy",
    ]  # fmt: skip
    alike = [view("lstm", "bf16"), view("rnn", "bf16"), view("baseline:copy", None)]
    assert [_row_label(v, alike) for v in alike] == ["lstm", "rnn", "baseline: copy"]
