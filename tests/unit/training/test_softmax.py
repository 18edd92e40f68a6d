"""`trainer.softmax`: runs with each output layer, what is refused, and how symbols are counted."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.config.settings import OptimizerSettings, TrainerSettings, check_softmax
from harness.contract.batch import Example, ListSplit
from harness.contract.specs import TokenInput
from harness.contract.task import TaskData
from harness.errors import ConfigError
from harness.nn.heads import TokenHead
from harness.nn.network import Network
from harness.store import Store
from harness.store.query import RunView, runs
from harness.targets import ClassTarget, NextTokenTarget
from harness.training import execute
from harness.training.symbol_counts import count_symbols, order_symbols

CIPHER = (
    *("task=translation", "task.dataset=cipher", "task.vocab_size=400", "task.max_length=20", "task.eval_limit=12"),
    *(
        "task.loader.batch_size=32",
        "model=lstm",
        "model.hidden_size=24",
        "trainer.embedding_dim=24",
        "optimizer.lr=0.01",
    ),
    *("trainer.validations=1", "decoding.max_length=8"),
)
COUNTING = (
    *("task=text_generation", "task.dataset=counting", "task.generated_characters=2000", "task.loader.batch_size=4"),
    *("task.loader.bptt=32", "model=lstm", "model.hidden_size=16", "trainer.embedding_dim=16", "optimizer.lr=0.01"),
    *("trainer.validations=1", "decoding.samples=1", "decoding.sample_length=5"),
)


def _run(folder: Path, *words: str) -> RunView:
    settings = to_settings(compose(words), threads=1)
    url = f"sqlite:///{folder}/store.db"
    with Store.open(url) as store:
        execute.execute(settings, run_plan(settings), store=store, results=folder)
        (view,) = runs(store)
    return view


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("softmax", ["full", "adaptive", "sampled"])
def test_a_translator_learns_with_each_and_says_which(tmp_path: Path, softmax: str, precision: str) -> None:
    words = (*CIPHER, "budget=steps:40", f"trainer.softmax={softmax}", f"trainer.precision={precision}")
    view = _run(tmp_path, *words)
    assert view.summary is not None
    assert view.config["trainer"]["softmax"] == view.summary.details["softmax"] == softmax
    assert view.summary.metrics["test/loss"] < 0.5 * math.log(300)  # as good as guessing: more than 5.7 nats


@pytest.mark.parametrize("softmax", ["adaptive", "sampled"])
def test_a_language_model_learns_and_writes_with_each(tmp_path: Path, softmax: str) -> None:
    view = _run(tmp_path, *COUNTING, "budget=steps:40", f"trainer.softmax={softmax}")
    assert view.summary is not None
    assert view.summary.metrics["test/loss"] < 0.8 * math.log(3)


def test_sampled_runs_repeat_to_the_last_digit(tmp_path: Path) -> None:
    words = (*CIPHER, "budget=steps:5", "trainer.softmax=sampled")
    first, second = (_run(tmp_path / name, *words) for name in ("first", "second"))
    assert first.summary is not None
    assert second.summary is not None
    assert first.summary.metrics == second.summary.metrics
    other = _run(tmp_path / "full", *words[:-1])
    assert other.summary is not None
    assert other.summary.metrics != first.summary.metrics
    assert other.key != first.key


def test_an_adaptive_softmax_has_parameters_of_its_own(tmp_path: Path) -> None:
    full, adaptive = (
        _run(tmp_path / name, *CIPHER, "budget=steps:1", f"trainer.softmax={name}") for name in ("full", "adaptive")
    )
    assert full.summary is not None
    assert adaptive.summary is not None
    assert full.summary.encoder_parameters == adaptive.summary.encoder_parameters
    assert full.summary.parameters != adaptive.summary.parameters


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("trainer.softmax=hierarchical",), "trainer.softmax='hierarchical' does not exist; choose one of: full, adap"),
        (
            ("optimizer.label_smoothing=0.1", "trainer.softmax=sampled"),
            "set optimizer.label_smoothing=0 instead of 0.1",
        ),
        (("task=speech_recognition", "trainer.softmax=adaptive"), "predict symbols of a vocabulary, not a CTCTarget"),
    ],
    ids=["unknown", "smoothing", "ctc"],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        to_settings(compose(["task=text_generation", "model=lstm", *words]))
    assert "\n" not in str(caught.value)


def test_settings_made_by_hand_are_checked_too() -> None:
    trainer = TrainerSettings(softmax="softest")
    with pytest.raises(ConfigError, match="'softest' does not exist"):
        check_softmax(NextTokenTarget, trainer, OptimizerSettings())
    check_softmax(ClassTarget, TrainerSettings(), OptimizerSettings(label_smoothing=0.1))


def _data(*documents: list[int]) -> TaskData:
    train = ListSplit([Example(f"d{i}", None, np.array(d)) for i, d in enumerate(documents)])
    never = ListSplit([Example("t", None, np.array([9] * 50))])
    return TaskData(train, never, never, TokenInput(10), NextTokenTarget(10))


def test_symbols_are_counted_in_the_targets_of_one_split() -> None:
    assert count_symbols(_data([5, 5, 4], [5, 7]).train, 10).tolist() == [0, 0, 0, 0, 1, 3, 0, 1, 0, 0]


@pytest.mark.parametrize("softmax", ["full", "adaptive", "sampled"])
def test_symbols_are_ordered_by_training_data_where_that_matters(softmax: str) -> None:
    settings = to_settings(compose([*COUNTING, f"trainer.softmax={softmax}"]))
    data = _data([5, 5, 4], [5, 7, 7])
    network = Network(settings.model, settings.task.signature, data.input_spec, data.target_spec, settings.trainer)
    order_symbols(network, data)
    assert isinstance(network.head, TokenHead)
    buffers = dict(network.head.output.named_buffers())
    if softmax == "full":
        assert not buffers
    else:
        assert torch.equal(buffers["order"], torch.tensor([5, 7, 4, 0, 1, 2, 3, 6, 8, 9]))
