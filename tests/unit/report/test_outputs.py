"""Outputs side by side: chosen by a rule, their differences marked, and nothing in them active."""

from __future__ import annotations

import os
from collections.abc import Callable

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import build, outputs
from harness.report.differences import ADDED, LONGEST, MISSING, SAME, marks
from harness.report.load import load
from harness.report.tables import Table, TableCell
from harness.store import Store
from harness.store.records import PredictionRow, RunSummary

SENTENCES = st.lists(st.sampled_from(["die", "Datei", "öffnen", "nicht", "Gerät", "a<b"]), min_size=1, max_size=12)


def said(parts: tuple[tuple[str, str], ...], *kinds: str) -> str:
    return "".join(text for kind, text in parts if kind in kinds)


@given(SENTENCES, SENTENCES)
def test_marks_hold_both_texts_and_the_edits_that_the_error_rate_counts(one: list[str], two: list[str]):
    output, reference = " ".join(one), " ".join(two)
    parts = marks(output, reference)
    edits = jiwer.process_words(reference, output)
    if not parts:
        alike = output != reference and edits.hits > 0 and " " in output + reference
        assert not alike, "texts with words in common are not marked"
        return
    assert said(parts, SAME).split() == [w for w in said(parts, SAME).split() if w in one and w in two]
    added, missing = said(parts, ADDED, SAME), said(parts, MISSING, SAME)
    assert sum(len(t.split()) for k, t in parts if k == ADDED) == edits.insertions + edits.substitutions
    assert sum(len(t.split()) for k, t in parts if k == MISSING) == edits.deletions + edits.substitutions
    assert added.split() == one
    assert missing.split() == two


@pytest.mark.parametrize(
    ("output", "reference", "expected"),
    [
        ("Batteriestad", "Batteriestand", ((SAME, "Batteriesta"), (MISSING, "n"), (SAME, "d"))),
        ("eins zwei\ndrei", "eins drei", ((SAME, "eins "), (ADDED, "zwei"), (SAME, "\n"), (SAME, "drei "))),
        ("the same", "the same", ()),
        ("nothing in common", "ganz anders", ()),
        ("close", "open", ()),
        ("", "answer", ()),
        (" ", "answer", ()),
        ("output", "", ()),
    ],
)
def test_marks(output: str, reference: str, expected: tuple[tuple[str, str], ...]):
    assert marks(output, reference) == expected


def test_long_texts_are_cut_before_they_are_compared():
    parts = marks("word " * 2000, "other word " * 1000)
    assert 0 < sum(len(text.strip()) for _, text in parts) <= 2 * LONGEST
    assert marks("a" * 10_000, "a" * 9_999 + "b") == ()


@pytest.fixture
def answered(store: Store, made_up) -> Callable[..., None]:
    """Enter a finished run of a model with these (right answer, output) pairs."""

    def enter(pairs: list[tuple[str, str]], model: str = "lstm", task: str = "translation", **charts: object) -> None:
        plan = made_up.plan(task, model)
        run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
        rows = [PredictionRow(f"e{i}", "", answer, output, {}) for i, (answer, output) in enumerate(pairs)]
        summary = RunSummary({f"test/{plan.primary['name']}": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0, charts=charts)
        store.finish(run_id, summary, rows, [])

    return enter


def tables_of(store: Store) -> list[Table]:
    return outputs.example_tables(store, load(store).comparisons[0], "outputs")


def cells_of(tables: list[Table]) -> list[TableCell]:
    return [row.cells[-1] for table in tables for row in table.rows if row.header.text == "lstm"]


def test_outputs_are_marked_against_the_right_answer(store: Store, answered):
    answered([("open the file that was closed before", "open a file that was closed before")] * 2)
    first, second = cells_of(tables_of(store))
    assert first == second
    assert first.text == "open a file that was closed before"
    assert [kind for kind, _ in first.marks if kind != SAME] == [MISSING, ADDED]
    assert said(first.marks, MISSING, ADDED) == "thea"


def test_an_output_that_is_right_is_said_to_be_right_and_has_no_marks(store: Store, answered):
    answered([("open the file that was closed before", "open the file that was closed before")])
    (cell,) = cells_of(tables_of(store))
    assert (cell.mark, cell.hidden, cell.marks) == ("right", "exactly right", ())


def test_names_of_classes_are_not_compared_word_by_word(store: Store, answered):
    matrix = {"labels": ["pick up", "put up"], "matrix": [[1, 1], [1, 1]]}
    answered([("pick up", "put up")], task="action_recognition", parts="class", confusion=matrix)
    (table,) = tables_of(store)
    assert [cell.marks for cell in table.rows[0].cells] == [(), ()]


def test_figures_are_not_compared_word_by_word(store: Store, answered):
    answered([("12.3, 12.9, 13.4 °C", "12.3, 12.8, 13.4 °C")], parts="horizon")
    (table,) = tables_of(store)
    assert [cell.text for cell in table.rows[0].cells] == ["12.3, 12.9, 13.4 °C", "12.3, 12.8, 13.4 °C"]
    assert [cell.marks for cell in table.rows[0].cells] == [(), ()]


def test_tables_as_files_hold_the_plain_output(store: Store, answered):
    answered([("open the file that was closed before", "open a file that was closed before")])
    (table,) = tables_of(store)
    assert "open a file that was closed before" in table.csv()
    assert "open a file that was closed before" in table.markdown()


def test_long_outputs_are_cut(store: Store, answered):
    answered([("word " * 2000, "other " + "word " * 2000)])
    (cell,) = cells_of(tables_of(store))
    assert len(cell.text) == LONGEST + 2
    assert cell.text.endswith(" …")
    assert cell.marks[-1] == (SAME, "…")


def test_on_the_page_marks_are_lines_and_hidden_words_and_what_is_in_them_is_escaped(store: Store, answered, tmp_path):
    answered([("open the file <b>now</b> or wait for it", "open the file <script>alert(1)</script> or wait")])
    build(store, tmp_path / "report")
    pages = "".join(p.read_text(encoding="utf-8") for p in sorted((tmp_path / "report").rglob("*.html")))
    assert "<script>alert" not in pages
    assert "<b>now" not in pages
    assert "<ins>" in pages
    assert (
        '<del><span class="hidden">[missing: </span>&lt;b&gt;now&lt;/b&gt;<span class="hidden">]</span></del>' in pages
    )
