"""Seeds by plan: which cells follow a look, at which level results are judged, and what stops and continues it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from made_up_results import HERE, plan_of

from harness.config.settings import RunSettings
from harness.errors import ConfigError
from harness.report.load import load
from harness.report.standing import judge
from harness.store import Store
from harness.store.merge import merge
from harness.store.query import runs
from harness.store.records import RunSummary
from harness.sweeping import ledger, planning
from harness.sweeping.looks import SeedPlan
from harness.sweeping.planning import PlannedRun
from harness.sweeping.sweep import SweepResult
from harness.sweeping.until_decided import run_until_decided

Values = Mapping[str, Mapping[str, list[float | str]]]
PLAN = SeedPlan((3, 5, 6))
TESTED_ON = "9 examples, set 12345678"
CLOSE: dict[str, list[float | str]] = {"lstm": [25.0, 26.0, 27.0], "rnn": [25.5, 26.5, 27.2]}
APART: dict[str, list[float | str]] = {"lstm": [25.0, 25.1, 25.2], "rnn": [29.0, 29.1, 29.2]}


def cells(values: Values, plan: SeedPlan, budget: str = "steps:1") -> list[PlannedRun]:
    """All cells of a plan: models and baselines by task, and a pair that cannot run."""
    found = []
    for task, models in values.items():
        for model in [*models, "bilstm"]:
            kind = "baseline" if model.startswith("baseline:") else "model"
            state = planning.INCOMPATIBLE if model == "bilstm" else planning.READY
            for seed in range(plan.looks[-1]):
                made = plan_of(task, model, seed, sweep="s", kind=kind, budget=budget)
                found.append(
                    PlannedRun(cast("RunSettings", None), made, state, baseline=model if kind == "baseline" else "")
                )
    return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path}/looks.db") as opened:
        yield opened


class Machine:
    """Runs cells: a value by task and model gives a run's score by seed, repeated; a word is how it fails."""

    def __init__(self, store: Store, values: Values) -> None:
        self.store, self.values = store, values
        self.ran: list[tuple[str, str, int]] = []
        self.said: list[str] = []
        self.stop_after = 1000

    def run(self, cells: list[PlannedRun]) -> SweepResult:
        """A stage: finished cells are left alone, as are those that failed earlier."""
        cells = ledger.with_states(cells, self.store, HERE.hash)
        ledger.record(cells, self.store)
        for cell in cells:
            if cell.state == "ready":
                self._run(cell)
        return SweepResult(cells[0].plan.sweep, cells, environment=HERE.hash)

    def _run(self, cell: PlannedRun) -> None:
        if len(self.ran) >= self.stop_after:
            raise KeyboardInterrupt
        self.ran.append((cell.plan.task, cell.plan.model, cell.plan.seed))
        values = self.values[cell.plan.task][cell.plan.model]
        value = values[cell.plan.seed % len(values)]
        row = self.store.start(cell.plan, HERE, owner_pid=os.getpid())
        if isinstance(value, str):
            self.store.fail(row, "it failed", "", "", value)
        else:
            value += cell.plan.seed / 1000
            metrics = {f"test/{cell.plan.primary['name']}": value}
            summary = RunSummary(metrics, value, 1, 1, {}, 1.0, 1.0, details={"tested_on": TESTED_ON})
            self.store.finish(row, summary, [], [])

    def sweep(self, plan: SeedPlan = PLAN, budgets: tuple[str, ...] = ("steps:1",)) -> None:
        """Run a sweep over all tasks and models of the values."""
        planned = [cell for budget in budgets for cell in cells(self.values, plan, budget)]
        run_until_decided(planned, plan, self.store, self.run, self.said.append)

    def seeds(self, task: str, model: str) -> list[int]:
        """The seeds that were run."""
        return sorted(seed for t, m, seed in self.ran if (t, m) == (task, model))


@pytest.fixture
def machine(store: Store) -> Callable[..., Machine]:
    return lambda **values: Machine(store, values)


def test_only_undecided_comparisons_get_more_seeds_and_all_of_their_models_alike(machine: Any) -> None:
    found = machine(translation=APART, action_recognition=CLOSE)
    found.sweep()
    assert found.seeds("translation", "lstm") == found.seeds("translation", "rnn") == [0, 1, 2]
    assert found.seeds("action_recognition", "lstm") == found.seeds("action_recognition", "rnn") == list(range(6))
    assert found.seeds("translation", "bilstm") == []
    assert found.said == [
        "Results are looked at after 3, 5 and 6 seeds, each time at a level of 0.017.",
        "Look 1 of 3 (3 seeds), translation: decided for rnn.",
        "Look 1 of 3 (3 seeds), action_recognition: undecided, rnn and lstm may be best; running seeds 3-4 of "
        "2 models.",
        "Look 2 of 3 (5 seeds), action_recognition: undecided, rnn and lstm may be best; running seed 5 of 2 models.",
        "Look 3 of 3 (6 seeds), action_recognition: undecided, rnn and lstm may be best; this was the last look.",
    ]


def test_the_baselines_of_a_decided_task_are_no_comparison_of_their_own(machine: Any) -> None:
    found = machine(translation={**APART, "baseline:copy": [14.0]}, action_recognition=CLOSE)
    found.sweep()
    assert [line for line in found.said if "translation" in line] == [
        "Look 1 of 3 (3 seeds), translation: decided for rnn."
    ]


def test_what_a_later_look_decides_gets_no_more(machine: Any) -> None:
    found = machine(translation={"lstm": [5.0, 6.0, 7.0, 5.0, 5.0], "rnn": [6.9, 8.1, 9.0, 9.5, 9.7]})
    found.sweep()
    assert found.seeds("translation", "rnn") == [0, 1, 2, 3, 4]
    assert found.said[-1] == "Look 2 of 3 (5 seeds), translation: decided for rnn."


def test_every_look_and_the_report_after_it_use_their_share_of_the_level(machine: Any, store: Store) -> None:
    values = {"lstm": [5.0, 6.0, 7.0], "rnn": [7.9, 9.1, 10.0]}  # p = 0.024
    once = machine(translation=values)
    once.sweep(SeedPlan((3,)))
    assert once.said[-1] == "Look 1 of 1 (3 seeds), translation: decided for rnn."
    # The same runs, which are finished, in a sweep with a plan.
    thrice = machine(translation=values)
    thrice.sweep()
    assert thrice.said[1].startswith("Look 1 of 3 (3 seeds), translation: undecided")
    assert _levels(store) == pytest.approx([0.05 / 3])


def _levels(store: Store) -> list[float]:
    return [judge(store, c).ranking.level for c in load(store).comparisons]


def test_a_plan_stays_with_the_runs_that_were_looked_at(machine: Any, store: Store, tmp_path: Path) -> None:
    found = machine(translation=APART)
    found.sweep()
    again = cells({"translation": APART}, SeedPlan((3,)))
    ledger.record(again, store)  # without a plan
    assert {run.looks for run in runs(store) if run.status == "finished"} == {3}
    with Store.open(f"sqlite:///{tmp_path}/other.db") as other:
        ledger.record(again, other)
        assert {run.looks for run in runs(other)} == {0}
        merge(other, f"sqlite:///{tmp_path}/looks.db")
        assert {run.looks for run in runs(other) if run.status == "finished"} == {3}


def test_a_failure_of_the_machine_stops_further_seeds_until_it_is_there(machine: Any) -> None:
    found = machine(translation={**CLOSE, "lstm": [5.0, "error", 7.0]}, action_recognition=CLOSE)
    found.sweep(SeedPlan((3, 4)))
    assert found.seeds("translation", "rnn") == [0, 1, 2]
    assert found.seeds("action_recognition", "rnn") == [0, 1, 2, 3]
    assert found.said[1] == (
        "Look 1 of 2 (3 seeds), translation: undecided, since results are missing: lstm lacks seed 1. No seeds are "
        "added before these are there: give the same command again and --retry failed."
    )


def test_a_model_that_diverges_is_out_and_its_rivals_go_on(machine: Any) -> None:
    found = machine(translation={"lstm": [5.0, "diverged", 7.0], "rnn": [5.5, 6.5, 7.2]})
    found.sweep()
    assert found.said[1:] == ["Look 1 of 3 (3 seeds), translation: decided for rnn."]


@pytest.mark.parametrize(
    ("baseline", "first"),
    [
        (40.0, "decided, no model beats copy"),
        (27.5, "undecided, rnn cannot be told from copy"),
    ],
)
def test_a_baseline_that_is_ahead_is_decided_once_it_is_shown(machine: Any, baseline: float, first: str) -> None:
    found = machine(translation={**CLOSE, "baseline:copy": [baseline]})
    found.sweep(SeedPlan((3, 4)))
    assert found.said[1].startswith(f"Look 1 of 2 (3 seeds), translation: {first}")
    assert found.seeds("translation", "lstm") == [0, 1, 2] if baseline > 30 else [0, 1, 2, 3]
    assert found.seeds("translation", "baseline:copy") == [0, 1, 2]


def test_conditions_are_judged_apart(machine: Any) -> None:
    found = machine(translation=CLOSE)
    found.sweep(SeedPlan((3,)), ("steps:1", "steps:2"))
    assert [line.partition(": ")[0] for line in found.said[1:]] == [
        "Look 1 of 1 (3 seeds), translation (budget=steps:1)",
        "Look 1 of 1 (3 seeds), translation (budget=steps:2)",
    ]


def test_a_sweep_that_was_stopped_goes_on_where_it_was(machine: Any, store: Store) -> None:
    found = machine(translation=APART, action_recognition=CLOSE)
    found.stop_after = 14  # in the second stage
    with pytest.raises(KeyboardInterrupt):
        found.sweep()
    said = list(found.said)
    after = Machine(store, found.values)
    after.sweep()
    assert after.said[: len(said)] == said
    assert sorted([*found.ran, *after.ran]) == sorted(set(found.ran) | set(after.ran))
    assert len(found.ran) == 14
    whole = Machine(store, found.values)
    whole.sweep()
    assert (whole.ran, whole.said) == ([], after.said)


def test_the_plan_counts_what_may_follow() -> None:
    plan = SeedPlan((3, 10))
    planned = cells({"translation": {**CLOSE, "baseline:copy": []}, "action_recognition": CLOSE}, plan)
    first = plan.first(planned)
    assert len([run for run in first if not run.baseline]) == 2 * 3 * 3
    assert {run.looks for run in first} == {2}
    assert plan.most(planned) == 2 * 2 * 7


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not a list of numbers of seeds; write increasing whole numbers with commas"),
        ("3;5", "is not a list of numbers"),
        ("3,5.5", "is not a list of numbers"),
        ("3,3", "does not increase from one number to the next"),
        ("5,3", "does not increase"),
        ("2,5", "looks after 2 seeds, but nothing can be decided with fewer than 3"),
        ("3,100000", "ends with 100000 seeds; at most 1000"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        SeedPlan.parse(text, 3)


def test_seeds_are_given_once(harness: Any) -> None:
    assert SeedPlan.parse(" 3, 5", 3) == SeedPlan((3, 5))
    code, _, err = harness("sweep", "task=counting", "model=small", "seed=0,1", "--until-decided", "3,5")
    assert code == 2
    assert "'seed=0,1' cannot be combined with --until-decided" in err


def test_a_dry_run_shows_the_first_look_and_what_may_follow(harness: Any, site: Any, tmp_path: Path) -> None:
    site.task("counting", target="NextTokenTarget")
    site.model("small")
    code, out, _ = harness("sweep", "task=counting", "model=small", "--until-decided", "3,5", "--dry-run")
    assert code == 0
    assert out.count("ready") == 3
    assert "after 3 and 5 seeds, each time at a level of 0.025. Where" in out
    assert "at most 2 further runs, with seeds up to 4." in " ".join(out.split())
    assert not (tmp_path / "results").exists()
