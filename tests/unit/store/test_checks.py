"""What is on record about plug-ins, and what it says of a run: passed, failed, by another source, never run."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from harness.errors import StoreError
from harness.store import Store, checks, merge, query
from harness.store.checks import FAILED, NEVER, OTHER_SOURCE, PASSED, CheckRecord, in_words, status
from harness.store.export import export

NOW, OLD = "a" * 64, "b" * 64
LSTM = CheckRecord("model", "lstm", NOW, clauses=21, contract=2, distribution="dist 1.0", checked_at=50.0)


def _with(**changes: Any) -> CheckRecord:
    return dataclasses.replace(LSTM, **changes)


FAILS_WHEN_DEEP = [LSTM, _with(scope="model.layers=2", options={"layers": 2}, failed=["tiny"])]
DEEP = _with(scope="model.layers=2", options={"layers": 2})


@pytest.mark.parametrize(
    ("records", "options", "state", "text"),
    [
        ([], None, NEVER, "never run"),
        ([_with(name="rnn")], None, NEVER, "never run"),
        ([LSTM], None, PASSED, "passed"),
        ([_with(failed=["causality", "context"])], None, FAILED, "failed: causality, context"),
        ([_with(digest=OLD)], None, OTHER_SOURCE, "passed by an older source"),
        ([_with(digest=OLD, failed=["tiny"])], None, OTHER_SOURCE, "failed by an older source: tiny"),
        ([_with(digest=OLD, failed=["tiny"]), LSTM], None, PASSED, "passed"),
        # Options: a list knows of all of them, a run only of its own.
        ([DEEP], None, NEVER, "passed only with model.layers=2"),
        (FAILS_WHEN_DEEP, None, FAILED, "failed: tiny (with model.layers=2)"),
        (FAILS_WHEN_DEEP, {"layers": 1}, PASSED, "passed"),
        (FAILS_WHEN_DEEP, {"layers": 2}, FAILED, "failed: tiny (with model.layers=2)"),
        ([DEEP], {"layers": 2, "dropout": 0.1}, PASSED, "passed"),
        ([DEEP], {"layers": 1}, NEVER, "never run"),
        # Real data can show a fault, but is no kind of task.
        ([_with(scope="task=speech --data")], None, NEVER, "passed only with task=speech --data"),
        ([LSTM, _with(scope="task=speech --data", failed=["shapes"])], {}, FAILED,
         "failed: shapes (with task=speech --data)"),
    ],
)  # fmt: skip
def test_the_status_of_a_source(records: list[CheckRecord], options: dict | None, state: str, text: str) -> None:
    found = status(records, "model", "lstm", NOW, options=options)
    assert (found.state, found.text) == (state, text)


def test_a_source_checked_after_a_run_was_planned_is_a_newer_one() -> None:
    later = _with(digest=OLD)
    assert status([later], "model", "lstm", NOW, when=40.0).text == "passed by a newer source"
    assert status([later], "model", "lstm", NOW, when=60.0).text == "passed by an older source"


def test_a_run_is_looked_up_by_the_digests_of_its_plugins(store, make_plan, environment) -> None:
    plan = make_plan("lstm")
    identity = {"plugin_digests": {"task": "t", "dataset": "d", "target": "g", "model": NOW}, "target": "class"}
    config = {"task": {"name": "speech", "dataset": "digits"}, "model": {"name": "lstm", "layers": 1}}
    store.start(dataclasses.replace(plan, identity=identity, config=config), environment, owner_pid=1)
    checks.record(store, LSTM)
    checks.record(store, _with(kind="dataset", name="speech.digits", digest="d", failed=["copies"]))
    checks.record(store, _with(kind="task", name="speech", digest="older", checked_at=1.0))
    (view,) = query.runs(store)
    assert view.contracts == query.run(store, plan.key).contracts
    assert {c.kind: (c.name, c.text) for c in view.contracts} == {
        "task": ("speech", "passed by an older source"),
        "dataset": ("speech.digits", "failed: copies"),
        "target": ("class", "never run"),
        "model": ("lstm", "passed"),
    }
    assert in_words(view.contracts).endswith("target class: never run; model lstm: passed")


def test_a_run_without_digests_says_nothing(store, make_plan, environment) -> None:
    store.start(make_plan("lstm"), environment, owner_pid=1)
    (view,) = query.runs(store)
    assert view.contracts == ()


def test_a_second_check_of_a_source_replaces_the_first(store) -> None:
    checks.record(store, LSTM)
    checks.record(store, _with(failed=["tiny"], checked_at=60.0))
    checks.record(store, DEEP)
    assert [(c.scope, c.failed) for c in checks.checks(store)] == [("model.layers=2", []), ("", ["tiny"])]


def test_checks_are_merged_and_exported(store, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    with Store.open(url) as other:
        checks.record(other, _with(failed=["tiny"], checked_at=60.0))
        checks.record(other, DEEP)
    checks.record(store, LSTM)
    found = merge.merge(store, url)
    assert found.checks == 2
    assert "2 checks of plug-ins" in " ".join(merge.describe(found, dry_run=False))
    assert [c.failed for c in checks.checks(store) if not c.scope] == [["tiny"]]
    assert merge.merge(store, url).checks == 0
    files = export(store, tmp_path / "out")
    text = next(path for path in files if path.name == "checks.csv").read_text()
    assert '"model","lstm"' in text
    assert '"model.layers=2"' in text


def test_a_store_that_can_only_be_read_keeps_nothing(store, tmp_path: Path) -> None:
    with Store.open(store.address, read_only=True) as shut, pytest.raises(StoreError, match="cannot be written"):
        checks.record(shut, LSTM)
