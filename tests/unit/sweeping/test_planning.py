"""Which cells have to be run, and what a sweep enters in the store before it starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.config import expand
from harness.errors import ConfigError
from harness.store import Store
from harness.store.query import runs
from harness.store.records import EnvironmentRecord, RunSummary
from harness.sweeping import ledger, planning
from harness.sweeping.jobs import jobs_for
from harness.sweeping.ledger import record, with_states
from harness.sweeping.planning import plan_cells

HERE, THERE = EnvironmentRecord("here", {}), EnvironmentRecord("there", {})
SUMMARY = RunSummary({"test/score": 1.0}, 1.0, 1, 1, {}, 1.0, 1.0)
GRID = ["task=counting", "model=small,blind"]

WITH_BASELINE = """
from dataclasses import dataclass
from typing import ClassVar
from harness import hookimpl
from harness.contract.task import Baseline
from mod_counting import Counting

@dataclass
class Based(Counting):
    name: ClassVar[str] = "based"
    def baselines(self):
        return (Baseline("zero", "always zero", lambda data, seed: []),)

@hookimpl
def harness_tasks():
    return [Based]
"""


@pytest.fixture(autouse=True)
def _plugins(site: Any) -> None:
    site.task("counting", target="NextTokenTarget")
    site.install("based", {"task.based": "mod_based"}, {"mod_based.py": WITH_BASELINE})
    site.model("small")
    site.model("blind", causal=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/planning.db") as opened:
        yield opened


def _finish(store: Store, run: planning.PlannedRun, environment: EnvironmentRecord = HERE) -> None:
    store.finish(store.start(run.plan, environment, owner_pid=1), SUMMARY, [], [])


def test_a_pair_that_does_not_fit_is_planned_with_its_reason() -> None:
    small, blind = plan_cells(expand(GRID))
    assert (small.state, blind.state) == (planning.READY, planning.INCOMPATIBLE)
    assert "must be causal; 'blind' reads future positions" in blind.reason


def test_cells_that_are_the_same_run_are_planned_once() -> None:
    assert len(plan_cells(expand(["task=counting", "model=small", "trainer.log_every=10,20"]))) == 1


def test_a_baseline_is_planned_once_for_a_task_and_seed() -> None:
    planned = plan_cells(expand(["task=based", "model=small", "model.hidden_size=4,8", "seed=0,1"]))
    assert [run.plan.kind for run in planned] == ["model"] * 4 + ["baseline"] * 2
    assert {run.plan.seed for run in planned[4:]} == {0, 1}
    assert len(plan_cells(expand(["task=based", "model=small", "baselines=false"]))) == 1


def test_finished_runs_are_left_alone_but_only_in_their_own_environment(store: Store) -> None:
    (run,) = plan_cells(expand(["task=counting", "model=small"]))
    record([run], store)
    _finish(store, run)
    assert with_states([run], store, "here")[0].state == planning.FINISHED
    (elsewhere,) = with_states([run], store, "there")
    assert elsewhere.state == planning.READY
    assert "finished, but in another environment" in elsewhere.reason
    assert with_states([run], store, None)[0].state == planning.FINISHED
    assert with_states([run], None, "here")[0].state == planning.READY


def test_failed_runs_wait_until_told_and_interrupted_ones_do_not(store: Store) -> None:
    failed, interrupted = plan_cells(expand(["task=counting", "model=small", "seed=0,1"]))
    store.fail(store.start(failed.plan, HERE, owner_pid=1), "why", "", "")
    store.interrupt(store.start(interrupted.plan, HERE, owner_pid=1))
    states = [run.state for run in with_states([failed, interrupted], store, "here")]
    assert states == [planning.FAILED, planning.READY]
    again = with_states([failed, interrupted], store, "here", retry=("failed",))
    assert [run.state for run in again] == [planning.READY, planning.READY]


def test_a_run_of_a_living_process_is_left_to_it(store: Store) -> None:
    import os

    (run,) = plan_cells(expand(["task=counting", "model=small"]))
    store.start(run.plan, HERE, owner_pid=os.getpid())
    assert with_states([run], store, "here")[0].state == planning.ELSEWHERE


def test_the_store_knows_every_cell_before_anything_runs(store: Store) -> None:
    record(plan_cells(expand(GRID)), store)
    views = {view.model: view for view in runs(store, sweep="default")}
    assert (views["small"].status, views["blind"].status) == ("planned", "incompatible")
    assert "causal" in (views["blind"].reason or "")


def test_cells_of_changed_code_replace_the_old_ones_in_the_sweep(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["task=counting", "model=small", "seed=0,1"]
    record(plan_cells(expand(words)), store)
    record(plan_cells(expand(["task=counting", "model=small", "optimizer.lr=0.5"])), store)
    assert len(runs(store, sweep="default")) == 3
    monkeypatch.setattr("harness.config.identity.engine_digest", lambda: "changed")
    after = plan_cells(expand(words))
    record(after, store)
    assert {view.key for view in runs(store, sweep="default")} >= {run.plan.key for run in after}
    assert len(runs(store, sweep="default")) == 3
    assert len(runs(store)) == 5  # the old runs are still there


def test_cells_of_an_experiment_replace_those_of_the_same_task_model_and_seed(store: Store) -> None:
    for words in (["seed=0,1"], ["budget=steps:9"]):
        planned = plan_cells(expand(["task=counting", "model=small", *words]))
        record([replace(run, of_experiment=True) for run in planned], store)
    assert sorted((v.seed, v.config["budget"]) for v in runs(store, sweep="default")) == [
        (0, "steps:9"),
        (1, "epochs:3"),
    ]


def test_data_comes_before_runs_long_runs_before_short_ones_and_baselines_last() -> None:
    planned = plan_cells(expand(["task=based", "model=small", "budget='seconds:5','seconds:50'"]))
    jobs = jobs_for(planned)
    assert [job.kind for job in jobs] == ["prepare", "run", "run", "baseline"]
    assert [job.config["budget"] for job in jobs[1:3]] == ["seconds:50", "seconds:5"]
    assert all(job.needs == (jobs[0].key,) for job in jobs[1:])


@pytest.mark.parametrize("word", ["precision=auto", "trainer.precision=fp32,auto"])
def test_the_runs_of_a_sweep_have_a_precision_that_is_known_before(word: str) -> None:
    with pytest.raises(ConfigError) as refused:
        plan_cells(expand([*GRID, word]))
    assert str(refused.value) == (
        "precision=auto is for single runs ('harness run'), and the runs of a sweep have one precision: write "
        "precision=fp32 or precision=bf16."
    )


def test_a_single_run_whose_precision_was_chosen_is_the_cell_of_a_sweep() -> None:
    (cell,) = plan_cells(expand(["task=counting", "model=small"]))
    alone = replace(cell.plan, config=cell.plan.config | {"asked": {"precision_reason": "auto: why"}})
    assert ledger._coordinates(alone, experiment=False) == ledger._coordinates(cell.plan, experiment=False)


def test_all_cells_of_a_sweep_have_the_same_number_of_threads() -> None:
    with pytest.raises(ConfigError, match=r"trainer\.threads is 1 and 2 in cells of one sweep"):
        plan_cells(expand([*GRID, "trainer.threads=null,2"]))
    assert {run.settings.trainer.threads for run in plan_cells(expand([*GRID, "trainer.threads=2"]))} == {2}
