"""What changes a run's key, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.config import compose, identity, to_settings
from harness.config.identity import run_key, run_plan
from harness.config.settings import RunSettings
from harness.errors import DataError
from harness.registry import engine_code

TINY = ("task=counting", "model=small")


@pytest.fixture(autouse=True)
def _plugins(site: Any) -> None:
    site.task("counting")
    site.model("small")


def _settings(*words: str) -> RunSettings:
    return to_settings(compose([*TINY, *words]))


def test_the_key_is_64_hex_digits_and_repeats() -> None:
    key = run_key(_settings())
    assert len(key) == 64
    assert int(key, 16) >= 0
    assert run_key(_settings()) == key


@pytest.mark.parametrize(
    "word",
    [
        "seed=1",
        "budget=steps:5",
        "optimizer.lr=0.1",
        "model.hidden_size=5",
        "task.size=4",
        "trainer.precision=bf16",
        "trainer.device=cuda",
        "decoding.method=beam",
        "target=score:1",
    ],
)
def test_what_can_change_a_result_changes_the_key(word: str) -> None:
    assert run_key(_settings(word)) != run_key(_settings())


@pytest.mark.parametrize(
    "word", ["sweep=another", "trainer.threads=2", "trainer.log_every=7", "trainer.latency_s=0", "baselines=false"]
)
def test_what_cannot_change_a_result_keeps_the_key(word: str) -> None:
    assert run_key(_settings(word)) == run_key(_settings())


def test_auto_is_the_device_that_it_becomes() -> None:
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    assert run_key(_settings(f"trainer.device={device}")) == run_key(_settings())


def test_the_plugins_code_its_distribution_and_the_engine_are_part_of_the_key(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run_key(_settings())
    source = site.folder / "mod_small.py"
    source.write_text(source.read_text() + "\n# a comment\n")
    engine_code.plugin_digest.cache_clear()
    assert run_key(_settings()) == before
    source.write_text(source.read_text() + "\nEXTRA = 1\n")
    engine_code.plugin_digest.cache_clear()
    changed = run_key(_settings())
    assert changed != before
    monkeypatch.setattr(identity, "engine_digest", lambda: "another engine")
    assert run_key(_settings()) != changed


def test_data_counts_unless_the_pair_is_incompatible(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _settings()
    before, without = run_key(settings), run_key(settings, compatible=False)
    monkeypatch.setattr(type(settings.task), "data_fingerprint", lambda self: "other data")
    assert run_key(settings) != before
    assert run_key(settings, compatible=False) == without


def test_the_plan_says_all_that_the_store_needs() -> None:
    settings = _settings("seed=2", "sweep=s")
    plan = run_plan(settings, overrides=[*TINY, "seed=2", "sweep=a b"])
    assert plan.key == run_key(settings)
    assert (plan.task, plan.model, plan.dataset, plan.seed, plan.sweep) == ("counting", "small", "counting", 2, "s")
    assert plan.primary == {"name": "score", "unit": "points", "higher_is_better": True}
    assert plan.units["score"]["unit"] == "points"
    assert plan.command == "harness run task=counting model=small seed=2 'sweep=a b'"
    assert plan.identity["task_version"] == "dist-counting 1.0, task version 1"
    assert set(plan.identity["plugin_digests"]) == {"task", "target", "model"}


def test_a_baseline_depends_on_task_and_seed_but_on_no_model() -> None:
    from harness.contract.task import Baseline

    baseline = Baseline("copy", "copies", lambda data, seed: [])
    plan = run_plan(_settings(), baseline=baseline)
    assert (plan.kind, plan.model, plan.command, plan.tuning) == ("baseline", "baseline:copy", "", {})
    assert run_plan(_settings("model.hidden_size=9", "optimizer.lr=1"), baseline=baseline).key == plan.key
    assert run_plan(_settings("seed=1"), baseline=baseline).key != plan.key
    assert run_plan(_settings("task.size=9"), baseline=baseline).key != plan.key


PRETRAINED = """
    from dataclasses import dataclass
    from pathlib import Path
    from typing import ClassVar

    from harness import Capabilities, Model, hookimpl
    from harness.data.sources import FileSource


    @dataclass
    class Pretrained(Model):
        name: ClassVar[str] = "pretrained"

        weights: Path | None = None

        def sources(self):
            return (FileSource("pretrained weights", self.weights, "model.weights"),)

        def capabilities(self, signature):
            return Capabilities()

        def build(self, input_spec, target_spec):
            raise NotImplementedError

        def tiny(self):
            return self


    @hookimpl
    def harness_models():
        return [Pretrained]
"""


def test_new_contents_of_a_file_that_a_model_reads_are_another_run(site: Any, tmp_path: Path) -> None:
    site.install("dist-pretrained", {"model.pretrained": "mod_pretrained"}, {"mod_pretrained.py": PRETRAINED})
    weights = tmp_path / "weights.bin"
    words = ("task=counting", "model=pretrained", f"model.weights={weights}")
    with pytest.raises(DataError, match=r"^The file of the pretrained weights does not exist: .*weights.bin"):
        run_key(to_settings(compose(words)))
    with pytest.raises(DataError, match=r"give it as model\.weights=FILE"):
        run_key(to_settings(compose(words[:2])))
    weights.write_bytes(b"one")
    first = run_key(to_settings(compose(words)))
    assert run_key(to_settings(compose(words))) == first
    weights.write_bytes(b"two")
    assert run_key(to_settings(compose(words))) != first
    assert run_plan(to_settings(compose(words))).identity["model_fingerprint"] is not None
    assert run_plan(_settings()).identity["model_fingerprint"] is None
