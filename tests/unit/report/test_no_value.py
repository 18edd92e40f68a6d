"""A finished run whose primary metric is not a number is said to have no value, and neither vanishes nor wins."""

from __future__ import annotations

import math

import pytest

from harness.report import overview, results, run_lists, task_tables
from harness.report.load import load
from harness.report.standing import judge
from harness.store import Store


@pytest.fixture
def data(store: Store, made_up):
    """lstm would be the best by its surviving seed; bilstm has no value at all."""
    for seed, (lstm, rnn) in enumerate([(90.0, 10.0), (math.nan, 20.0), (95.0, 30.0)]):
        made_up.done(store, made_up.plan("translation", "lstm", seed), value=lstm)
        made_up.done(store, made_up.plan("translation", "rnn", seed), value=rnn)
    made_up.done(store, made_up.plan("translation", "bilstm"), value=math.nan)
    return load(store)


def test_it_has_no_mean_and_no_rank_and_is_not_best(data):
    (comparison,) = data.comparisons
    judgement = judge(None, comparison)
    assert judgement.ranking.leaders == ("rnn",)
    assert results.ranks(comparison) == {"rnn": "rank 1 of 1"}
    assert judgement.standings == {"lstm": "unstable", "rnn": "best", "bilstm": "unstable"}
    cells = {row.header.text: row.cells[0] for row in results.matrix(data, ["translation"], [["rnn"]]).rows}
    assert (cells["lstm"].text, cells["lstm"].note) == ("no value", "3 seeds, 1 without a value")
    assert cells["bilstm"].text == "no value"


def test_the_report_begins_by_saying_so(data):
    (said,) = [text for text in overview.warnings(data) if "no finite number" in text]
    assert said.startswith("2 finished runs have a primary metric that is no finite number (lstm on Translation, ")


def test_lists_of_runs_and_seeds_say_so(data):
    table = run_lists.all_runs(data, {})
    assert table is not None
    assert [row.cells[3].text for row in table.rows].count("no value") == 2
    spread = task_tables.spread_table(data.comparisons[0], "spread")
    assert spread is not None
    (lstm,) = [row for row in spread.rows if row.header.text == "lstm"]
    assert [cell.text for cell in lstm.cells[:4]] == ["–"] * 4
    assert "1: no value" in lstm.cells[4].text
