"""Callbacks, profilers and strategies of Lightning's by configuration: what they see, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import pytorch_lightning.callbacks
import pytorch_lightning.loggers
import pytorch_lightning.profilers
import torch
from probe_callback import Probe
from tiny_run import WORDS, tiny_run

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.config.lightning import (
    CALLBACKS,
    LOGGERS,
    PROFILERS,
    SEVERAL_DEVICES,
    STRATEGIES,
    LightningSettings,
    check_lightning,
)
from harness.errors import ConfigError, UnknownNameError, UserError
from harness.store.records import MetricRow
from harness.training import checkpoint
from harness.training.parts import make_callbacks

PROBE = "trainer.callbacks=[probe_callback.Probe]"


def _figures(rows: list[MetricRow]) -> list[tuple[str, int, float]]:
    return [(row.name, row.step, row.value) for row in rows if not row.name.startswith("callback/")]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, int, float]]:
    """What a run logs that nobody watches."""
    return _figures(tiny_run(tmp_path_factory.mktemp("plain"))[1])


def test_a_callback_sees_every_step_with_its_batch_and_all_hooks_in_lightnings_order(
    tmp_path: Path, plain: list[tuple[str, int, float]]
) -> None:
    _, rows = tiny_run(tmp_path, PROBE, "optimizer.clip=0.01", "trainer.validations=1")
    steps = [entry for entry in Probe.seen if entry[0] != "validated"]
    assert [entry[0] for entry in steps] == ["start", "zero_grad", "backward", "after_backward", "optimizer", "end"] * 6
    starts = [entry for entry in steps if entry[0] == "start"]
    assert [entry[1:3] for entry in starts] == [(i, i) for i in range(6)]
    assert len({entry[3] for entry in starts}) == 6  # each batch once: six are an epoch
    assert len({entry[4] for entry in starts}) == 6  # the learning rate of the step itself, which falls
    ends = [entry for entry in steps if entry[0] == "end"]
    assert [entry[1:3] for entry in ends] == [(i, i + 1) for i in range(6)]
    assert [entry[3] for entry in ends] == [entry[1] for entry in steps if entry[0] == "backward"]
    before, clipped = (next(entry[-1] for entry in steps if entry[0] == name) for name in ("optimizer", "end"))
    assert before > 0.01
    assert clipped == pytest.approx(0.01, rel=1e-3)
    (validated,) = [entry for entry in Probe.seen if entry[0] == "validated"]
    assert validated[1] == 6
    assert validated[2] == pytest.approx(next(row.value for row in rows if row.name == "val/loss"))


def test_who_watches_changes_no_figure_and_logs_into_the_store(
    tmp_path: Path, plain: list[tuple[str, int, float]]
) -> None:
    words = "trainer.callbacks=[LearningRateMonitor,DeviceStatsMonitor,ModelSummary,{probe_callback.Probe:{every:2}}]"
    _, rows = tiny_run(tmp_path, words, "trainer.profiler=simple", "trainer.log_every=1", "logger=csv")
    often = ("train/loss", "train/grad_norm")  # of the steps since the last log
    assert [f for f in _figures(rows) if f[0] not in often] == [f for f in plain if f[0] not in often]
    logged = {row.name for row in rows}
    assert {"callback/lr-AdamW/pg1", "callback/DeviceStatsMonitor.on_train_batch_end/cpu_percent"} <= logged
    assert [row.value for row in rows if row.name == "callback/probe"] == [0, 0, 2, 2, 4, 4]
    assert len([row for row in rows if row.name == "callback/probe_of_validation"]) == 2
    (profile,) = tmp_path.glob("runs/*/fit-profile.txt")
    assert "[Strategy]SingleDeviceStrategy.training_step" in profile.read_text()
    (table,) = tmp_path.glob("runs/*/csv/metrics.csv")
    assert {"lr-AdamW/pg1", "val/loss", "test/wer"} <= set(table.read_text().splitlines()[0].split(","))


def test_early_stopping_ends_training_with_a_validation(tmp_path: Path) -> None:
    words = "trainer.callbacks={EarlyStopping:{monitor:val/loss,patience:1}}"
    view, _ = tiny_run(tmp_path, words, "trainer.val_every=1", "optimizer.lr=1e-30", "budget=steps:50")
    assert view.summary is not None
    assert view.summary.details["stopped_early"] is True
    assert view.summary.details["steps"] == 2


def test_a_timer_ends_training_between_validations_too(tmp_path: Path) -> None:
    words = "trainer.callbacks={Timer:{duration:{seconds:0}}}"
    view, rows = tiny_run(tmp_path, words, "budget=steps:50")
    assert view.summary is not None
    assert view.summary.details["stopped_early"] is True
    assert [row.step for row in rows if row.name == "val/loss"] == [1]


@pytest.mark.parametrize("name", ["WeightAveraging", "{EMAWeightAveraging:{decay:0.5}}"])
def test_averaged_weights_are_those_that_are_validated_kept_and_tested(
    name: str, tmp_path: Path, plain: list[tuple[str, int, float]]
) -> None:
    view, rows = tiny_run(tmp_path, f"trainer.callbacks=[{name}]", "trainer.final_split=val")
    assert view.summary is not None
    figures = _figures(rows)
    assert [f for f in figures if f[0] == "train/loss"] == [f for f in plain if f[0] == "train/loss"]
    validated = {step: value for metric, step, value in figures if metric == "val/loss"}
    assert validated != {step: value for metric, step, value in plain if metric == "val/loss"}
    assert view.summary.metrics["val/loss"] == validated[view.summary.checkpoint["step"]]


def test_best_weights_that_a_kill_left_unwritten_are_the_validated_ones(tmp_path: Path) -> None:
    validated = {"a": torch.ones(1)}
    last, best = tmp_path / "last.ckpt", tmp_path / "best.ckpt"
    content = {
        checkpoint.SIGNATURE: {"key": "k"},
        checkpoint.BEST_WEIGHTS: validated,
        "best_step": 3,
        "global_step": 3,
        "state_dict": {"a": torch.zeros(1)},
    }
    checkpoint.AtomicCheckpointIO().save_checkpoint(content, last)
    assert checkpoint.read_if_mine(last, best, {"key": "k"}) is not None
    assert checkpoint.read(best)["state_dict"] == validated


@pytest.mark.parametrize(
    ("name", "found"),
    [("advanced", "training_step"), ("{PyTorchProfiler:{export_to_chrome:false}}", "aten::lstm")],
)
def test_every_profiler_writes_into_the_runs_folder(name: str, found: str, tmp_path: Path) -> None:
    tiny_run(tmp_path, f"trainer.profiler={name}", "budget=steps:2")
    (profile,) = tmp_path.glob("runs/*/fit-profile.txt")
    assert found in profile.read_text()


# -- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "module"),
    [
        (CALLBACKS, pytorch_lightning.callbacks),
        (PROFILERS, pytorch_lightning.profilers),
        (LOGGERS, pytorch_lightning.loggers),
    ],
)
def test_every_class_of_lightnings_is_decided_on(known: dict[str, str], module: Any) -> None:
    assert set(known) == set(module.__all__)


@pytest.mark.parametrize("name", [name for name, reason in CALLBACKS.items() if reason])
def test_a_callback_that_cannot_work_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_lightning(LightningSettings(callbacks=[name]))
    assert str(caught.value) == f"The callback {name} cannot take part in a run: {CALLBACKS[name]}."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("trainer.callbacks=DeviceStats", "no callback named 'DeviceStats'. Did you mean 'DeviceStatsMonitor'"),
        ("trainer.callbacks=3", "trainer.callbacks=3 is not understood: write one name, a list"),
        ("trainer.callbacks={Timer:3}", "is not understood"),
        ("trainer.profiler=quick", "no profiler named 'quick'.*advanced, pytorch, simple"),
        ("trainer.profiler=[simple,advanced]", "names several; a run has one profiler"),
        ("trainer.profiler=XLAProfiler", "XLAProfiler cannot take part in a run: there is no TPU"),
        ("trainer.strategy=ddp", "strategy=ddp is for several devices, which are refused until"),
        ("trainer.strategy=dp", "no strategy named 'dp'"),
        ("trainer.devices=2", "devices=2 is refused until"),
        ("trainer.devices=auto", "devices=auto is refused until"),
    ],
)
def test_a_name_or_a_value_that_is_wrong_is_refused_when_the_run_is_composed(words: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        compose([words])


def test_every_strategy_of_lightnings_but_one_is_refused_or_not_known() -> None:
    from pytorch_lightning.strategies import StrategyRegistry

    single = {name for name in StrategyRegistry.available_strategies() if not name.startswith(SEVERAL_DEVICES)}
    assert single - {"single_xla", "single_tpu"} == set(STRATEGIES) - {"auto"}


class _Checkpoint(pl.callbacks.Checkpoint):
    """A user's own way of saving."""


class _Fussy(pl.Callback):
    """Refuses what it is given."""

    def __init__(self, value: int = 0) -> None:
        raise ValueError(f"{value} is too little")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("no_such_package.Probe", r"cannot be imported \(ModuleNotFoundError.*package\.module\.Class"),
        ("probe_callback.Prob", r"no callback named 'probe_callback\.Prob'. Did you mean 'probe_callback\.Probe'"),
        ("json.JSONDecoder", "is not a class that derives from"),
        ({"Timer": {"duratoin": 1}}, "no argument of Timer named 'duratoin'. Did you mean 'duration'"),
        ({"EarlyStopping": {"monitor": "val/los"}}, "no metric named 'val/los'. Did you mean 'val/loss'"),
        ({"EarlyStopping": {"monitor": "val/loss", "mode": "up"}}, "refuses its arguments.*It takes: monitor"),
        ({"EarlyStopping": {}}, "refuses its arguments.*'monitor'"),
        (["Timer", "Timer"], "names Timer twice"),
    ],
)
def test_what_only_the_class_can_tell_is_refused_before_the_run_begins(given: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        make_callbacks(LightningSettings(callbacks=given), ["train/loss", "val/loss"])


def test_checkpoints_of_the_users_own_are_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import probe_callback

    monkeypatch.setattr(probe_callback, "Probe", _Checkpoint)
    with pytest.raises(ConfigError, match=r"itself: set trainer\.validations"):
        make_callbacks(LightningSettings(callbacks="probe_callback.Probe"), [])
    monkeypatch.setattr(probe_callback, "Probe", _Fussy)
    with pytest.raises(ConfigError, match=r"refuses its arguments .ValueError: 3 is too little"):
        make_callbacks(LightningSettings(callbacks={"probe_callback.Probe": {"value": 3}}), [])


def test_a_run_with_parts_that_are_refused_is_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError):
        tiny_run(tmp_path, "trainer.callbacks={Timer:{until:tomorrow}}")
    assert not list(tmp_path.glob("runs/*"))


# -- identity ---------------------------------------------------------------------------------------


def test_a_callback_is_part_of_the_key_and_who_only_watches_is_not() -> None:
    def key(*words: str) -> str:
        return run_plan(to_settings(compose([*WORDS, *words]))).key

    assert key("trainer.profiler=simple", "trainer.strategy=single_device", "logger=csv") == key()
    one, two, other = key(PROBE), key("trainer.callbacks=[{probe_callback.Probe:{every:2}}]"), key()
    assert len({one, two, other}) == 3
    assert key("trainer.callbacks=probe_callback.Probe") == key("trainer.callbacks={probe_callback.Probe:{}}") == one


def test_the_source_of_a_users_callback_is_in_the_key() -> None:
    plan = run_plan(to_settings(compose([*WORDS, PROBE])))
    assert set(plan.identity["plugin_digests"]) == {"task", "target", "dataset", "model", "probe_callback.Probe"}
    assert plan.config["trainer"]["callbacks"] == ["probe_callback.Probe"]
