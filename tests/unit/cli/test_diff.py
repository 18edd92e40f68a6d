"""`harness diff`: what it prints of two runs, for people and for programs, and how runs are named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.cli import listing
from harness.store import Store
from harness.store.records import EnvironmentRecord, RunPlan, RunSummary


def _plan(key: str, seed: int, **config: Any) -> RunPlan:
    values = {"task": {"name": "counting"}, "model": {"name": "small"}, "seed": seed, **config}
    identity = {"engine_digest": key * 64, "data_fingerprint": "same"}
    primary = {"name": "score", "unit": "points", "higher_is_better": True}
    return RunPlan(key * 64, "s", "counting", "data", "small", seed, values, primary=primary, identity=identity)


def _finish(store: Store, plan: RunPlan, environment: EnvironmentRecord, score: float) -> None:
    store.finish(
        store.start(plan, environment, owner_pid=1), RunSummary({"test/score": score}, score, 1, 1, {}, 1, 1), [], []
    )


@pytest.fixture(autouse=True)
def filled() -> None:
    """Two runs of one task, model and seed, one of them in two environments; and another seed."""
    here, there = EnvironmentRecord("h", {"threads": 1}), EnvironmentRecord("t", {"threads": 2})
    with Store.open() as store:
        _finish(store, _plan("a", 0, optimizer={"lr": 0.1}, sweep="one"), here, 1.0)
        _finish(store, _plan("b", 0, optimizer={"lr": 0.2}, sweep="two"), here, float("nan"))
        _finish(store, _plan("b", 0, optimizer={"lr": 0.2}, sweep="two"), there, 3.0)
        _finish(store, _plan("c", 1, optimizer={"lr": 0.1}, sweep="one"), here, 1.0)


def test_the_parts_that_make_the_keys_differ_come_first(harness: Any) -> None:
    code, out, err = harness("diff", "aaa", "bbbb")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "aaaaaaaaaaaa: counting (data) × small, seed 0: finished"
    assert lines[1].startswith("bbbbbbbbbbbb: ")
    assert out.index("What makes the keys differ") < out.index("optimizer.lr") < out.index("Other settings")
    assert out.index("Other settings") < out.index("sweep") < out.index("Outcome")
    assert f"{'a' * 13}" not in out.partition("Outcome")[0].partition("What makes")[2]  # digests are shortened


def test_programs_get_every_difference_whole(harness: Any) -> None:
    code, out, _ = harness("diff", "a", "b", "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["one"], told["two"], told["same_key"]) == ("a" * 64, "b" * 64, False)
    found = {(d["part"], d["name"]): d for d in told["differences"]}
    assert found["configuration", "optimizer.lr"] == {
        "part": "configuration", "name": "optimizer.lr", "one": 0.1, "two": 0.2, "in_key": True,
    }  # fmt: skip
    assert not found["configuration", "sweep"]["in_key"]
    assert found["identity", "engine_digest"]["one"] == "a" * 64
    assert ("identity", "data_fingerprint") not in found


def test_one_key_twice_compares_its_environments(harness: Any) -> None:
    code, out, _ = harness("diff", "b", "bb")
    assert code == 0
    assert "threads" in out
    assert "The keys are the same: the same run in two environments." in out
    told = json.loads(harness("diff", "b", "b", "--json")[1])
    assert told["same_key"]
    named = {d["name"]: d for d in told["differences"]}
    assert (named["threads"]["one"], named["threads"]["two"]) == (1, 2)
    assert named["test/score"]["one"] is None  # JSON has no NaN


def test_one_run_alone_is_no_pair(harness: Any) -> None:
    code, _, err = harness("diff", "a", "aa")
    assert code == 2
    assert "are the same run, aaaaaaaaaaaa" in err
    code, _, err = harness("diff", "a", "e")
    assert code == 2
    assert "There is no run" in err


def test_a_list_on_a_terminal_says_how_to_see_the_difference(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "harness diff" not in harness("list", "runs")[1]
    monkeypatch.setattr(listing.sys.stdout, "isatty", lambda: True)
    assert "'harness diff aaaaaaaaaaaa bbbbbbbbbbbb' shows how." in harness("list", "runs")[1]
