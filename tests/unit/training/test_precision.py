"""The check behind precision=auto: bf16 is taken where the hardware, the model and the model's curve allow it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from harness_models.lstm import LSTM
from tiny_run import WORDS, tiny_run
from torch import Tensor

from harness.config import compose, to_settings
from harness.config.settings import RunSettings
from harness.contract.model import Capabilities, Encoder, EncoderOutput
from harness.contract.task import TaskData
from harness.training import precision
from harness.training.load_data import load_data
from harness.training.precision import LEAST, STEPS, Curve, check_curve, distance, obstacle, train

LEARNS = ("optimizer.lr=0.02",)


def made(*words: str) -> RunSettings:
    """The settings of a run of seconds, on one thread."""
    return to_settings(compose([*WORDS, *LEARNS, *words, "trainer.device=cpu"]), threads=1)


@dataclass
class Exact(LSTM):
    """A model for which bf16 is not supported."""

    def capabilities(self, signature: Any) -> Capabilities:
        return replace(super().capabilities(signature), autocast=False)


class Broken(Encoder):
    """An encoder that does something else where autocast is on."""

    def __init__(self, encoder: Encoder, what: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.encoder, self.what = encoder, what
        self.feature_dim, self.summary_dim = encoder.feature_dim, encoder.summary_dim

    def forward(self, x: Tensor, lengths: Tensor, state: Any = None) -> EncoderOutput:
        found = self.encoder(x, lengths, state)
        if torch.is_autocast_enabled("cpu"):
            return found._replace(features=self.what(found.features))
        return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step in bf16 takes half of the time, whatever this machine does at the moment."""
    measured = train

    def timed(settings: RunSettings, data: TaskData, name: str, *rest: Any, **more: Any) -> Curve:
        return replace(measured(settings, data, name, *rest, **more), step_s=1.0 if name == "bf16" else 2.0)

    monkeypatch.setattr(precision, "train", timed)


@pytest.mark.parametrize("instructions", [["amx_bf16", "avx2"], ["avx512_bf16"]])
def test_hardware_and_model_that_know_bf16_are_no_obstacle(
    monkeypatch: pytest.MonkeyPatch, instructions: list[str]
) -> None:
    monkeypatch.setattr(precision, "instruction_sets", lambda: instructions)
    assert obstacle(made()) == ""


def test_a_processor_without_bf16_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "instruction_sets", lambda: ["avx2", "avx512f", "avx512_vnni"])
    assert obstacle(made()) == "this processor has no bf16 instructions (AVX512-BF16 or AMX-BF16)"


def test_a_model_that_declares_no_autocast_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "instruction_sets", lambda: ["amx_bf16"])
    assert obstacle(replace(made(), model=Exact(8))) == "model 'lstm' declares autocast=False"


@pytest.mark.usefixtures("quick")
def test_a_sound_model_gets_bf16_and_the_reason_gives_the_figures() -> None:
    settings = made()
    verdict = check_curve(settings, load_data(settings.task))
    assert verdict.precision == "bf16"
    assert f"in {STEPS} steps bf16's loss differs by" in verdict.reason
    assert verdict.reason.endswith("; a step in bf16 takes 0.50 of the time in fp32")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("what", "reason"),
    [
        pytest.param(lambda features: features * 0, "bf16's loss differs by", id="learns-nothing"),
        pytest.param(lambda features: features.detach(), "bf16's loss differs by", id="encoder-does-not-learn"),
        pytest.param(lambda features: features / 0, "in bf16 the loss became nan at step 1 of the check", id="nan"),
        pytest.param(lambda features: features @ features, "training in bf16 raised RuntimeError", id="raises"),
    ],
)
def test_a_model_whose_bf16_is_broken_stays_in_fp32(
    monkeypatch: pytest.MonkeyPatch, what: Callable[[Tensor], Tensor], reason: str
) -> None:
    built = LSTM.build
    monkeypatch.setattr(LSTM, "build", lambda self, *specs: Broken(built(self, *specs), what))
    settings = made()
    verdict = check_curve(settings, load_data(settings.task))
    assert verdict.precision == "fp32"
    assert reason in verdict.reason


class Unread:
    """A split that nobody may look into."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the check looked at {name} of a split that is not for training")

    def __len__(self) -> int:
        raise AssertionError("the check counted the examples of a split that is not for training")

    def __getitem__(self, index: int) -> Any:
        raise AssertionError("the check read an example that is not for training")


@pytest.mark.usefixtures("quick")
def test_neither_validation_nor_test_examples_are_read() -> None:
    settings = made()
    unread: Any = Unread()
    assert check_curve(settings, replace(load_data(settings.task), val=unread, test=unread)).precision == "bf16"


def test_the_check_begins_where_the_run_begins(tmp_path: Path) -> None:
    settings = made("trainer.head_dropout=0.5")
    _, rows = tiny_run(tmp_path, *LEARNS, "trainer.head_dropout=0.5", "trainer.log_every=1", "budget=steps:1")
    first = next(row for row in rows if row.name == "train/loss")
    assert train(settings, load_data(settings.task), "fp32", 1).losses == [first.value]


def test_the_same_training_twice_is_the_same_to_the_last_digit_and_other_dropout_is_not() -> None:
    settings = made("trainer.head_dropout=0.5")
    data = load_data(settings.task)
    one, two, other = (train(settings, data, "fp32", 8, dropout=d) for d in ("dropout", "dropout", "another"))
    assert one.losses == two.losses
    assert one.losses != other.losses
    assert distance(one, two) == 0 < distance(one, other)


def test_a_training_whose_time_is_up_ends_when_it_has_made_the_least_steps() -> None:
    settings = made()
    assert len(train(settings, load_data(settings.task), "fp32", LEAST + 8, limit_s=0.0).losses) == LEAST


def falling(start: float, end: float, steps: int = STEPS, step_s: float = 2.0, bend: float = 0.0) -> Curve:
    """A loss on a straight line, and beside it by `bend` in the last sixth."""
    losses = [start + (end - start) * step / (steps - 1) for step in range(steps)]
    return Curve([loss + bend * (i >= steps - steps // 6) for i, loss in enumerate(losses)], step_s)


BF16 = replace(falling(4.0, 2.0), step_s=1.0)


@pytest.mark.parametrize(
    ("exact", "rounded", "other", "expected", "reason"),
    [
        pytest.param(falling(4, 2), BF16, None, "bf16", "differs by 0.0 % of fp32's fall, 5.0 % allowed", id="equal"),
        pytest.param(falling(4, 2), falling(4, 2, step_s=1, bend=0.08), None, "bf16", "5.0 % allowed; a", id="near"),
        pytest.param(
            falling(4, 2), falling(4, 2, step_s=1, bend=0.2), falling(4, 2, bend=0.12), "bf16",
            "13.0 % allowed; with other dropout fp32 differs by 6.5 %; a step", id="within-the-spread",
        ),
        pytest.param(
            falling(4, 2), falling(4, 2, step_s=1, bend=0.2), falling(4, 2, bend=0.01), "fp32",
            "differs by 10.8 % of fp32's fall, 5.0 % allowed", id="beyond-the-spread",
        ),
        pytest.param(
            falling(4, 2), falling(4, 2, step_s=1, bend=0.5), falling(4, 2, bend=0.5), "fp32",
            "differs by 27.1 % of fp32's fall, 20.0 % allowed", id="a-spread-that-proves-nothing",
        ),
        pytest.param(falling(4, 2), falling(4, 2), None, "fp32", "takes 1.00 of the time in fp32", id="no-quicker"),
        pytest.param(falling(4, 2), falling(4, 3, 30, 1.0), None, "bf16", "in 30 steps", id="out-of-time"),
        pytest.param(
            Curve([4.0] * 30 + falling(4, 2, 30).losses, 2.0), falling(4, 4, 30, 1.0), None, "fp32",
            "in 30 steps the loss went from 4 to 4, too little to compare", id="out-of-time-before-it-learnt",
        ),
        pytest.param(falling(4, 3.95), BF16, None, "fp32", "too little to compare", id="nothing-learnt"),
        pytest.param(falling(4, 5), BF16, None, "fp32", "from 4 to 4.9", id="rises"),
        pytest.param(falling(0, 0), BF16, None, "fp32", "from 0 to 0, too little to compare", id="zero"),
        pytest.param(
            Curve([4.0] * 24 + [math.inf], 1.0), BF16, None, "fp32",
            "in fp32 already the loss became inf at step 25", id="diverges",
        ),
    ],
)  # fmt: skip
def test_the_rule(
    monkeypatch: pytest.MonkeyPatch, exact: Curve, rounded: Curve, other: Curve | None, expected: str, reason: str
) -> None:
    def instead(settings: Any, data: Any, name: str, *rest: Any, dropout: str = "dropout", **more: Any) -> Curve:
        curve = rounded if name == "bf16" else exact if dropout == "dropout" else other
        assert curve is not None, "a second fp32 training was not called for"
        return curve

    monkeypatch.setattr(precision, "train", instead)
    data: Any = None
    verdict = check_curve(made(), data)
    assert (verdict.precision, reason in verdict.reason) == (expected, True), verdict
