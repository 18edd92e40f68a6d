"""Completion knows the subcommands, and the words of `run` and `sweep`, without importing a plug-in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cli.completion import SCRIPTS, candidates


def test_subcommands_and_their_options() -> None:
    assert {"run", "sweep", "report", "list", "matrix"} <= set(candidates([""]))
    assert "complete" not in candidates([""])
    assert candidates(["ru"]) == ["run"]
    assert candidates(["list", "task"]) == ["tasks"]
    assert "--sweep" in candidates(["report", "--"])
    assert {"--workers", "--dry-run"} <= set(candidates(["sweep", "--"]))
    assert candidates(["completion", "b"]) == ["bash"]
    assert "translation" in candidates(["data", "fetch", "tr"])
    assert {"lstm", "translation"} <= set(candidates(["check", ""]))
    assert candidates(["new", "model", "mine", "--from", "bil"]) == ["bilstm"]
    assert candidates(["new", "task", "mine", "--from", "transl"]) == ["translation"]


def test_groups_and_their_choices() -> None:
    assert {"task=", "model=", "budget=", "optimizer."} <= set(candidates(["run", ""]))
    assert candidates(["run", "model=stacked"]) == ["model=stacked_lstm"]
    assert "experiment=quickstart" in candidates(["run", "experiment="])
    for name in ("trainer.precision", "precision"):
        assert candidates(["run", f"{name}="]) == [f"{name}=auto", f"{name}=bf16", f"{name}=fp32"]
    assert candidates(["run", "budget=st"]) == ["budget=steps:"]
    assert candidates(["run", "match="]) == ["match=params:", "match=total:"]
    assert candidates(["run", "logger=t"]) == ["logger=tensorboard"]


def test_options_of_the_plugins_that_are_chosen(site: Any) -> None:
    site.model("counting")
    assert candidates(["run", "model=counting", "model."]) == ["model.hidden_size="]
    assert "optimizer.lr=" in candidates(["run", "optimizer."])
    assert "task.loader.batch_size=" in candidates(["run", "task=translation", "task.lo"])
    assert "mod_counting" not in sys.modules


def test_a_list_goes_on_in_a_sweep() -> None:
    assert candidates(["sweep", "model=lstm,rn"]) == ["model=lstm,rnn"]
    assert "model=lstm,lstm" not in candidates(["sweep", "model=lstm,"])
    assert candidates(["run", "-m", "model=lstm,rn"]) == ["model=lstm,rnn"]
    assert candidates(["run", "model=lstm,rn"]) == []


def _bash(line: str, folder: Path) -> list[str]:
    """What bash offers at the end of a line."""
    stub = folder / "harness"
    stub.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m harness "$@"\n')
    stub.chmod(0o755)
    script = (
        f"{SCRIPTS['bash']}\nCOMP_LINE='{line}'; COMP_POINT={len(line)}; _harness_complete\n"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=os.environ | {"PATH": path}, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("harness sw", ["sweep"]),
        ("harness run task=text_g", ["text_generation"]),  # bash replaces what follows the = only
        ("harness run budget=steps:3 model=bil", ["bilstm"]),
        ("harness run task=translation optimizer.l", ["optimizer.label_smoothing=", "optimizer.lr="]),
    ],
)
def test_the_script_works_in_bash(tmp_path: Path, line: str, expected: list[str]) -> None:
    assert _bash(line, tmp_path) == expected


@pytest.mark.parametrize("shell", sorted(SCRIPTS))
def test_each_script_is_accepted_by_its_shell(shell: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(SCRIPTS[shell])
    assert "harness" in script.read_text()
    if shutil.which(shell):  # zsh and fish are not everywhere
        done = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
