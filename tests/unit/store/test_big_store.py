"""The made-up store that speed is measured on: as large as asked for, and like a real one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from harness.bench.big_store import make_big_store
from harness.report import build
from harness.store import Store, merge, query, schema


@pytest.fixture
def filled(url: str) -> str:
    make_big_store(url, runs=120, rows=5_003, predictions=3)
    return url


def test_it_has_the_size_that_was_asked_for(filled: str):
    with Store.open(filled, create=False) as store:
        views = query.runs(store)
        assert len(views) == 120
        assert Counter(v.status for v in views) == {
            "finished": 108, "failed": 3, "interrupted": 3, "incompatible": 3, "planned": 3,
        }  # fmt: skip
        assert {v.environment for v in views if v.summary} == {"a" * 64, "b" * 64}
        assert len({(v.task, v.model) for v in views}) == 24
        count = sa.select(sa.func.count()).select_from(schema.metrics)
        assert store.read(lambda c: c.execute(count).scalar()) == 5_003
        assert all(len(query.predictions(store, v.id)) == 3 for v in views if v.summary)
        assert sum(s.cells for s in query.sweeps(store)) == len({v.key for v in views})
        assert query.run(store, views[0].key).id in {v.id for v in views if v.key == views[0].key}


def test_every_budget_makes_comparisons_of_its_own(tmp_path: Path):
    from harness.report.load import load

    address = f"sqlite:///{tmp_path}/many.db"
    make_big_store(address, runs=240, rows=2_400, predictions=2, budgets=("epochs:3", "epochs:6"))
    with Store.open(address, create=False) as store:
        assert len(load(store).comparisons) == 16


def test_it_can_be_gone_on_with(filled: str, make_plan):
    with Store.open(filled) as store:
        store.plan(make_plan())
        assert query.runs(store)[-1].id == 121


def test_two_of_a_size_are_equal(filled: str, tmp_path: Path):
    second = f"sqlite:///{tmp_path}/second.db"
    make_big_store(second, runs=120, rows=5_003, predictions=3)
    with Store.open(second) as store:
        found = merge.merge(store, filled)
        assert (found.new, found.replaced, found.present, found.refused) == (0, 0, 120, [])


def test_a_report_can_be_made_of_it(filled: str, tmp_path: Path):
    with Store.open(filled, create=False) as store:
        page = build(store, tmp_path / "report", sweep="sweep-0").read_text(encoding="utf-8")
    assert "attention_lstm" in page
