"""Cells derived from a shared base are what Hydra composes from their words alone, errors included."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.config import cell_composer as module
from harness.config import compose, to_settings
from harness.config.cell_composer import Cell, CellComposer
from harness.config.composition import loader
from harness.config.identity import Planner, run_plan
from harness.config.typed import sweep_options
from harness.errors import HarnessError

LOADED = """
    from dataclasses import dataclass, field
    from enum import Enum
    from pathlib import Path
    from typing import Any, ClassVar

    from harness import Capabilities, Model, hookimpl


    class Cell(Enum):
        plain = 1
        peephole = 2


    @dataclass
    class Inner:
        depth: int = 1
        rates: list[float] = field(default_factory=lambda: [0.1])


    @dataclass
    class Loaded(Model):
        name: ClassVar[str] = "loaded"

        hidden_size: int = 4
        cell: Cell = Cell.plain
        weights: Path | None = None
        table: dict[str, float] = field(default_factory=lambda: {"a": 1.0})
        inner: Inner = field(default_factory=Inner)
        anything: Any = None
        wide: int | None = None

        def __post_init__(self):
            if self.hidden_size < 1:
                raise ValueError("hidden_size must be positive")
            self.wide = self.wide or 2 * self.hidden_size

        def capabilities(self, signature):
            return Capabilities()

        def build(self, input_spec, target_spec):
            raise NotImplementedError

        def tiny(self):
            return self


    @hookimpl
    def harness_models():
        return [Loaded]
"""

FILES = {
    "extra/__init__.py": "",
    "extra/tuned/searched.yaml": "counting: {loaded: {optimizer: {lr: 0.5}, trials: 4, hours: 0.1}}\n",
    "extra/optimizer/slow.yaml": "lr: 0.001\nbetas: [0.8, 0.9]\n",
    "extra/model/wide.yaml": "defaults: [loaded]\nhidden_size: 8\n",
    "extra/experiment/layered.yaml": (
        "# @package _global_\nbudget: steps:7\nper_task: {other: {budget: steps:9, trainer: {validations: 2}}}\n"
        "per_model: {loaded: {optimizer: {clip: 3.0}}}\noptimizer: {lr: 0.25}\n"
    ),
    "extra/experiment/referring.yaml": (
        "# @package _global_\nsweep: lr_${optimizer.lr}_${seed}\nbudget: steps:${model.hidden_size}\n"
    ),
}

CHOICES = {
    "task": ["counting", "translation", "other", "nope"],
    "model": ["small", "loaded", "wide"],
    "optimizer": ["adamw", "slow"],
    "decoding": ["default", "beam"],
    "tuned": ["none", "searched"],
    "experiment": ["layered", "referring"],
}
VALUES = {
    "seed": ["0", "3", "007", "-1", "1e3", "x"],
    "budget": ["steps:3", "epochs:2", "steps:0"],
    "target": ["score:1", "null", "bleu:1"],
    "sweep": ["mine", "5", "null", "''"],
    "exclusive": ["true", "1", "yes"],
    "baselines": ["false", "x"],
    "logger": ["null", "nothing"],
    "limits.time": ["30m", "null", "3"],
    "match": ["null", "params:100", "size:3"],
    "optimizer.lr": ["0.5", "1e-3", "1", "fast", "null", "${optimizer.clip}"],
    "optimizer.clip": ["0", "2.5"],
    "optimizer.betas": ["[0.1,0.2]", "3"],
    "optimizer.schedule": ["constant", "steep"],
    "trainer.precision": ["bf16", "auto", "fp8"],
    "trainer.threads": ["2", "0", "null"],
    "trainer.device": ["cpu"],
    "trainer": ["{validations: 3}"],
    "decoding.beam_size": ["2", "0"],
    "task.dataset": ["multi30k", "interface_strings", "nope", "null"],
    "task.root": ["/some/folder"],
    "task.vocab_size": ["100"],
    "task.size": ["2", "0", "2.5", "true"],
    "task.ratio": ["0.5", "1", "null"],
    "task.loader.batch_size": ["3", "'4'"],
    "task.loader": ["{batch_size: 5}"],
    "model.hidden_size": ["6", "0", "${seed}"],
    "model.cell": ["peephole", "odd"],
    "model.weights": ["/some/file", "null", "1e5", "[1]", "''"],
    "model.table.a": ["2"],
    "model.table": ["{b: 3}"],
    "model.inner.depth": ["3"],
    "model.inner.rates": ["[1,2]"],
    "model.anything": ["3", "text", "[1]"],
    "no.such": ["1"],
}


def _words(table: dict[str, list[str]], most: int) -> Any:
    """Some words, mostly of different names; those that come first in their list are right, the last is often wrong."""
    word = st.sampled_from([f"{name}={value}" for name, values in table.items() for value in values])
    first = st.sampled_from([f"{name}={values[0]}" for name, values in table.items()])
    return st.one_of(st.lists(first, max_size=most, unique=True), st.lists(word, max_size=most))


LINES = st.builds(
    lambda choices, values, order: tuple(sorted([*choices, *values], key=lambda word: order.index(word[0]))),
    _words(CHOICES, 3),
    _words(VALUES, 4),
    st.permutations([*"abcdefghijklmnopqrstuvwxyz"]),
)


@pytest.fixture
def plugins(site: Any) -> Any:
    site.task("counting")
    site.task("other")
    site.model("small")
    site.install("dist-loaded", {"model.loaded": "mod_loaded"}, {"mod_loaded.py": LOADED})
    site.install("extra", {"config.extra": "extra"}, FILES)
    return site


def _outcome(make: Any) -> Any:
    try:
        return make()
    except HarnessError as error:
        return type(error), str(error)


def _alone(words: tuple[str, ...]) -> Cell:
    config = compose(words)
    return Cell.of(words, to_settings(config, threads=1), sweep_options(config))


@given(st.lists(LINES, min_size=1, max_size=4))
@settings(max_examples=settings().max_examples // 4, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cells_are_what_hydra_composes_from_their_words_alone(plugins: Any, lines: list[tuple[str, ...]]) -> None:
    with loader().remembering():
        composer, planner = CellComposer(threads=1), Planner()
        for words in lines:
            derived, alone = _outcome(lambda w=words: composer.cell(w)), _outcome(lambda w=words: _alone(w))
            assert derived == alone, words
            if isinstance(derived, Cell):
                plans = [
                    _outcome(lambda d=derived: planner.plan(d.settings)),
                    _outcome(lambda a=alone: run_plan(a.settings)),
                ]
                assert plans[0] == plans[1], words


def test_hydra_composes_each_choice_once_and_values_follow(plugins: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []
    composed = module._composed
    monkeypatch.setattr(module, "_composed", lambda words: asked.append(words) or composed(words))
    monkeypatch.setattr(module, "compose", lambda words: pytest.fail(f"{words} composed alone"))
    composer = CellComposer(threads=1)
    cells = [
        composer.cell((f"model={model}", "task=counting", f"seed={seed}", f"optimizer.lr={lr}", "sweep=s"))
        for model in ("small", "loaded")
        for seed in range(20)
        for lr in ("0.1", "0.2")
    ]
    assert asked == [("model=small", "task=counting"), ("model=loaded", "task=counting")]
    assert len({(c.settings.model.name, c.settings.seed, c.settings.optimizer.lr) for c in cells}) == 80
    assert len({id(cell.settings.task) for cell in cells}) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("experiment=referring", "task=counting", "model=small", "seed=4"),
        ("task=counting", "model=small", "optimizer.clip=${optimizer.lr}", "optimizer.lr=0.5"),
        ("task=counting", "model=loaded", "model.inner={depth: 2}", "model.inner.depth=3"),
        ("task=counting", "model=small", "seed=1", "seed=2"),
    ],
    ids=["interpolation", "reference-in-a-word", "inside-a-mapping", "twice"],
)
def test_what_may_depend_on_other_words_is_composed_alone(plugins: Any, words: tuple[str, ...]) -> None:
    composer = CellComposer(threads=1)
    assert composer.cell(words) == _alone(words)
    assert composer._derived(words) is None
