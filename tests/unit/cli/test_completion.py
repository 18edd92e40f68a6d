"""Completion knows the subcommands, and the words of `run` and `sweep`, without importing a plug-in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from harness.cli.completion import checked_words, hydra_words, plugin_names
from harness.cli.main import app


def candidates(words: list[str]) -> list[str]:
    """Completions of the last of the words of a run or a sweep, as from a shell that passes whole words."""
    command = get_command(app).commands[words[0]]  # type: ignore[attr-defined]
    with command.make_context(words[0], words[1:-1], resilient_parsing=True) as context:
        return (checked_words if words[0] == "check" else hydra_words)(context, words[-1])


def test_plug_ins_are_known_by_kind() -> None:
    assert plugin_names("model")("bil") == ["bilstm"]
    assert {"lstm", "translation"} <= set(plugin_names("task", "model")(""))


def test_groups_and_their_choices() -> None:
    assert {"task=", "model=", "budget=", "optimizer."} <= set(candidates(["run", ""]))
    assert candidates(["run", "model=stacked"]) == ["model=stacked_lstm"]
    assert "experiment=quickstart" in candidates(["run", "experiment="])
    for name in ("trainer.precision", "precision"):
        assert candidates(["run", f"{name}="]) == [f"{name}=auto", f"{name}=bf16", f"{name}=fp32"]
    assert candidates(["run", "budget=st"]) == ["budget=steps:", "budget=steps:..."]  # no space after an only one
    assert candidates(["run", "match="]) == ["match=params:", "match=state:", "match=total:"]
    assert candidates(["run", "logger=t"]) == ["logger=tensorboard"]


def test_options_of_the_plugins_that_are_chosen(site: Any) -> None:
    site.model("counting")
    assert candidates(["run", "model=counting", "model."]) == ["model.hidden_size=", "model.hidden_size=..."]
    assert "optimizer.lr=" in candidates(["run", "optimizer."])
    assert "task.loader.batch_size=" in candidates(["run", "task=translation", "task.lo"])
    assert "mod_counting" not in sys.modules


def test_a_check_completes_the_options_of_its_plug_in() -> None:
    assert candidates(["check", "lstm", ""]) == ["model.", "model...."]
    assert set(candidates(["check", "model.gru", "model."])) == {
        f"model.{o}=" for o in ("hidden_size", "dropout", "layers")
    }
    assert "task.vocab_size=" in candidates(["check", "translation", "task."])
    fsdd = candidates(["check", "dataset.speech_recognition.fsdd", "task."])
    assert "task.root=" in fsdd
    assert candidates(["check", "lstm", "task="]) == []
    assert "task=translation" in candidates(["check", "--data", "lstm", "task="])
    assert "task.vocab_size=" in candidates(["check", "--data", "lstm", "task=translation", "task.vo"])
    assert candidates(["check", "target.ctc", ""]) == []
    assert candidates(["check", "nothing", ""]) == []


def test_data_sets_of_the_task_and_their_options() -> None:
    before = set(sys.modules)
    speech = ["run", "task=speech_recognition"]
    names = ["an4", "digit_strings", "folder", "fsdd", "librispeech", "tones", "yesno"]
    assert candidates([*speech, "task.dataset="]) == [f"task.dataset={name}" for name in names]
    assert candidates(["run", "task.dataset=multi"]) == ["task.dataset=multi30k"]
    fsdd = candidates([*speech, "task.dataset=fsdd", "task."])
    # Its own, those of the two classes that it derives from, the base class's, and the task's.
    assert {f"task.{name}=" for name in ("root", "strings", "hop_ms", "subsampling", "spec_augment")} <= set(fsdd)
    assert "task.root=" not in candidates([*speech, "task.dataset=tones", "task."])
    assert "task.root=" in candidates([*speech, "task."])  # no data set chosen: the options of all
    assert not {name for name in set(sys.modules) - before if name.startswith("harness_datasets")}


def test_a_list_goes_on_in_a_sweep() -> None:
    assert candidates(["sweep", "model=lstm,rn"]) == ["model=lstm,rnn"]
    assert "model=lstm,lstm" not in candidates(["sweep", "model=lstm,"])
    assert candidates(["run", "-m", "model=lstm,rn"]) == ["model=lstm,rnn"]
    assert candidates(["run", "model=lstm,rn"]) == []


def _shell(shell: str, **asked: str) -> list[str]:
    """What Typer's script for a shell gets from the command."""
    environment = os.environ | {"_HARNESS_COMPLETE": f"complete_{shell}"} | asked
    done = subprocess.run(
        [sys.executable, "-m", "harness"], capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [  # bash splits words at = and : and replaces what follows the last of them
        ("harness sw", ["sweep"]),
        ("harness run task = text_g", ["text_generation"]),
        ("harness run budget =", ["epochs:", "seconds:", "steps:", "tokens:"]),
        ("harness run budget = steps : 3 model = bil", ["bilstm"]),
        ("harness run task = translation optimizer.l", ["optimizer.label_smoothing=", "optimizer.lr="]),
        ("harness new model mine --from bil", ["bilstm"]),
    ],
)
def test_what_bash_asks_is_answered(words: str, expected: list[str]) -> None:
    asked = words.replace(" ", "\n")
    assert _shell("bash", COMP_WORDS=asked, COMP_CWORD=str(words.count(" "))) == expected


def test_other_shells_get_whole_words() -> None:
    found = _shell("fish", _TYPER_COMPLETE_ARGS="harness run task=text_g", _TYPER_COMPLETE_FISH_ACTION="get-args")
    assert found == ["task=text_generation"]


def test_bash_takes_the_script(tmp_path: Path) -> None:
    environment = os.environ | {"_HARNESS_COMPLETE": "source_bash"}
    script = subprocess.run([sys.executable, "-m", "harness"], capture_output=True, text=True, env=environment).stdout
    command = ["bash", "-c", 'eval "$1"; complete -p harness', "_", script]
    assert (
        "-F _harness_completion harness" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    )
