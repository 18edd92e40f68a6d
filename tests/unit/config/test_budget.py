"""Budgets as users write them, and the learning-rate schedule over them."""

from __future__ import annotations

import pytest
import torch

from harness.config.budget import Budget, BudgetProgress, learning_rate_factor
from harness.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "kind", "amount"),
    [
        ("epochs:3", "epochs", 3),
        ("steps:400", "steps", 400),
        ("seconds:1.5", "seconds", 1.5),
        ("tokens:1e6", "tokens", 1e6),
    ],
)
def test_parse(text: str, kind: str, amount: float) -> None:
    assert Budget.parse(text) == Budget(kind, amount)
    assert Budget.parse(str(Budget.parse(text))) == Budget.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "epoch:3",
        "epochs",
        "epochs:",
        "epochs:three",
        "steps:2.5",
        "steps:0",
        "steps:-1",
        "seconds:inf",
        "seconds:nan",
    ],
)
def test_a_wrong_budget_is_named_and_the_right_form_shown(text: str) -> None:
    with pytest.raises(ConfigError, match="is not understood") as caught:
        Budget.parse(text)
    assert f"budget '{text}'" in str(caught.value)
    assert any(f"{kind}:" in str(caught.value) for kind in ("epochs", "steps", "seconds", "tokens"))


def test_fraction_measures_in_the_budgets_own_unit() -> None:
    progress = BudgetProgress(step=50, epoch=0.25, seconds=3.0, units=900, examples=7)
    assert progress.fraction(Budget("steps", 200)) == 0.25
    assert progress.fraction(Budget("epochs", 1)) == 0.25
    assert progress.fraction(Budget("seconds", 12)) == 0.25
    assert progress.fraction(Budget("tokens", 3600)) == 0.25
    assert progress.fraction(Budget("steps", 10)) == 1.0


def test_cosine_equals_torchs_schedule_without_warmup() -> None:
    steps = 40
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, eta_min=0.01)
    for step in range(steps):
        assert learning_rate_factor(step / steps, 0.0, "cosine") == pytest.approx(schedule.get_last_lr()[0], abs=1e-6)
        optimizer.step()
        schedule.step()


def test_warmup_rises_to_the_peak_and_constant_stays() -> None:
    rising = [learning_rate_factor(f / 1000, 0.1, "cosine") for f in range(100)]
    assert rising == sorted(rising)
    assert rising[0] > 0
    assert learning_rate_factor(0.1, 0.1, "cosine") == pytest.approx(1.0)
    assert learning_rate_factor(1.0, 0.1, "cosine") == pytest.approx(0.01)
    assert learning_rate_factor(0.9, 0.1, "constant") == 1.0


def test_an_unknown_schedule_is_refused_even_during_warmup() -> None:
    with pytest.raises(ConfigError, match=r"optimizer\.schedule 'linear' does not exist"):
        learning_rate_factor(0.0, 0.5, "linear")
