"""What the benchmarks of data and decoding measure; how quick this machine is, no test asserts."""

from __future__ import annotations

from typing import Any

import pytest

from harness.bench import data_wait, decoding
from harness.config.composition import experiment_grids
from harness.config.settings import RunSettings, TrainerSettings
from harness.registry.discovery import load_model, load_task, registry


@pytest.mark.parametrize("name", registry().names("task"))
def test_the_wait_is_a_part_of_the_step_on_every_task(name: str) -> None:
    settings = RunSettings(load_task(name)().tiny(), load_model("lstm")().tiny(), trainer=TrainerSettings(device="cpu"))
    row = data_wait.data_wait_row(settings, rounds=3, steps=4)
    assert row.name == f"data-wait-{name}"
    assert 0 < row.a < row.b
    assert 0 < row.ratio < 1
    assert row.limit == 0.02


def test_every_task_of_the_quick_start_is_measured_with_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[RunSettings] = []

    def noted(settings: RunSettings, rounds: int, steps: int) -> Any:
        seen.append(settings)
        return rounds, steps

    monkeypatch.setattr(data_wait, "data_wait_row", noted)
    tasks = experiment_grids(["experiment=quickstart"]).common["task"]
    assert data_wait.data_wait_rows(2, 3) == [(2, 3)] * len(tasks)
    assert [s.task.name for s in seen] == tasks
    assert {s.model.name for s in seen} == {"lstm"}
    assert seen[tasks.index("text_generation")].trainer.embedding_dim == 64  # not the default of 256


def test_both_ways_of_decoding_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SEARCHED_ROWS": 6, "SINGLE": 6, "_VOCABULARY": 40, "_SYMBOLS": 5, "_FRAMES": 12}.items():
        monkeypatch.setattr(decoding, name, value)
    rows = decoding.decoding_rows(2)
    assert [row.name for row in rows] == ["beam-batched-vs-single", "ctc-beam-batched-vs-single"]
    for row in rows:
        assert "6 of 6 outputs equal" in row.about
        assert row.a > 0 < row.b
