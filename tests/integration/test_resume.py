"""A run that is killed at any moment and started again ends exactly as one that was left alone."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "killed_runs.py"
KILL, TERM = signal.SIGKILL.value, signal.SIGTERM.value

CASES = {
    "steps": ("task=first_symbol", "model=lstm", "budget=steps:20", "optimizer.lr=0.02"),
    "tokens": ("task=text_generation", "model=attention_lstm", "budget=tokens:2500"),
    "epochs": ("task=speech_recognition", "model=bilstm", "budget=epochs:3"),
    "callbacks": (
        *("task=first_symbol", "model=lstm", "budget=steps:14"),
        "trainer.callbacks=[LearningRateMonitor,{EMAWeightAveraging:{decay:0.5}},{EarlyStopping:{monitor:val/loss}}]",
    ),
    "own_training": ("task=text_generation", "model=lookahead", "budget=steps:12", "trainer.precision=bf16"),
    "dropout": ("task=action_recognition", "model=cnn_lstm", "budget=steps:14", "trainer.head_dropout=0.5"),
}
ROUNDS: dict[str, tuple[tuple[str, int, int], ...]] = {  # of each round, the moments: at, number, signal
    "early": (("step", 1, KILL),),
    "often": (("step", 2, KILL), ("step", 4, KILL), ("step", 3, KILL)),
    "validating": (("validating", 2, KILL),),
    "saving": (("saving", 3, KILL), ("saving", 4, KILL), ("saving", 2, KILL)),
    "half_written": (("replacing", 4, KILL), ("replacing", 5, KILL)),
    "testing": (("testing", 1, KILL),),
    "stopped": (("step", 5, TERM), ("validating", 1, TERM)),
}
COVERED = {  # each round once, and each case; all rounds of all cases are exhaustive
    "steps": ("often", "half_written"),
    "tokens": ("saving",),
    "epochs": ("validating", "stopped"),
    "own_training": ("often",),  # parameter groups, an auxiliary loss, weights clamped after each step
    "dropout": ("early", "testing"),
}
COMMON = ("experiment=generated", "trainer.log_every=3", "trainer.validations=4")


def _moment(at: str, number: int, sent: int = KILL, spoil: str = "") -> dict[str, Any]:
    return {"at": at, "number": number, "signal": sent, "spoil": spoil}


def _play(
    cli: Any, rounds: dict[str, list[dict[str, Any]]], *words: str, every: str = "0", calm: bool = True
) -> dict[str, dict[str, Any]]:
    rounds = {"calm": [], **rounds} if calm else rounds
    plan = {"words": [*COMMON, f"trainer.checkpoint_every_s={every}", *words], "rounds": rounds}
    (cli.folder / "plan.json").write_text(json.dumps(plan))
    done = cli.script(str(SCRIPT), str(cli.folder), str(cli.folder / "plan.json"), PYTHONWARNINGS="default")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _same(run: dict[str, Any], calm: dict[str, Any]) -> None:
    """Equal to the last digit in everything but seconds, which are measured."""
    assert run["status"] == "finished"
    assert [row[:-1] for row in run["rows"]] == [row[:-1] for row in calm["rows"]]
    assert run["metrics"] == calm["metrics"]
    assert run["checkpoint"] == calm["checkpoint"]
    assert "last.ckpt" not in run["files"]


@pytest.mark.parametrize(
    ("case", "names"),
    [pytest.param(case, names, id=f"{case}-{'-'.join(names)}") for case, names in COVERED.items()]
    + [pytest.param(case, tuple(ROUNDS), id=f"{case}-all", marks=pytest.mark.exhaustive) for case in CASES],
)
def test_a_killed_run_ends_with_the_curve_and_the_metrics_of_a_calm_one(
    cli: Any, case: str, names: tuple[str, ...]
) -> None:
    rounds = {name: [_moment(*each) for each in ROUNDS[name]] for name in names}
    ended = _play(cli, rounds, *CASES[case])
    assert len(ended["calm"]["rows"]) > 6
    for name, moments in rounds.items():
        assert ended[name]["attempts"] == len(moments) + 1, name
        assert all(part["exit"] != 0 for part in ended[name]["parts"]), name
        _same(ended[name], ended["calm"])


def test_a_kill_far_from_the_last_checkpoint_is_no_different(cli: Any) -> None:
    rounds = {"late": [_moment("step", 19)], "twice": [_moment("step", 9), _moment("step", 9)]}
    ended = _play(cli, rounds, *CASES["steps"], every="3600")
    for name in rounds:
        _same(ended[name], ended["calm"])


def test_samples_of_symbols_are_drawn_on(cli: Any) -> None:
    words = ("task=translation", "model=lstm", "budget=steps:16", "trainer.softmax=sampled")
    ended = _play(cli, {"killed": [_moment("step", 5), _moment("step", 4)]}, *words)
    _same(ended["killed"], ended["calm"])


def test_a_run_asked_to_stop_writes_its_checkpoint_and_is_interrupted(cli: Any) -> None:
    rounds = {"stopped": [_moment("step", 7, TERM)]}
    (part,) = _play(cli, rounds, *CASES["steps"], every="3600", calm=False)["stopped"]["parts"]
    assert part["exit"] == 4 << 8  # ended by itself, not by the signal
    assert part["status"] == "interrupted"
    assert part["last_step"] == 7


def test_damaged_and_hostile_checkpoints_are_set_aside_and_the_run_starts_anew(cli: Any) -> None:
    rounds = {kind: [_moment("step", 8, spoil=kind)] for kind in ("flip", "cut", "bomb")}
    ended = _play(cli, rounds, *CASES["steps"])
    for run in (ended[kind] for kind in rounds):
        _same(run, ended["calm"])
        assert "exploded" not in run["files"]
        assert "last.ckpt.unusable" in run["files"]
        assert "the run starts anew" in run["log"]


def test_the_clock_adds_up_the_parts_and_leaves_out_the_gap(cli: Any) -> None:
    ended = _play(cli, {"parts": [_moment("step", 9), _moment("step", 6)]}, *CASES["steps"], calm=False)["parts"]
    assert sum(ended["phases"].values()) == pytest.approx(ended["total_s"])
    seconds = [row[-1] for row in ended["rows"] if row[0] == "train/loss"]
    assert seconds == sorted(seconds)
    first, second = ended["parts"]
    kept = {(row[0], row[1]): row for row in first["rows"] if row[1] <= first["last_step"]}
    assert kept
    assert all(row in ended["rows"] for row in kept.values())  # with the seconds that the first process measured
    assert second["total_s"] is None


def test_a_budget_of_seconds_goes_on_with_the_seconds_that_remain(cli: Any) -> None:
    words = (*CASES["steps"][:2], "budget=seconds:1")
    ended = _play(cli, {"killed": [_moment("step", 5)]}, *words, calm=False)["killed"]
    assert ended["status"] == "finished"
    before = max(row[-1] for row in ended["parts"][0]["rows"])
    after = [row[-1] for row in ended["rows"] if row[0] == "train/loss"]
    assert 0 < before < 1
    assert after == sorted(after)
    assert before in after
    assert after[-1] >= 1
    assert ended["train_s"] >= 1


def test_two_processes_never_share_a_run_folder(cli: Any) -> None:
    words = ["experiment=generated", *CASES["steps"], "budget=seconds:1000", "trainer.checkpoint_every_s=0"]
    first = cli.start("run", *words, quiet=True)
    try:
        while not list(cli.folder.glob("results/runs/*/last.ckpt")):
            assert first.poll() is None
        said = cli("run", *words, "trainer.threads=1").stdout
        assert "Another process is running this run" in said
        # Other threads are another environment with a row of its own, but the folder is the same.
        said = cli("run", *words, "trainer.threads=2").stdout
        assert "Another process is running this run" in said
    finally:
        first.send_signal(signal.SIGTERM)
        try:
            first.wait(120)
        finally:
            first.kill()
    (run,) = cli.runs()
    assert run["status"] == "interrupted"


@pytest.mark.parametrize("what", ["folder", "log.txt"])
def test_a_run_folder_that_leads_elsewhere_is_refused(cli: Any, what: str) -> None:
    words = ("run", "experiment=generated", *CASES["steps"], "budget=steps:1")
    cli(*words)
    (run,) = cli.runs()
    folder = cli.folder / "results" / "runs" / run["key"]
    elsewhere = cli.folder / "elsewhere"
    moved = folder if what == "folder" else folder / what
    moved.rename(elsewhere)
    moved.symlink_to(elsewhere)
    (cli.folder / "results" / "store.db").unlink()
    said = cli(*words, code=2).stderr
    assert "is a link to another place" in said
    assert str(moved.name) in said
