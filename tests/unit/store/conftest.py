"""Plans, environments and summaries for the tests of the store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from postgresql_server import POSTGRESQL

from harness.store import Store
from harness.store.records import EnvironmentRecord, PredictionRow, RunPlan, RunSummary, SampleRow


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=POSTGRESQL)])
def url(request: pytest.FixtureRequest) -> str:
    """An address where no store is yet, once for every database."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'results' / 'store.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


@pytest.fixture
def make_plan() -> Callable[..., RunPlan]:
    def make(name: str = "lstm", *, sweep: str = "quick", seed: int = 0, **more: Any) -> RunPlan:
        values: dict[str, Any] = {
            "key": hashlib.sha256(f"{name} {seed}".encode()).hexdigest(),
            "sweep": sweep,
            "task": "translation",
            "dataset": "strings",
            "model": name,
            "seed": seed,
            "config": {"budget": "steps:10"},
            "primary": {"name": "bleu", "unit": "BLEU", "higher_is_better": True},
        }
        return RunPlan(**{**values, **more})

    return make


@pytest.fixture
def environment() -> EnvironmentRecord:
    return EnvironmentRecord("e" * 64, {"processor": "made up", "threads": 1}, {"load": 0.5})


@pytest.fixture
def summary() -> RunSummary:
    return RunSummary(
        metrics={"test/bleu": 21.5, "val/loss": 1.25},
        primary_value=21.5,
        parameters=1234,
        encoder_parameters=800,
        decoder_parameters=200,
        details={"latency": {"one": {"calls": 20, "p50_ms": 2.5}}},
        phases={"forward": 1.5, "data_wait": 0.25},
        total_s=3.0,
        train_s=2.0,
        throughput=100.0,
        throughput_unit="target tokens/s",
        memory_peak_bytes=10_000,
        checkpoint={"chosen_by": "val/loss", "step": 8, "value": 1.25},
        artifacts={"model": "model.safetensors", "config": "config.yaml"},
        charts={"confusion": {"labels": ["a", "b"], "matrix": [[1, 0], [0, 1]]}},
        memory={"kind": "pss", "base_bytes": 500, "training_peak_bytes": 9000},
        machine={"load_average_mean": 0.5, "contended": False},
        energy={"joules": 12.5, "method": "rapl"},
    )


@pytest.fixture
def outputs() -> tuple[list[PredictionRow], list[SampleRow]]:
    rows = [PredictionRow(f"ex-{i}", f"in {i}", f"right {i}", f"out {i}", {"bleu": [i, 1]}) for i in range(5)]
    return rows, [SampleRow("first", "in 0", "right 0", "out 0")]
