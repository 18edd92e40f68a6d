"""A report says what is on record about the contracts of its plug-ins, beside the names of models that it concerns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_up_results import finish, plan_of

from harness.report.load import load
from harness.report.sections import compose
from harness.store import Store, checks
from harness.store.checks import CheckRecord

MODELS = ("lstm", "rnn", "bilstm", "gru")


@pytest.fixture
def store(tmp_path: Path):
    """Four models: one passed, one failed, one was never checked, one passed by an older source."""
    with Store.open(f"sqlite:///{tmp_path}/store.db") as opened:
        for model in MODELS:
            plan = plan_of("translation", model, 0)
            config = plan.config | {"model": {"name": model}, "task": {"name": "translation", "dataset": "multi30k"}}
            identity = plan.identity | {"plugin_digests": {"task": "t", "model": model * 2}, "target": "class"}
            finish(opened, replace(plan, config=config, identity=identity), skill=0.5)
        made = CheckRecord("model", "lstm", "lstmlstm", clauses=21, checked_at=1.0)
        checks.record(opened, made)
        checks.record(opened, replace(made, name="rnn", digest="rnnrnn", failed=["causality"]))
        checks.record(opened, replace(made, name="gru", digest="as it was"))
        yield opened


def test_all_four_states_are_told_apart(store: Store) -> None:
    report = compose(store, load(store))
    (block,) = report.sections[0].blocks
    assert ("contracts", "task translation: never run") in block.facts
    assert block.details is not None
    column = [c.title for c in block.details.columns].index("contract")
    assert {row.header.text: row.cells[column].text for row in block.details.rows} == {
        "lstm": "passed",
        "rnn": "failed: causality",
        "bilstm": "never run",
        "gru": "passed by an older source",
    }


def test_a_model_that_failed_or_was_never_checked_is_marked_beside_its_name(store: Store) -> None:
    report = compose(store, load(store))
    table = report.sections[0].blocks[0].table
    headers = {row.header.text: row.header for row in table.rows}
    assert "contract failed: causality" in headers["rnn"].note
    assert not any("contract" in headers[name].note for name in ("lstm", "bilstm", "gru"))
    footnotes = {name: table.footnotes[h.footnote - 1] if h.footnote else "" for name, h in headers.items()}
    assert "break a promise of their contract" in footnotes["rnn"]
    assert "rnn: failed: causality (harness check model.rnn)" in footnotes["rnn"]
    assert "was never checked: bilstm (harness check model.bilstm)" in footnotes["bilstm"]
    assert not any("contract" in footnotes[name] for name in ("lstm", "gru"))
    warnings = " ".join(report.warnings)
    assert "Models that break their contract (see the notes under the tables): Translation." in warnings
    assert "Models whose contract was never checked" in warnings
