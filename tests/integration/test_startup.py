"""The commands that people wait for import nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("torch", "pytorch_lightning", "torchaudio", "torchvision", "sklearn", "scipy", "matplotlib", "av", "minigrid"),
    "datasets",
)
COMMANDS = ["--help", "list tasks", "list models", "list tasks --json", "run --help", "predict --help"]
UNUSED = ("torchaudio", "sklearn", "av", "minigrid", "pandas", "jinja2", "scipy.signal", "scipy.stats", "datasets")
RUN = (
    "run task=text_generation task.dataset=counting task.generated_characters=2000 task.loader.batch_size=4 "
    "task.loader.bptt=32 model=lstm model.hidden_size=8 trainer.embedding_dim=8 trainer.validations=1 budget=steps:2"
)
PROGRAM = """
import runpy, sys
sys.argv = ["harness", *sys.argv[1:]]
try:
    runpy.run_module("harness", run_name="__main__")
except SystemExit as stop:
    assert not stop.code, stop.code
print("loaded:", *sorted(sys.modules))
"""


def _loaded(command: str) -> list[str]:
    """Modules that a command has imported when it ends."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *command.split()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("loaded:")[2].split()


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_heavy_is_imported(command: str) -> None:
    loaded = _loaded(command)
    assert "harness.cli.main" in loaded
    assert not [name for name in HEAVY if name in loaded]
    if command.startswith("list"):
        assert not [
            name for name in loaded if name.startswith(("harness_tasks.", "harness_datasets.", "harness_models."))
        ]


def test_a_run_imports_nothing_that_it_does_not_use() -> None:
    loaded = _loaded(RUN)
    assert {"torch", "pytorch_lightning"} <= set(loaded)
    assert not [name for name in UNUSED if name in loaded]
    used = {name.split(".")[1] for name in loaded if name.startswith("harness_tasks.")}
    assert used == {"text", "text_corpus", "text_generation"}


def test_predicting_imports_neither_lightning_nor_what_it_does_not_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_RESULTS", str(tmp_path))
    _loaded(RUN)
    (folder,) = (tmp_path / "runs").iterdir()
    loaded = _loaded(f"predict {folder} one --with decoding.sample_length=4")
    assert "torch" in loaded
    assert not [name for name in (*UNUSED, "pytorch_lightning", "torchmetrics", "matplotlib") if name in loaded]
