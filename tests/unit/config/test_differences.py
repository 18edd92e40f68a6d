"""Why two runs differ: every part that makes their keys differ is named, and nothing else is blamed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.config import compose, identity, to_settings, typed
from harness.config.differences import ABSENT, Difference, differences, flat
from harness.config.identity import run_plan
from harness.store import RunView, Store, query
from harness.store.records import EnvironmentRecord, RunPlan, RunSummary

HERE = EnvironmentRecord("here", {"processor": "one", "libraries": {"torch": "2.9"}, "threads": 1})
THERE = EnvironmentRecord("there", {"processor": "two", "libraries": {"torch": "2.9"}, "cores": 4})
FINGERPRINTS = {record.hash: record.fingerprint for record in (HERE, THERE)}
SUMMARY = RunSummary({"test/score": 1.0, "val/loss": float("nan")}, 1.0, 10, 5, {}, 2.0, 1.0)


@pytest.fixture
def store(site: Any, tmp_path: Path) -> Iterator[Store]:
    site.task("counting")
    site.model("small")
    site.model("other")
    with Store.open(f"sqlite:///{tmp_path}/differences.db") as opened:
        yield opened


def _plan(*words: str) -> RunPlan:
    return run_plan(to_settings(compose(["task=counting", "model=small", *words])))


def _finished(
    store: Store, plan: RunPlan, environment: EnvironmentRecord = HERE, summary: RunSummary = SUMMARY
) -> RunView:
    store.finish(store.start(plan, environment, owner_pid=1), summary, [], [])
    (view,) = [v for v in query.runs(store) if (v.key, v.environment) == (plan.key, environment.hash)]
    return view


def _by_name(found: list[Difference]) -> dict[tuple[str, str], Difference]:
    return {(d.part, d.name): d for d in found}


@pytest.mark.parametrize(
    ("words", "deciding", "other"),
    [
        (["seed=1"], {"seed"}, set()),
        (["optimizer.lr=0.1", "model.hidden_size=5"], {"optimizer.lr", "model.hidden_size"}, set()),
        (["sweep=another", "trainer.threads=2"], set(), {"sweep", "trainer.threads", "asked.threads"}),
        (["budget=steps:3", "trainer.log_every=7"], {"budget"}, {"trainer.log_every"}),
        (["logger=tensorboard"], set(), {"logger"}),
        (["optimizer.betas=[0.9,0.99]"], {"optimizer.betas"}, set()),
        (["trainer.device=cuda", "task.size=9"], {"trainer.device", "task.size"}, {"asked.device"}),
        (["model=other"], {"model.name"}, set()),
    ],
    ids=lambda words: " ".join(sorted(words)),
)
def test_settings_are_told_apart_by_whether_the_key_is_made_of_them(
    store: Store, words: list[str], deciding: set[str], other: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typed, "device_type", lambda device: "cpu" if device == "auto" else device)
    one, two = _plan(), _plan(*words)
    views = [_finished(store, one)] if one.key == two.key else [_finished(store, plan) for plan in (one, two)]
    first, second = views[0], replace(views[-1], config=two.config)
    found = [d for d in differences(first, second) if d.part == "configuration"]
    assert {d.name for d in found if d.in_key} == deciding
    assert {d.name for d in found if not d.in_key} == other
    assert (one.key != two.key) == bool(deciding)


def test_auto_is_the_device_that_it_becomes_and_stays_on_record(store: Store) -> None:
    view = _finished(store, _plan("trainer.device=auto"))
    device = typed.device_type("auto")
    (one,) = differences(view, replace(view, config=_plan(f"trainer.device={device}").config))
    assert (one.name, one.one, one.two, one.in_key) == ("asked.device", "auto", device, False)


def test_versions_and_digests_of_plugins_engine_and_data_are_named(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _finished(store, _plan())
    monkeypatch.setattr(identity, "engine_digest", lambda: "f" * 64)
    monkeypatch.setattr(identity, "plugin_digest", lambda module: module)
    monkeypatch.setattr(identity, "RECORD_VERSION", 99)
    monkeypatch.setattr("harness.contract.task.Task.data_fingerprint", lambda self: "other data")
    found = differences(before, _finished(store, _plan()))
    assert {(d.part, d.name) for d in found} == {
        ("identity", "engine_digest"),
        ("identity", "plugin_digests.task"),
        ("identity", "plugin_digests.target"),
        ("identity", "plugin_digests.model"),
        ("identity", "data_fingerprint"),
        ("identity", "record_version"),
    }
    assert all(d.in_key for d in found)
    assert _by_name(found)["identity", "plugin_digests.model"].two == "mod_small"


def test_environment_and_outcome_do_not_make_the_key(store: Store) -> None:
    other = replace(
        SUMMARY,
        metrics={"test/score": 2.0, "val/loss": float("nan"), "val/score": 1.0},
        train_s=3.0,
        machine={"contended": True},
    )
    views = [_finished(store, _plan()), _finished(store, _plan(), THERE, other)]
    found = differences(*views, FINGERPRINTS)
    assert not any(d.in_key for d in found)
    named = _by_name(found)
    assert {name for part, name in named if part == "environment"} == {"processor", "threads", "cores"}
    assert named["environment", "threads"].two is ABSENT
    assert named["environment", "cores"].one is ABSENT
    outcome = {name for part, name in named if part == "outcome"}
    assert outcome == {"test/score", "val/score", "train_s", "machine.contended"}
    assert [d.part for d in found] == sorted((d.part for d in found), key=["environment", "outcome"].index)


def test_a_run_has_no_difference_from_itself(store: Store) -> None:
    view = _finished(store, _plan())
    assert differences(view, view, FINGERPRINTS) == []
    assert differences(view, replace(view, config=dict(reversed(view.config.items()))), FINGERPRINTS) == []


def test_a_run_that_failed_is_compared_by_its_state(store: Store) -> None:
    one, plan = _finished(store, _plan()), _plan("seed=1")
    store.fail(store.start(plan, HERE, owner_pid=1), "it broke", "", "")
    named = _by_name(differences(one, query.run(store, plan.key)))
    assert (named["outcome", "status"].one, named["outcome", "status"].two) == ("finished", "failed")
    assert named["outcome", "reason"].two == "it broke"
    assert named["outcome", "test/score"].two is ABSENT


def test_nested_settings_get_dotted_names() -> None:
    assert flat({"a": {"b": 1, "c": {}}, "d": [1, {"e": 2}]}) == {"a.b": 1, "a.c": {}, "d": [1, {"e": 2}]}
    assert flat({}) == {}
