"""Further places for metrics: TensorBoard gets what was measured; what is missing or fails stops no run."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import Any

import pytest

from harness.config import compose, to_settings
from harness.config.loggers import check_loggers, wandb_mode
from harness.errors import ConfigError, UnknownNameError
from harness.store.records import MetricRow, RunPlan
from harness.training import loggers
from harness.training.loggers import finish, log_rows, make_loggers, shared

KEY = "a" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "results" / "runs" / KEY
    made.mkdir(parents=True)
    return made


@pytest.fixture
def plan() -> RunPlan:
    config = {"task": {"name": "translation", "root": None}, "optimizer": {"lr": 0.1, "betas": [0.9, 0.98]}, "seed": 0}
    return RunPlan(KEY, "sweep", "translation", "data", "lstm", 0, config)


def _rows(*steps: int) -> list[MetricRow]:
    return [row for s in steps for row in (_row("train/loss", s, 1 / s), _row("val/loss", s, 2 / s))]


def _row(name: str, step: int, value: float) -> MetricRow:
    return MetricRow(name, step, value, epoch=0.1 * step, examples=8 * step, seconds=float(step))


def _events(folder: Path) -> dict[str, list[tuple[int, float]]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def test_tensorboard_gets_every_row_and_the_final_metrics(folder: Path, plan: RunPlan) -> None:
    made = make_loggers(["tensorboard"], folder, plan)
    log_rows(made, _rows(1, 2))
    log_rows(made, [_row("train/loss", 4, float("nan"))])
    finish(made, {"test/bleu": 21.5}, step=4)
    assert made == []
    found = _events(folder)
    assert set(found) == {"train/loss", "val/loss", "test/bleu"}
    assert found["val/loss"] == [(1, 2.0), (2, 1.0)]
    assert [step for step, _ in found["train/loss"]] == [1, 2, 4]
    assert found["test/bleu"] == [(4, 21.5)]
    written = (folder / "tensorboard" / "hparams.yaml").read_text()
    assert f"key: {KEY}" in written
    assert "lr: 0.1" in written


def test_a_run_that_goes_on_replaces_what_was_logged_after_its_checkpoint(folder: Path, plan: RunPlan) -> None:
    made = make_loggers(["tensorboard"], folder, plan)
    log_rows(made, _rows(1, 2, 3))
    finish(made, {}, status="failed")
    made = make_loggers(["tensorboard"], folder, plan, step=2)
    log_rows(made, [_row("val/loss", 3, 9.0), _row("val/loss", 4, 8.0)])
    finish(made, {}, step=4)
    assert _events(folder)["val/loss"] == [(1, 2.0), (2, 1.0), (3, 9.0), (4, 8.0)]


def test_no_logger_is_no_work(folder: Path, plan: RunPlan) -> None:
    made = make_loggers([], folder, plan)
    log_rows(made, _rows(1))
    finish(made, {"test/bleu": 1.0})
    assert made == []
    assert list(folder.iterdir()) == []


def test_a_package_that_is_missing_is_named_with_its_command_when_the_run_is_composed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for name in ("tensorboard", "mlflow", "wandb"):
        with pytest.raises(ConfigError) as caught:
            compose([f"logger={name}"])
        assert str(caught.value) == (
            f"logger={name} needs a package that is not installed: pip install 'sequence-harness[{name}]'."
        )


@pytest.mark.parametrize("words", ["logger=tensorboard", "logger=[tensorboard]", "logger=[tensorboard,tensorboard]"])
def test_one_name_or_a_list_is_stored_as_a_list(words: str) -> None:
    assert to_settings(compose([words])).plain["logger"] == ["tensorboard"]


@pytest.mark.parametrize("words", ["logger=null", "logger=[]"])
def test_none_is_an_empty_list(words: str) -> None:
    assert to_settings(compose([words])).plain["logger"] == []


@pytest.mark.parametrize("words", ["logger=3", "logger=[tensorboard,3]", "logger={a:1}"])
def test_what_is_no_logger_is_refused(words: str) -> None:
    with pytest.raises(ConfigError, match=r"is not understood: write one name, a list, or names with arguments"):
        compose([words])


def test_an_unknown_logger_is_answered_with_those_that_exist() -> None:
    with pytest.raises(UnknownNameError, match=r"'tensorbord'. Did you mean 'tensorboard'\?.*CSVLogger.*csv, mlflow"):
        compose(["logger=tensorbord"])


def test_a_logger_by_its_class_takes_arguments_and_one_by_its_short_name_does_not(folder: Path, plan: RunPlan) -> None:
    with pytest.raises(ConfigError, match="logger=csv is set up by the harness and takes no arguments; name the class"):
        compose(["logger={csv:{name:mine}}"])
    (logger,) = make_loggers([{"CSVLogger": {"name": "mine", "version": "one"}}], folder, plan)
    log_rows([logger], _rows(1))
    finish([logger], {})
    assert (folder / "mine" / "one" / "metrics.csv").read_text().splitlines()[1] == "1,1.0,2.0"


def test_csv_has_every_row_and_a_run_that_goes_on_begins_another_file(folder: Path, plan: RunPlan) -> None:
    made = make_loggers("csv", folder, plan)
    log_rows(made, _rows(1, 2))
    finish(made, {}, status="failed")
    made = make_loggers("csv", folder, plan, step=1)
    log_rows(made, _rows(2))
    finish(made, {"test/bleu": 3.0}, step=2)
    first, second = folder / "csv" / "metrics.csv", folder / "csv" / "from_step_1" / "metrics.csv"
    assert first.read_text().split() == ["step,train/loss,val/loss", "1,1.0,2.0", "2,0.5,1.0"]
    assert second.read_text().split() == ["step,test/bleu,train/loss,val/loss", "2,,0.5,1.0", "2,3.0,,"]


def test_a_logger_that_fails_while_callbacks_write_to_it_stops_no_run(
    folder: Path, plan: RunPlan, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loggers, "_name", lambda logger: type(logger).__name__)
    failing: Any = _Failing()
    made = [failing]
    (given,) = shared(made)
    for step in (1, 2):
        given.log_metrics({"a": 1.0}, step=step)
    assert failing.calls == ["log"]
    assert made == []
    assert "logger '_Failing' failed and is no longer used: ConnectionError" in caplog.text


@pytest.fixture
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


@pytest.mark.usefixtures("no_login")
def test_wandb_goes_online_only_with_a_key_and_never_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_loggers(["wandb"])
    assert wandb_mode() == "offline"
    monkeypatch.setenv("WANDB_MODE", "online")
    with pytest.raises(ConfigError, match=r"there is no key\. Set WANDB_API_KEY.*WANDB_MODE=offline"):
        check_loggers(["wandb"])
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password secret\n")
    check_loggers(["wandb"])
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.delenv("HARNESS_OFFLINE", raising=False)
    assert wandb_mode() == "online"
    monkeypatch.setenv("HARNESS_OFFLINE", "1")
    assert wandb_mode() == "offline"


class _Failing:
    """A logger whose server goes away."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def log_metrics(self, metrics: Any, step: int) -> None:
        self.calls.append("log")
        raise ConnectionError("the server is away")

    def save(self) -> None:
        raise OSError("no space left")


def test_a_logger_that_fails_is_named_once_and_left_out(
    folder: Path, plan: RunPlan, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loggers, "_name", lambda logger: type(logger).__name__)
    failing: Any = _Failing()
    made = [failing, *make_loggers(["tensorboard"], folder, plan)]
    with caplog.at_level(logging.WARNING):
        log_rows(made, _rows(1))
        log_rows(made, _rows(2))
    assert failing.calls == ["log"]
    assert len(made) == 1
    (record,) = [r for r in caplog.records if "no longer used" in r.getMessage()]
    assert record.getMessage() == "logger '_Failing' failed and is no longer used: ConnectionError: the server is away"
    finish([failing], {})
    finish(made, {}, step=2)
    assert _events(folder)["val/loss"] == [(1, 2.0), (2, 1.0)]


def test_a_logger_that_cannot_begin_is_left_out(
    folder: Path, plan: RunPlan, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*args: object) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(loggers, "_mlflow", away)
    assert make_loggers(["mlflow"], folder, plan) == []
    assert "logger 'mlflow' failed and is no longer used" in caplog.text
