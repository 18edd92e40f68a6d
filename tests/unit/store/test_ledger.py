"""The ledger: which state a run is in, who may change it, and what stays."""

from __future__ import annotations

import dataclasses
import math
import os
import subprocess
import sys

import pytest

from harness.errors import StoreError, UnknownNameError, UserError
from harness.store import AlreadyFinished, AlreadyRunning, LedgerError, Store, TakenOver, owner, query
from harness.store.records import EnvironmentRecord, MetricRow, RunSummary


def row(name: str, step: int, value: float) -> MetricRow:
    return MetricRow(name, step, value, epoch=step / 10, examples=step * 4, seconds=step * 0.5)


def test_a_run_goes_from_planned_to_finished(store, make_plan, environment, summary, outputs):
    plan = make_plan()
    assert store.status(plan.key) is None
    store.plan(plan)
    store.plan(plan)
    assert store.status(plan.key) == "planned"
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    assert store.status(plan.key) == "running"
    assert not store.finished(plan.key)
    store.finish(run_id, summary, *outputs)
    assert store.finished(plan.key)
    assert store.finished(plan.key, environment.hash)
    assert not store.finished(plan.key, "f" * 64)
    view = query.run(store, plan.key[:10])
    assert view.summary == summary
    assert view.observed == {"load": 0.5}
    assert query.predictions(store, run_id) == outputs[0]
    assert query.prediction_ids(store, run_id) == [f"ex-{i}" for i in range(5)]
    assert query.samples(store, run_id) == outputs[1]
    assert query.environments(store)[environment.hash].fingerprint == environment.fingerprint


def test_planning_a_finished_run_changes_nothing_but_the_sweep(store, make_plan, environment, summary):
    plan = make_plan()
    store.finish(store.start(plan, environment, owner_pid=os.getpid()), summary, [], [])
    store.plan(dataclasses.replace(plan, sweep="second"))
    assert store.status(plan.key) == "finished"
    assert [v.sweep for v in query.runs(store, sweep="second")] == ["second"]
    assert query.run(store, plan.key).sweeps == ("quick", "second")
    assert [(s.name, s.cells, s.states) for s in query.sweeps(store)] == [
        ("quick", 1, {"finished": 1}),
        ("second", 1, {"finished": 1}),
    ]


def test_an_incompatible_cell_keeps_its_reason_and_may_become_compatible(store, make_plan):
    plan = make_plan("bilstm")
    store.record_incompatible(plan, "not causal")
    store.record_incompatible(plan, "reads future positions")
    view = query.run(store, plan.key)
    assert (view.status, view.reason, view.environment) == ("incompatible", "reads future positions", None)
    store.plan(plan)
    assert query.run(store, plan.key).reason is None
    assert store.status(plan.key) == "planned"


def test_a_living_owner_keeps_its_run(store, make_plan, environment):
    store.start(make_plan(), environment, owner_pid=os.getpid())
    with pytest.raises(AlreadyRunning, match=rf"lstm, seed 0.*process {os.getpid()}"):
        store.start(make_plan(), environment, owner_pid=os.getpid())


def test_a_dead_owner_leaves_an_interrupted_run(store, make_plan, environment):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    plan = make_plan()
    run_id = store.start(plan, environment, owner_pid=child.pid)
    store.log_metrics(run_id, [row("val/loss", 1, 3.0)])
    assert store.status(plan.key) == "running"
    child.kill()
    child.wait()
    assert store.status(plan.key) == "interrupted"
    assert [v.status for v in query.runs(store, status="interrupted")] == ["interrupted"]
    assert store.start(plan, environment, owner_pid=os.getpid()) == run_id
    view = query.run(store, plan.key)
    assert view.attempts == 2
    assert [h["status"] for h in view.history] == ["interrupted"]
    assert len(query.metrics(store, run_id)) == 1


def test_a_process_with_a_used_number_is_not_the_owner():
    me = owner.owner_of(os.getpid())
    assert owner.is_alive(me, None)
    assert not owner.is_alive(dataclasses.replace(me, started=me.started - 100), None)


def test_an_owner_elsewhere_is_judged_by_its_heartbeat(monkeypatch):
    away = dataclasses.replace(owner.owner_of(os.getpid()), place="another machine")
    monkeypatch.setattr(owner.time, "time", lambda: 1000.0)
    assert owner.is_alive(away, 1000.0 - owner.STALE_AFTER_S + 1)
    assert not owner.is_alive(away, 1000.0 - owner.STALE_AFTER_S - 1)
    assert not owner.is_alive(away, None)


def test_a_failed_run_keeps_its_error_until_it_is_started_again(store, make_plan, environment, summary):
    plan = make_plan()
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    store.fail(run_id, "ValueError: loss is NaN", "Traceback ...", "step 3")
    view = query.run(store, plan.key)
    assert (view.status, view.reason, view.traceback, view.log_tail) == (
        "failed", "ValueError: loss is NaN", "Traceback ...", "step 3",
    )  # fmt: skip
    assert store.start(plan, environment, owner_pid=os.getpid()) == run_id
    store.finish(run_id, summary, [], [])
    view = query.run(store, plan.key)
    assert view.reason is None
    assert view.history[0]["reason"] == "ValueError: loss is NaN"


def test_interrupt_leaves_a_finished_run_alone(store, make_plan, environment, summary):
    plan = make_plan()
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    store.interrupt(run_id)
    assert store.status(plan.key) == "interrupted"
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    store.finish(run_id, summary, [], [])
    store.interrupt(run_id)
    assert store.status(plan.key) == "finished"


def test_another_environment_gets_a_row_of_its_own_once_finished(store, make_plan, environment, summary):
    plan, other = make_plan(), EnvironmentRecord("f" * 64, {"processor": "another"})
    first = store.start(plan, environment, owner_pid=os.getpid())
    store.finish(first, summary, [], [])
    assert store.status(plan.key, other.hash) is None
    second = store.start(plan, other, owner_pid=os.getpid())
    assert second != first
    assert store.status(plan.key) == "finished"
    assert store.status(plan.key, other.hash) == "running"
    assert {v.environment for v in query.runs(store)} == {environment.hash, other.hash}
    assert query.run(store, plan.key).environment == environment.hash
    assert store.run_id(plan.key, other.hash) == second


def test_a_finished_run_is_not_started_by_accident(store, make_plan, environment, summary, outputs):
    plan = make_plan()
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    store.log_metrics(run_id, [row("val/loss", 1, 3.0)])
    store.finish(run_id, summary, *outputs)
    with pytest.raises(AlreadyFinished):
        store.start(plan, environment, owner_pid=os.getpid())
    assert store.start(plan, environment, owner_pid=os.getpid(), again=True) == run_id
    assert query.metrics(store, run_id) == []
    assert query.predictions(store, run_id) == []


def test_metrics_of_one_step_are_replaced_and_later_steps_forgotten(store, make_plan, environment):
    run_id = store.start(make_plan(), environment, owner_pid=os.getpid())
    store.log_metrics(run_id, [row("val/loss", s, 5.0 - s) for s in (1, 2, 3)])
    store.log_metrics(run_id, [row("val/loss", 2, 9.0), row("val/bleu", 2, math.nan)])
    store.log_metrics(run_id, [])
    assert query.metrics(store, run_id, ["val/loss"]) == [
        row("val/loss", s, v) for s, v in ((1, 4.0), (2, 9.0), (3, 2.0))
    ]
    assert math.isnan(query.metrics(store, run_id, ["val/bleu"])[0].value)
    store.delete_metrics_after(run_id, 1)
    assert [m.step for m in query.metrics(store, run_id)] == [1]


def test_finish_is_all_or_nothing(store, make_plan, environment, summary, outputs):
    plan = make_plan()
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    broken = dataclasses.replace(outputs[1][0], output=None)  # the column refuses NULL
    with pytest.raises(Exception, match=r"NOT NULL|not-null"):
        store.finish(run_id, summary, outputs[0], [broken])
    assert store.status(plan.key) == "running"
    assert query.predictions(store, run_id) == []


def test_numbers_that_are_none_survive(store, make_plan, environment):
    plan = make_plan()
    run_id = store.start(plan, environment, owner_pid=os.getpid())
    values = {"test/bleu": math.nan, "val/loss": math.inf}
    store.finish(run_id, RunSummary(values, math.nan, 1, 1, {}, 1.0, 1.0), [], [])
    view = query.run(store, plan.key)
    assert view.primary_value is None
    assert math.isnan(view.summary.metrics["test/bleu"])
    assert math.isinf(view.summary.metrics["val/loss"])


def test_a_call_for_a_run_in_the_wrong_state_says_so(store, make_plan, environment, summary):
    with pytest.raises(LedgerError, match="no run number 77"):
        store.heartbeat(77)
    run_id = store.start(make_plan(), environment, owner_pid=os.getpid())
    store.fail(run_id, "stopped", "", "")
    with pytest.raises(LedgerError, match="is failed, not running"):
        store.finish(run_id, summary, [], [])


def test_a_machine_that_was_thought_dead_writes_nothing_more(
    store, make_plan, environment, summary, outputs, monkeypatch
):
    """Two machines, one store: the first was silent for too long, the second took its run over."""
    plan = make_plan()
    with monkeypatch.context() as first:
        first.setattr("harness.store.owner.this_place", lambda: "the first machine")
        first.setattr("harness.store.ledger.this_place", lambda: "the first machine")
        first.setattr("harness.store.owner.time.time", lambda: 1000.0)
        run_id = store.start(plan, environment, owner_pid=os.getpid())
        store.log_metrics(run_id, [row("val/loss", 1, 3.0)])
    assert store.start(plan, environment, owner_pid=os.getpid()) == run_id
    store.log_metrics(run_id, [row("val/loss", 1, 5.0)])

    def first_machine_goes_on(what: str) -> None:
        with monkeypatch.context() as first:
            for module in ("owner", "ledger", "writer"):
                first.setattr(f"harness.store.{module}.this_place", lambda: "the first machine")
            store.interrupt(run_id)
            for act in (
                lambda: store.heartbeat(run_id),
                lambda: store.log_metrics(run_id, [row("val/loss", 1, 9.0)]),
                lambda: store.finish(run_id, summary, [], []),
            ):
                with pytest.raises(LedgerError, match=what):
                    act()

    first_machine_goes_on("taken over by another machine")
    with monkeypatch.context() as first:
        first.setattr("harness.store.ledger.this_place", lambda: "the first machine")
        with pytest.raises(TakenOver):
            store.fail(run_id, "lost", "", "")
    assert store.status(plan.key) == "running"
    store.finish(run_id, summary, *outputs)
    first_machine_goes_on("is finished, not running")
    store.fail(run_id, "lost", "", "")
    assert store.status(plan.key) == "finished"
    assert [m.value for m in query.metrics(store, run_id)] == [5.0]


def test_a_sweep_keeps_the_order_of_its_cells_and_can_be_replaced(store, make_plan):
    plans = [make_plan(n) for n in ("c", "a", "b")]
    for plan in plans:
        store.plan(plan)
    assert [v.model for v in query.runs(store, sweep="quick")] == ["c", "a", "b"]
    store.set_sweep("quick", [plans[2].key, plans[0].key])
    assert [v.model for v in query.runs(store, sweep="quick")] == ["b", "c"]
    assert len(query.runs(store)) == 3


def test_what_does_not_exist_is_answered_with_what_does(store, make_plan):
    store.plan(make_plan())
    store.plan(make_plan(seed=1))
    with pytest.raises(UnknownNameError, match=r"no sweep named 'quik'.*'quick'"):
        query.runs(store, sweep="quik")
    with pytest.raises(UnknownNameError, match="no run named 'zz'"):
        query.run(store, "zz")
    with pytest.raises(UnknownNameError, match="finished"):
        query.runs(store, status="finishd")


def test_a_prefix_of_several_keys_is_answered_with_them(store, make_plan):
    for seed in (0, 1):
        store.plan(make_plan(seed=seed, key="ab" + str(seed) * 62))
    with pytest.raises(UserError, match=r"'ab' is a prefix of the keys of 2 runs.*seed 1"):
        query.run(store, "ab")
    assert query.run(store, "AB1").seed == 1


def test_a_store_is_usable_in_a_forked_child(store: Store, make_plan):
    store.plan(make_plan())
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            store.plan(make_plan(seed=5))
            os.write(writing, b"ok")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 2) == b"ok"
    os.close(reading)
    os.close(writing)
    assert len(query.runs(store)) == 2


def test_writing_to_a_closed_folder_is_one_message(store: Store, make_plan, monkeypatch):
    monkeypatch.setattr(store, "read_only", True)
    with pytest.raises(StoreError, match="cannot be written"):
        store.plan(make_plan())
