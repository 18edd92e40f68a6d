"""precision=auto of a single run: what it becomes, what the record says of it, and that it stays what it became."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_run import WORDS

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.measure.environment import measure_environment
from harness.store import Store
from harness.store.query import runs
from harness.sweeping import precision_choice
from harness.sweeping.planning import PlannedRun
from harness.sweeping.single_run import plan_one
from harness.training import execute, precision
from harness.training.precision import PrecisionVerdict

MINE = (*WORDS, "trainer.device=cpu")
BF16, FP32 = PrecisionVerdict("bf16", "the curves agree"), PrecisionVerdict("fp32", "the curves differ")


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stands in for the check, on a processor that has bf16; the list of what it was asked for."""
    monkeypatch.setattr(precision, "instruction_sets", lambda: ["amx_bf16"])

    def answers(*verdicts: PrecisionVerdict | Exception) -> list[Any]:
        asked: list[Any] = []

        def check(settings: Any) -> PrecisionVerdict:
            asked.append(settings)
            verdict = verdicts[len(asked) - 1]
            if isinstance(verdict, Exception):
                raise verdict
            return verdict

        monkeypatch.setattr(precision_choice, "_checked", check)
        return asked

    return answers


def prepared(words: Sequence[str], url: str | None = None) -> PlannedRun:
    """The plan of the one run."""
    with ExitStack() as opened:
        return plan_one(words, lambda: opened.enter_context(Store.open(url)))


@pytest.mark.parametrize("word", ["precision=auto", "trainer.precision=auto"])
@pytest.mark.parametrize("verdict", [BF16, FP32], ids=["bf16", "fp32"])
def test_the_run_is_the_one_that_is_told_its_precision(checked: Any, word: str, verdict: PrecisionVerdict) -> None:
    asked = checked(verdict)
    ready, told = prepared([*MINE, word]), prepared([*MINE, f"precision={verdict.precision}"])
    assert len(asked) == 1
    assert ready.plan.key == told.plan.key
    asked_for = {"precision": "auto", "precision_reason": f"auto: {verdict.reason}"}
    same = told.settings.plain | {"asked": told.settings.plain["asked"] | asked_for}
    assert ready.settings.plain == ready.plan.config == same
    assert ready.plan.command.endswith(f" precision={verdict.precision}")
    assert "auto" not in ready.plan.command
    assert ready.before["setup"] > 0


def test_without_the_hardware_nothing_is_trained_to_know_it(monkeypatch: pytest.MonkeyPatch, checked: Any) -> None:
    asked = checked()
    monkeypatch.setattr(precision, "instruction_sets", lambda: ["avx2"])
    ready = prepared([*MINE, "precision=auto"])
    assert (ready.settings.trainer.precision, asked, ready.before) == ("fp32", [], {})
    assert ready.settings.asked.precision_reason.startswith("auto: this processor has no bf16 instructions")


def test_a_check_that_dies_leaves_fp32_and_its_last_words(checked: Any) -> None:
    checked(ChildProcessError("killed\nby signal 4"))
    settings = prepared([*MINE, "precision=auto"]).settings
    assert settings.trainer.precision == "fp32"
    assert settings.asked.precision_reason == (
        "auto: the check could not be made: ChildProcessError: killed by signal 4"
    )


def test_the_process_of_the_check_says_why_it_ended() -> None:
    settings: Any = SimpleNamespace(plain={"nothing": "that a run has"})
    with pytest.raises(ChildProcessError, match="KeyError: 'task'"):
        precision_choice._checked(settings)


def test_a_check_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = to_settings(compose([*MINE, "trainer.threads=1"]))
    monkeypatch.setattr(precision_choice, "LONGEST_S", 0.01)
    with pytest.raises(ChildProcessError, match=r"^it took more than 0\.01 s$"):
        precision_choice._checked(settings)


def test_the_record_says_what_was_chosen_and_why_and_counts_the_check_as_set_up(checked: Any, tmp_path: Path) -> None:
    checked(BF16)
    ready = prepared([*MINE, "precision=auto", "trainer.threads=1"])
    url = f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store:
        execute.execute(ready.settings, ready.plan, store=store, results=tmp_path, before={"setup": 1000.0})
        (view,) = runs(store)
    assert view.summary is not None
    assert view.summary.details["precision"] == "bf16"
    assert view.summary.details["precision_chosen"] == "auto: the curves agree"
    assert view.config["asked"]["precision_reason"] == "auto: the curves agree"
    assert view.precision == "bf16, by auto: the curves agree"
    assert view.summary.phases["setup"] > 1000
    assert view.summary.total_s > 1000 > view.summary.train_s


def enter(store: Store, how: str, *, environment: str = "", reason: str = "") -> str:
    """Enter the run in bf16 as one that was started here and ended like that; its key."""
    settings = to_settings(compose([*MINE, "precision=bf16"]))
    settings = replace(settings, asked=replace(settings.asked, precision_reason=reason))
    plan, here = run_plan(settings), measure_environment("cpu", 1)
    here = type(here)(environment or here.hash, here.fingerprint)
    run_id = store.start(plan, here, owner_pid=os.getpid())
    if how == "interrupted":
        store.interrupt(run_id)
    else:
        store.fail(run_id, "it broke", "", "")
    return plan.key


def test_an_interrupted_run_goes_on_as_what_it_became_whatever_a_check_would_say(checked: Any) -> None:
    asked = checked(FP32)
    with Store.open() as store:
        key = enter(store, "interrupted", reason="auto: the curves agreed")
    ready = prepared([*MINE, "precision=auto", "trainer.threads=1"])
    assert (ready.plan.key, asked, ready.before) == (key, [], {})
    assert ready.settings.asked.precision_reason == "auto: the curves agreed"


@pytest.mark.parametrize(
    ("how", "entered"),
    [
        pytest.param("failed", {"reason": "auto: the curves agreed"}, id="failed"),
        pytest.param("interrupted", {}, id="told-its-precision"),
        pytest.param("interrupted", {"reason": "auto: x", "environment": "e" * 64}, id="another-machine"),
    ],
)
def test_other_runs_decide_nothing(checked: Any, how: str, entered: dict[str, str]) -> None:
    asked = checked(FP32)
    with Store.open() as store:
        key = enter(store, how, **entered)
    ready = prepared([*MINE, "precision=auto", "trainer.threads=1"])
    assert len(asked) == 1
    assert ready.plan.key != key


def test_the_store_that_the_run_will_be_in_is_looked_at(checked: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/elsewhere.db"
    with Store.open(url) as store:
        key = enter(store, "interrupted", reason="auto: the curves agreed")
    checked(FP32)
    assert prepared([*MINE, "precision=auto", "trainer.threads=1"]).plan.key != key
    assert prepared([*MINE, "precision=auto", "trainer.threads=1"], url).plan.key == key
