"""The commands that people wait for import nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "pytorch_lightning", "torchaudio", "torchvision", "sklearn", "scipy", "matplotlib", "av", "minigrid")
COMMANDS = ["--help", "list tasks", "list models", "list tasks --json", "run --help", "completion bash"]
PROGRAM = """
import runpy, sys
sys.argv = ["harness", *sys.argv[1:]]
try:
    runpy.run_module("harness", run_name="__main__")
except SystemExit as stop:
    assert not stop.code, stop.code
print("loaded:", *sorted(sys.modules))
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_heavy_is_imported(command: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, *command.split()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.rpartition("loaded:")[2].split()
    assert "harness.cli.main" in loaded
    assert not [name for name in HEAVY if name in loaded]
    if command.startswith("list"):
        assert not [name for name in loaded if name.startswith(("harness_tasks.", "harness_models."))]
