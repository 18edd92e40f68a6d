"""Two stores merged: runs of both, environments apart, finished before unfinished, all or nothing, twice as once."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from harness.errors import StoreError
from harness.store import Store, merge, query, schema
from harness.store.merge import describe
from harness.store.records import EnvironmentRecord, MetricRow

HERE = Path(__file__).parent
AWAY = EnvironmentRecord("f" * 64, {"processor": "of the other machine"}, {"load": 2.0})


@pytest.fixture
def other_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'elsewhere' / 'store.db'}"


@pytest.fixture
def other(other_url: str):
    with Store.open(other_url) as opened:
        yield opened


@pytest.fixture
def run_in(make_plan, summary, outputs):
    """Enters a finished run into a store."""

    def enter(store: Store, environment: EnvironmentRecord, name: str = "lstm", value: float = 21.5, **more) -> int:
        run_id = store.start(make_plan(name, **more), environment, owner_pid=os.getpid())
        store.log_metrics(run_id, [MetricRow("val/loss", s, 1.0 / s, s / 10, s, s / 2) for s in (1, 2, 3)])
        store.finish(run_id, dataclasses.replace(summary, primary_value=value), *outputs)
        return run_id

    return enter


def everything(store: Store) -> dict[str, list[str]]:
    with store.reading() as connection:
        return {
            table.name: [repr(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in schema.metadata.sorted_tables
        }


def test_runs_of_both_stand_side_by_side_with_all_that_they_left(
    store, other, other_url, environment, run_in, make_plan, summary, outputs
):
    run_in(store, environment, "rnn")
    run_in(store, environment)
    run_in(other, AWAY)
    run_in(other, AWAY, "bilstm", sweep="theirs")
    found = merge.merge(store, other_url)
    assert (found.new, found.replaced, found.present, found.refused) == (2, 0, 0, [])
    assert (found.metrics, found.environments, found.cells) == (6, 1, 1)
    views = query.runs(store)
    assert [(v.model, v.environment) for v in views] == [
        ("rnn", environment.hash), ("lstm", environment.hash), ("lstm", AWAY.hash), ("bilstm", AWAY.hash),
    ]  # fmt: skip
    came = views[-1]
    assert came.summary == summary
    assert came.observed == {"load": 2.0}
    assert query.environments(store)[AWAY.hash].fingerprint == AWAY.fingerprint
    assert [m.step for m in query.metrics(store, came.id)] == [1, 2, 3]
    assert query.predictions(store, came.id) == outputs[0]
    assert query.samples(store, came.id) == outputs[1]
    assert [(s.name, s.cells) for s in query.sweeps(store)] == [("quick", 2), ("theirs", 1)]
    # A run that ran in both environments is finished in each of them.
    assert store.finished(make_plan().key, environment.hash)
    assert store.finished(make_plan().key, AWAY.hash)
    assert "2 runs were added" in describe(found, dry_run=False)[0]


def test_merging_again_brings_nothing(store, other, other_url, environment, run_in, make_plan):
    run_in(store, environment)
    run_in(other, AWAY)
    other.plan(make_plan("rnn"))
    other.record_incompatible(make_plan("bilstm"), "not causal")
    merge.merge(store, other_url)
    before = everything(store)
    again = merge.merge(store, other_url)
    assert (again.new, again.replaced, again.present, again.refused) == (0, 0, 3, [])
    assert (again.metrics, again.environments, again.cells) == (0, 0, 0)
    assert everything(store) == before


def test_a_dry_run_says_the_same_and_changes_nothing(store, other, other_url, environment, run_in):
    run_in(store, environment)
    run_in(other, AWAY)
    before = everything(store)
    found = merge.merge(store, other_url, dry_run=True)
    assert everything(store) == before
    assert dataclasses.asdict(found) == dataclasses.asdict(merge.merge(store, other_url))
    assert "1 runs would be added" in describe(found, dry_run=True)[0]


def test_finished_wins_over_unfinished_whichever_side_it_is_on(store, other, other_url, environment, run_in, make_plan):
    run_id = store.start(make_plan("rnn"), environment, owner_pid=os.getpid())
    store.log_metrics(run_id, [MetricRow("val/loss", 99, 9.0, 0.0, 0, 0.0)])
    store.fail(run_id, "ValueError: NaN", "", "")
    run_in(store, environment, "lstm", value=1.0)
    run_in(other, environment, "rnn", value=2.0)
    other.fail(other.start(make_plan("lstm"), environment, owner_pid=os.getpid()), "OSError: full", "", "")
    found = merge.merge(store, other_url)
    assert (found.new, found.replaced, found.present, found.refused) == (0, 1, 1, [])
    assert {v.model: (v.status, v.primary_value, v.reason) for v in query.runs(store)} == {
        "rnn": ("finished", 2.0, None), "lstm": ("finished", 1.0, None),
    }  # fmt: skip
    assert [m.step for m in query.metrics(store, run_id)] == [1, 2, 3]


def test_of_two_finished_runs_ours_stays_and_theirs_is_reported(store, other, other_url, environment, run_in):
    run_in(store, environment, value=1.0)
    run_in(other, environment, value=2.0)
    found = merge.merge(store, other_url)
    assert (found.new, found.replaced, found.present) == (0, 0, 0)
    assert "finished in both" in found.refused[0][1]
    assert query.runs(store)[0].primary_value == 1.0


def test_a_plan_of_ours_is_what_the_other_machine_has_run(store, other, other_url, run_in, make_plan):
    store.plan(make_plan())
    run_in(other, AWAY)
    assert merge.merge(store, other_url).replaced == 1
    assert [(v.status, v.environment) for v in query.runs(store)] == [("finished", AWAY.hash)]


def test_what_runs_there_comes_as_interrupted(store, other, other_url, make_plan):
    other.start(make_plan(), AWAY, owner_pid=os.getpid())
    merge.merge(store, other_url)
    assert [v.status for v in query.runs(store)] == ["interrupted"]
    assert [v.status for v in query.runs(other)] == ["running"]
    store.start(make_plan(), AWAY, owner_pid=os.getpid())


def test_what_runs_here_is_left_in_peace(store, other, other_url, environment, run_in, make_plan):
    store.start(make_plan(), environment, owner_pid=os.getpid())
    run_in(other, environment)
    found = merge.merge(store, other_url)
    assert "running here" in found.refused[0][1]
    assert [v.status for v in query.runs(store)] == ["running"]


def test_cells_of_a_sweep_in_both_are_joined_in_order(store, other, other_url, make_plan):
    for name in ("a", "b"):
        store.plan(make_plan(name))
    for name in ("b", "d", "c"):
        other.plan(make_plan(name))
    merge.merge(store, other_url)
    assert [v.model for v in query.runs(store, sweep="quick")] == ["a", "b", "d", "c"]


def test_the_source_is_only_read(store, other, other_url, run_in, tmp_path):
    run_in(other, AWAY)
    other.close()
    file = tmp_path / "elsewhere" / "store.db"
    before = {p: p.read_bytes() for p in file.parent.iterdir()}
    merge.merge(store, str(file))  # a file is as good as a URL
    assert {p: p.read_bytes() for p in file.parent.iterdir()} == before


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE meta SET value = '99' WHERE name = 'schema_version'", "schema version 99.*Upgrade"),
        (
            "UPDATE meta SET value = '2' WHERE name = 'schema_version'",
            "schema version 2, from before",
        ),
        ("DELETE FROM meta", "not a results store"),
        ("DROP TABLE samples", "damaged: its table 'samples' has no"),
        ("ALTER TABLE runs DROP COLUMN command", "damaged: its table 'runs' has no command"),
        ("UPDATE runs SET config = '{'", "JSON column"),
    ],
)
def test_what_cannot_be_read_brings_nothing(store, other, other_url, run_in, environment, statement, message):
    run_in(store, environment)
    run_in(other, AWAY)
    other.write(lambda c, _: c.exec_driver_sql(statement).close())
    before = everything(store)
    with pytest.raises(StoreError, match=message):
        merge.merge(store, other_url)
    assert everything(store) == before


def test_what_is_no_store_is_refused(store, tmp_path):
    (tmp_path / "noise").write_bytes(os.urandom(5000))
    (tmp_path / "empty").write_bytes(b"")
    for name, message in (("noise", "damaged|not a database"), ("empty", "it is empty"), ("none", "no results store")):
        with pytest.raises(StoreError, match=message):
            merge.merge(store, str(tmp_path / name))
    with pytest.raises(StoreError, match="names no file"):
        merge.merge(store, "sqlite://")


@pytest.mark.service
@pytest.mark.postgresql
def test_a_store_on_a_server_comes_into_a_file(postgresql_url, sqlite_url, run_in):
    with Store.open(postgresql_url) as other, Store.open(sqlite_url) as store:
        run_in(other, AWAY)
        found = merge.merge(store, postgresql_url)
        assert (found.new, found.metrics) == (1, 3)
        with pytest.raises(StoreError, match="is this results store itself"):
            merge.merge(other, postgresql_url)


def test_a_store_is_not_merged_into_itself(store, url):
    with pytest.raises(StoreError, match="is this results store itself"):
        merge.merge(store, url)


def test_hostile_rows_are_refused_or_made_harmless(store, other, other_url, run_in):
    run_in(other, AWAY, "lstm")
    run_in(other, AWAY, "rnn")
    run_in(other, AWAY, "bilstm")
    for statement in (
        "UPDATE runs SET key = '../../../etc/passwd' WHERE model = 'rnn'",
        "UPDATE runs SET status = 'done' WHERE model = 'bilstm'",
        """UPDATE runs SET artifacts = '{"model":"../../secret","config":"/etc/passwd","samples":"s.json"}'""",
    ):
        other.write(lambda c, _, text=statement: c.exec_driver_sql(text).close())
    found = merge.merge(store, other_url)
    assert [reason for _, reason in found.refused] == [
        "its key is not 64 hexadecimal digits", "its state is 'done'",
    ]  # fmt: skip
    (view,) = query.runs(store)
    assert view.summary is not None
    assert view.summary.artifacts == {"samples": "s.json"}
