"""One table, three forms: Markdown is well-formed whatever a text holds, CSV holds plain numbers."""

from __future__ import annotations

import csv
import io
import re

from hypothesis import given
from hypothesis import strategies as st

from harness.report.tables import Column, Table, TableCell, TableRow, escape


def table(text: str = "x") -> Table:
    made = Table("t", "A caption", "Model", [Column("bleu", "↑", has_interval=True), Column("note", numeric=False)])
    made.rows.append(TableRow(TableCell("lstm"), [TableCell("21.3 ± 0.5", 21.25, 0.5, mark="best"), TableCell(text)]))
    number = made.footnote("not causal")
    made.rows.append(
        TableRow(
            TableCell("bilstm"), [TableCell("n/a", mark="na", footnote=number), TableCell("")], "Others", "baseline"
        )
    )
    return made


def cells_of(line: str) -> list[str]:
    return re.split(r"(?<!\\)\|", line)[1:-1]


@given(st.text())
def test_markdown_rows_have_as_many_cells_as_the_header(text):
    lines = [line for line in table(text).markdown().splitlines() if line.startswith("|")]
    assert len(lines) == 4
    assert {len(cells_of(line.replace("\\\\", ""))) for line in lines} == {3}


@given(st.text())
def test_escaped_text_is_one_line_without_markup(text):
    plain = escape(text)
    assert len(plain.splitlines()) <= 1
    assert not re.search(r"(?<!\\)[|*_`<>]", plain.replace("\\\\", ""))


def test_markdown_says_why_a_cell_is_empty():
    text = table().markdown()
    assert "| bilstm" not in text
    assert "| *baseline:* bilstm | n/a [1] |  |" in text
    assert "1. not causal" in text
    assert "**21.3 ± 0.5**" in text


def test_csv_holds_numbers_intervals_and_reasons():
    rows = list(csv.reader(io.StringIO(table("a, b").csv())))
    assert rows[0] == ["Model", "kind", "bleu (↑)", "bleu 95 % half-width", "note"]
    assert rows[1] == ["lstm", "", "21.25", "0.5", "a, b"]
    assert rows[2] == ["bilstm", "baseline", "n/a: not causal", "", ""]


def test_a_footnote_is_numbered_once():
    made = table()
    assert made.footnote("not causal") == 1
    assert made.footnote("failed") == 2
