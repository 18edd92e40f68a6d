"""The key of a run: every part of it counts, one by one; and what cannot change a result never does."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.config import compose, identity, settings_from_plain, to_settings
from harness.config.composition import loader
from harness.config.differences import flat
from harness.config.identity import config_identity, run_key, run_plan
from harness.config.schema import RootConfig
from harness.config.settings import RunSettings, TrainerSettings
from harness.registry import discovery

TINY = ("task=counting", "model=small")
FREE = {"sweep", "match", "logger", "exclusive", "limits", "tuning", "precision_chosen"} | {
    f"trainer.{name}" for name in ("threads", "log_every", "checkpoint_every_s")
}
"""What cannot change a result."""


@pytest.fixture(autouse=True)
def _plugins(site: Any) -> None:
    site.task("counting")
    site.model("small")


def _settings(*words: str) -> RunSettings:
    return to_settings(compose([*TINY, *words]))


def _with(run: RunSettings, name: str, value: Any) -> RunSettings:
    """The run with another value in its stored configuration."""
    config = deepcopy(run.config)
    *path, last = name.split(".")
    section = config
    for word in path:
        section = section[word]
    section[last] = value
    return replace(run, config=config)


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


def _leaves() -> list[str]:
    """Dotted names of the stored configuration, with a plug-in's fields as their whole section's."""
    root = {name for name in RootConfig.__dataclass_fields__ if name not in ("grid", "per_task", "per_model", "tuned")}
    return sorted(root - {"task", "model", "baselines"})


def test_every_leaf_of_the_configuration_changes_the_key_or_is_known_to_change_nothing() -> None:
    run = _settings()
    key, seen = run_key(run), set()
    for name, value in flat(run.config).items():
        other = "cuda" if name == "trainer.device" else _another(value)
        if name == "seed":
            other = 7
        changed = run_key(_with(run, name, other))
        assert (changed != key) == _decides(name), name
        seen.add(name)
    assert {
        "seed",
        "budget",
        "target",
        "model.hidden_size",
        "task.size",
        "trainer.precision",
        "decoding.beam_size",
    } <= seen
    assert {f"trainer.{field}" for field in TrainerSettings.__dataclass_fields__} <= seen


def test_options_that_change_nothing_are_free_also_when_they_are_set() -> None:
    run = _settings()
    values = {
        "match": "params:100",
        "logger": ["tensorboard"],
        "exclusive": True,
        "limits": {"seconds": 3},
        "sweep": "another",
        "tuning": {"trials": 4.0},
        "precision_chosen": "auto: the curves agree",
    }
    assert set(values) <= FREE
    for name, value in values.items():
        assert run_key(_with(run, name, value)) == run_key(run), name


def test_a_stored_configuration_without_the_newer_options_has_the_key_it_had() -> None:
    run = _settings()
    assert "match" not in run.config
    assert "logger" not in run.config
    older = {name: value for name, value in run.config.items() if name not in FREE}
    assert run_key(replace(run, config=older)) == run_key(run)


def test_every_root_option_is_either_part_of_the_key_or_declared_free() -> None:
    """A new option must be decided on, here and in `harness.config.identity`."""
    identified = set(config_identity(_settings("target=score:1").config))
    assert identified == set(_leaves()) - FREE | {"task", "model"}


@given(seed=st.integers(0, 2**32))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_keys_does_not_matter(seed: int) -> None:
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = list(value)
        random.Random(seed).shuffle(keys)
        return {key: shuffled(value[key]) for key in keys}

    run = _settings()
    assert run_key(replace(run, config=shuffled(run.config))) == run_key(run)


@given(one=st.integers(0, 2**31), two=st.integers(0, 2**31))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_two_seeds_are_two_runs(one: int, two: int) -> None:
    run = _settings()
    keys = [run_key(_with(run, "seed", seed)) for seed in (one, two)]
    assert (keys[0] == keys[1]) == (one == two)


def test_the_order_of_words_does_not_matter() -> None:
    words = ["seed=3", "optimizer.lr=0.1", "model.hidden_size=5"]
    assert len({run_key(_settings(*order)) for order in (words, words[::-1])}) == 1


def test_a_stored_configuration_gives_the_key_again() -> None:
    run = _settings("seed=3", "match=params:9")
    assert run_key(settings_from_plain(json.loads(json.dumps(run.config)))) == run_key(run)


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
    identity.plugin_digest.cache_clear()
    after = run_key(_settings())
    assert (after != before) == counts
    source.write_text(source.read_text().replace("for tests", "for tests, and more"))
    identity.plugin_digest.cache_clear()
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
        *("task_version", "model_version", "engine_digest", "data_fingerprint", "record_version"),
        *("plugin_digests.task", "plugin_digests.model"),
    }
    keys = {plan.key}
    for name in parts:
        changed = deepcopy(plan.identity)
        section, last = (changed["plugin_digests"], name.split(".")[1]) if "." in name else (changed, name)
        section[last] = "another"
        monkeypatch.setattr(identity, "_identity", lambda settings, compatible, made=changed: made)
        keys.add(run_key(run))
    assert len(keys) == 1 + len(parts)


@pytest.mark.parametrize(
    "name", ["contract/specs.py", "nn/heads.py", "config/budget.py", "metrics/ratios.py", "contract/gathering.py"]
)
def test_a_statement_in_a_file_that_decides_results_changes_the_engines_digest(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    root = Path(identity.__file__).parent.parent
    shutil.copytree(root, tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(identity, "__file__", str(tmp_path / "harness" / "config" / "identity.py"))

    def digest() -> str:
        identity.engine_digest.cache_clear()
        return identity.engine_digest()

    before = digest()
    file = tmp_path / "harness" / name
    file.write_text("# why\n" + file.read_text())
    assert digest() == before
    file.write_text(file.read_text() + "\nMORE = 1\n")
    assert digest() != before
    (tmp_path / "harness" / "cli" / "show.py").write_text("")
    after = digest()
    (tmp_path / "harness" / "report" / "tables.py").write_text("")
    assert digest() == after
    monkeypatch.undo()
    identity.engine_digest.cache_clear()
