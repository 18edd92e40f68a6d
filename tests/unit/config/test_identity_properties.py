"""The key of a run: every part of it counts, one by one; and what cannot change a result never does."""

from __future__ import annotations

import hashlib
import json
import random
from copy import deepcopy
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest

from harness.config import compose, identity, settings_from_plain, to_settings
from harness.config.composition import loader
from harness.config.differences import flat
from harness.config.identity import config_identity, run_key, run_plan
from harness.config.plain import canonical
from harness.config.settings import RunSettings, TrainerSettings
from harness.errors import ConfigError
from harness.registry import discovery, engine_code

TINY = ("task=counting", "model=small")
FREE = {"sweep", "logger", "exclusive", "tuning", "asked"} | {
    f"trainer.{name}"
    for name in ("threads", "log_every", "latency_s", "checkpoint_every_s", "profiler", "strategy", "devices")
}
"""What cannot change a result."""


@pytest.fixture(autouse=True)
def _plugins(site: Any) -> None:
    site.task("counting")
    site.model("small")


def _settings(*words: str) -> RunSettings:
    return to_settings(compose([*TINY, *words]))


def _with(plain: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """A stored configuration with another value."""
    config = deepcopy(plain)
    *path, last = name.split(".")
    section = config
    for word in path:
        section = section[word]
    section[last] = value
    return config


def _in_key(plain: dict[str, Any]) -> str:
    return canonical(config_identity(plain))


def _another(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value * 2 + 1
        case list():
            return [*value, 1]
        case dict():
            return {**value, "more": 1}
    return f"{value} else"


def _decides(name: str) -> bool:
    return not any(name == free or name.startswith(f"{free}.") for free in FREE)


def test_every_leaf_of_the_configuration_changes_the_key_or_is_known_to_change_nothing() -> None:
    plain = _settings().plain
    key, seen = _in_key(plain), set()
    for name, value in flat(plain).items():
        assert (_in_key(_with(plain, name, _another(value))) != key) == _decides(name), name
        seen.add(name)
    assert {"seed", "budget", "target", "model.hidden_size", "task.size", "decoding.beam_size"} <= seen
    assert {f"trainer.{field}" for field in TrainerSettings.__dataclass_fields__} <= seen
    assert {"asked.match", "asked.precision_reason", "exclusive", "logger", "sweep"} <= seen


def test_what_is_asked_for_is_free_and_what_became_of_it_is_not() -> None:
    run = _settings()
    asked = replace(run.asked, match="params:100", precision="auto", precision_reason="auto: why", threads=3)
    same = replace(run, asked=asked, sweep="another", logger=("tensorboard",), exclusive=True, tuning={"trials": 4.0})
    assert run_key(same) == run_key(run)
    assert run_key(replace(run, trainer=replace(run.trainer, precision="bf16"))) != run_key(run)


def test_the_key_is_the_digest_of_configuration_and_identity_in_canonical_json() -> None:
    run = _settings("seed=3", "target=score:1")
    plan = run_plan(run)
    whole = canonical({"config": config_identity(run.plain), **plan.identity})
    assert plan.key == hashlib.sha256(whole.encode()).hexdigest()
    assert plan.config == run.plain


def test_a_run_cannot_be_changed() -> None:
    run = _settings()
    for owner, name in ((run, "seed"), (run.trainer, "threads"), (run.optimizer, "lr"), (run.asked, "match")):
        with pytest.raises(FrozenInstanceError):
            setattr(owner, name, 1)
    assert isinstance(run.optimizer.betas, tuple)


def test_a_run_whose_precision_is_still_to_be_chosen_has_no_key() -> None:
    with pytest.raises(ConfigError, match="precision=auto is decided before"):
        run_key(_settings("precision=auto"))


def test_the_order_of_keys_does_not_matter() -> None:
    plain, seed = _settings().plain, random.Random(0)
    key = _in_key(plain)

    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = list(value)
        seed.shuffle(keys)
        return {key: shuffled(value[key]) for key in keys}

    assert _in_key(shuffled(plain)) == key


def test_seeds_are_different_runs() -> None:
    run = _settings()
    assert len({run_key(replace(run, seed=seed)) for seed in (0, 1, 2**31)}) == 3


def test_the_order_of_words_does_not_matter() -> None:
    words = ["seed=3", "optimizer.lr=0.1", "model.hidden_size=5"]
    assert len({run_key(_settings(*order)) for order in (words, words[::-1])}) == 1


def test_a_stored_configuration_gives_the_key_again() -> None:
    run = _settings("seed=3", "match=params:9")
    assert run_key(settings_from_plain(json.loads(json.dumps(run.plain)))) == run_key(run)


def test_the_working_folder_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_key(_settings())
    monkeypatch.chdir(tmp_path)
    assert run_key(_settings()) == before


@pytest.mark.parametrize("name", ["HARNESS_STORE", "HARNESS_RESULTS", "HARNESS_DATA", "OMP_NUM_THREADS"])
def test_the_environment_does_not_matter(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_key(_settings())
    monkeypatch.setenv(name, "3")
    assert run_key(_settings()) == before


def test_a_comment_or_the_order_of_lines_in_yaml_does_not_matter(site: Any) -> None:
    def key(text: str) -> str:
        (site.folder / "mine" / "conf" / "experiment" / "tiny.yaml").write_text(text)
        loader.cache_clear()
        return run_key(to_settings(compose([*TINY, "experiment=tiny"])))

    head = "# @package _global_\n"
    files = {"mine/__init__.py": "", "mine/conf/__init__.py": "", "mine/conf/experiment/tiny.yaml": head}
    site.install("mine", {"config.mine": "mine.conf"}, files)
    plain = key(f"{head}seed: 4\nbudget: steps:7\n")
    assert key(f"{head}# why\nbudget: steps:7  # short\n\nseed: 4\n") == plain
    assert key(f"{head}seed: 4\nbudget: steps:8\n") != plain


@pytest.mark.parametrize("kind", ["task", "model"])
@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ("\n# a comment\n", False),
        ("\nVALUE = 1\n", True),
    ],
    ids=["comment", "statement"],
)
def test_a_plugins_source_counts_without_its_comments(site: Any, kind: str, change: str, counts: bool) -> None:
    before = run_key(_settings())
    source = site.folder / f"mod_{'counting' if kind == 'task' else 'small'}.py"
    source.write_text(source.read_text() + change)
    engine_code.plugin_digest.cache_clear()
    after = run_key(_settings())
    assert (after != before) == counts
    source.write_text(source.read_text().replace("for tests", "for tests, and more"))
    engine_code.plugin_digest.cache_clear()
    assert run_key(_settings()) == after  # a docstring


@pytest.mark.parametrize("kind", ["task", "model"])
def test_the_version_of_a_plugin_and_of_its_distribution_count(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = _settings()
    keys = {run_key(run)}
    monkeypatch.setattr(type(getattr(run, kind)), "version", "2")
    keys.add(run_key(run))
    info = discovery.registry().info

    def newer(asked: str, name: str) -> discovery.PluginInfo:
        found = info(asked, name)
        return replace(found, version="9.9") if asked == kind else found

    monkeypatch.setattr(discovery.registry(), "info", newer)
    keys.add(run_key(run))
    monkeypatch.setattr(
        discovery.registry(),
        "info",
        lambda a, n: replace(newer(a, n), distribution="other") if a == kind else info(a, n),
    )
    keys.add(run_key(run))
    assert len(keys) == 4


def test_engine_data_and_record_version_count(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _settings()
    keys = {run_key(run)}
    monkeypatch.setattr(identity, "engine_digest", lambda: "another")
    keys.add(run_key(run))
    monkeypatch.setattr(identity, "RECORD_VERSION", identity.RECORD_VERSION + 1)
    keys.add(run_key(run))
    monkeypatch.setattr(type(run.task), "data_fingerprint", lambda self: "another")
    keys.add(run_key(run))
    assert len(keys) == 4


def test_every_part_of_the_stored_identity_is_part_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    run = _settings()
    plan = run_plan(run)
    parts = flat(plan.identity)
    assert set(parts) == {
        *("task_version", "model_version", "engine_digest", "data_fingerprint", "model_fingerprint"),
        *("target", "record_version"),
        *("plugin_digests.task", "plugin_digests.target", "plugin_digests.model"),
    }
    keys = {plan.key}
    for name in parts:
        changed = deepcopy(plan.identity)
        section, last = (changed["plugin_digests"], name.split(".")[1]) if "." in name else (changed, name)
        section[last] = "another"
        monkeypatch.setattr(identity, "_of_pair", lambda *_, made=changed: made)
        keys.add(run_key(run))
    assert len(keys) == 1 + len(parts)
