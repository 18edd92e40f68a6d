"""MLflow and Weights & Biases for real, in an environment of their own that borrows torch: the values arrive.

Their dependencies are not ours, so they are not installed beside the tests. Needs the network, for pip.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "a" * 64
pytestmark = pytest.mark.service

LOG = """
import sys
from pathlib import Path
from harness.store.records import MetricRow, RunPlan
from harness.training.loggers import finish, log_rows, make_loggers

name, folder, first = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
config = {"optimizer": {"lr": 0.1, "betas": [0.9, 0.98]}, "task": {"root": None}, "seed": 0}
plan = RunPlan("a" * 64, "my sweep", "translation", "data", "lstm", 0, config)
made = make_loggers([name], folder, plan, step=first - 1)
assert len(made) == 1
log_rows(made, [MetricRow("val/loss", step, 1 / step, 0.0, 0, 0.0) for step in range(first, first + 3)])
log_rows(made, [MetricRow("train/loss", first + 2, 0.5, 0.0, 0, 0.0)])
assert len(made) == 1, "left out"
finish(made, {"test/bleu": 21.5} if first > 1 else {}, step=first + 2, status="success" if first > 1 else "failed")
"""

READ_MLFLOW = """
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
(experiment,) = [e for e in client.search_experiments() if e.name == "my sweep"]
runs = client.search_runs([experiment.experiment_id])
found = [{
    "name": run.info.run_name, "status": run.info.status, "params": run.data.params, "tags": run.data.tags,
    "metrics": {
        name: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, name)] for name in run.data.metrics
    },
} for run in runs]
print(json.dumps(found))
"""

# A file of wandb is a log of LevelDB's kind: blocks of 32 KiB with records of (checksum, length, kind).
READ_WANDB = """
import json, struct, sys
from pathlib import Path
from wandb.proto import wandb_internal_pb2 as proto
found = {"history": [], "config": {}, "projects": []}
for path in sorted(Path(sys.argv[1]).glob("wandb/offline-run-*/*.wandb")):
    data, at, whole = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            record = proto.Record()
            record.ParseFromString(whole)
            whole = b""
            read = lambda items: {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in items}
            if record.HasField("history"):
                found["history"].append(read(record.history.item))
            if record.HasField("config"):
                found["config"] |= read(record.config.update)
            if record.HasField("run"):
                found["projects"].append([record.run.project, record.run.run_id, record.run.run_group])
print(json.dumps(found))
"""


def _do(*words: str | Path, folder: Path, **environment: str) -> str:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HARNESS_", "PYTHONPATH", "WANDB_", "MLFLOW_"))}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=kept | {"OMP_NUM_THREADS": "1", "NETRC": str(folder / "no-netrc")} | environment,
        capture_output=True,
        text=True,
        timeout=540,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "left out" not in done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has both packages, and borrows the rest."""
    folder = tmp_path_factory.mktemp("loggers")
    _do(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    made = folder / "venv" / "bin" / "python"
    packages = _do(made, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder).strip()
    borrowed = [sysconfig.get_path("purelib"), str(ROOT), str(ROOT / "plugins")]
    (Path(packages) / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    pip = (sys.executable, "-m", "pip", "--python", made, "install", "-q", "-c", ROOT / "constraints.txt")
    _do(*pip, "mlflow-skinny>=2.20", "alembic>=1.15", "wandb>=0.19", folder=folder)
    return made


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    made = tmp_path / "results" / "runs" / KEY
    made.mkdir(parents=True)
    return made


def _mlflow(python: Path, uri: str, folder: Path) -> dict[str, Any]:
    (run,) = json.loads(_do(python, "-c", READ_MLFLOW, uri, folder=folder).splitlines()[-1])
    return run


def test_mlflow_gets_settings_curve_and_final_metrics_in_one_run_though_it_was_interrupted(
    python: Path, run_folder: Path, tmp_path: Path
) -> None:
    _do(python, "-c", LOG, "mlflow", run_folder, "1", folder=tmp_path)
    uri = f"sqlite:///{tmp_path / 'results' / 'mlflow.db'}"
    assert _mlflow(python, uri, tmp_path)["status"] == "FAILED"
    _do(python, "-c", LOG, "mlflow", run_folder, "4", folder=tmp_path)
    run = _mlflow(python, uri, tmp_path)
    assert run["status"] == "FINISHED"
    assert run["name"] == f"translation × lstm, seed 0 ({KEY[:8]})"
    assert run["tags"]["harness.key"] == KEY
    assert run["params"]["optimizer/lr"] == "0.1"
    assert run["metrics"]["val/loss"] == [[step, pytest.approx(1 / step)] for step in range(1, 7)]
    assert run["metrics"]["test/bleu"] == [[6, 21.5]]


def test_mlflow_goes_where_its_own_variable_says(python: Path, run_folder: Path, tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mine.db'}"
    _do(python, "-c", LOG, "mlflow", run_folder, "4", folder=tmp_path, MLFLOW_TRACKING_URI=uri)
    assert _mlflow(python, uri, tmp_path)["metrics"]["test/bleu"] == [[6, 21.5]]
    assert not (tmp_path / "results" / "mlflow.db").exists()


def test_wandb_writes_files_offline_and_asks_nobody(python: Path, run_folder: Path, tmp_path: Path) -> None:
    _do(python, "-c", LOG, "wandb", run_folder, "4", folder=tmp_path)
    found = json.loads(_do(python, "-c", READ_WANDB, run_folder, folder=tmp_path).splitlines()[-1])
    losses = {row["trainer/global_step"]: row["val/loss"] for row in found["history"] if "val/loss" in row}
    assert losses == {step: pytest.approx(1 / step) for step in (4, 5, 6)}
    assert [row["test/bleu"] for row in found["history"] if "test/bleu" in row] == [21.5]
    assert found["config"]["optimizer"]["lr"] == 0.1
    assert found["projects"][0] == ["sequence-harness", KEY[:32], "my sweep"]


def test_wandb_that_is_disabled_writes_nothing(python: Path, run_folder: Path, tmp_path: Path) -> None:
    _do(python, "-c", LOG, "wandb", run_folder, "4", folder=tmp_path, WANDB_MODE="disabled")
    assert not list(run_folder.glob("wandb/*run-*"))
