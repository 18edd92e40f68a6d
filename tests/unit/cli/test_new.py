"""`harness new`: what it prints, and what becomes of mistakes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("kind", ["model", "task"])
def test_it_ends_with_the_commands_to_type_next(harness: Any, tmp_path: Path, kind: str) -> None:
    code, out, err = harness("new", kind, "my_own")
    assert (code, err) == (0, "")
    assert f"the {kind} is harness-my_own/harness_my_own/my_own.py" in out
    commands = [shlex.split(line) for line in re.findall(r"^  (.*)$", out, re.MULTILINE)]
    assert commands == [
        ["pip", "install", "-e", "./harness-my_own[test]"],
        ["harness", "check", "my_own"],
        ["harness", "sweep", "experiment=my_own"],
        ["harness", "report", "--sweep", "my_own"],
    ]
    assert (tmp_path / "harness-my_own" / "pyproject.toml").is_file()


def test_a_folder_with_a_blank_is_quoted(harness: Any, tmp_path: Path) -> None:
    _, out, _ = harness("new", "model", "mine", "--into", "a b")
    assert "pip install -e './a b[test]'" in out
    _, out, _ = harness("new", "model", "mine", "--into", str(tmp_path / "there"))
    assert f"pip install -e '{tmp_path}/there[test]'" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model", "My-Net"], "'My-Net' cannot be the name of a model: write a lower-case identifier"),
        (["task", "class"], "it is a keyword of Python"),
        (["model", "lstm"], "taken by the plug-in 'model.lstm' of distribution 'sequence-harness'"),
        (["model", "mine", "--from", "lstn"], "Did you mean 'lstm'?"),
        (["task", "mine", "--from", "translation"], "No such option: --from"),
        (["model", "mine", "--into", "full"], "'full' already contains files; nothing was written"),
        (["metric", "mine"], "No such command 'metric'"),
    ],
)
def test_wrong_input_gets_one_message_exit_code_2_and_no_file(
    harness: Any, tmp_path: Path, words: list[str], message: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").write_text("kept")
    code, out, err = harness("new", *words)
    assert code == 2
    assert message in err
    assert "Traceback" not in out + err
    assert [path.name for path in sorted(tmp_path.rglob("*"))] == ["full", "kept"]


def test_help_loads_neither_torch_nor_templates() -> None:
    program = "import sys, harness.cli.main; print(*[m for m in ('torch', 'jinja2', 'yaml') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_an_example_is_written_without_torch(tmp_path: Path) -> None:
    program = "import sys; from harness.scaffold import create; create('model', 'mine'); print('torch' in sys.modules)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
