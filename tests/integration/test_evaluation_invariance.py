"""An evaluation depends on the weights and the data alone: not on batch size, on order or on earlier calls."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.config.settings import DecodingSettings
from harness.nn.network import Network
from harness.registry.compatibility import check
from harness.registry.discovery import load_model, load_task, registry
from harness.testing.cases import TRAINER
from harness.training.evaluate import Evaluation, evaluate
from harness.training.load_data import load_data
from harness.training.seeding import seed_global

TASKS = registry().names("task")
MODELS = registry().names("model")


def _evaluations(task_name: str, model_name: str, method: str) -> dict[int, Evaluation] | None:
    """The same network on the test split with several batch sizes."""
    task, model = load_task(task_name)().tiny(), load_model(model_name)().tiny()
    if not check(task.signature, model.name, model.capabilities(task.signature)).compatible:
        return None
    data = load_data(replace(task, eval_limit=10))
    seed_global(0, "initialisation")
    network = Network(model, task.signature, data.input_spec, data.target_spec, TRAINER)
    decoding = DecodingSettings(method=method, beam_size=3, max_length=12)
    found = {}
    for size in (1, 3, 64):
        task.loader = replace(task.loader, batch_size=size, batch_tokens=None)
        found[size] = evaluate(network, task, data, data.test, decoding)
    return found


@pytest.mark.parametrize("method", ["greedy", "beam"])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("task", TASKS)
def test_the_batch_size_changes_nothing(task: str, model: str, method: str, tmp_path: Path) -> None:
    found = _evaluations(task, model, method)
    if found is None:
        assert model == "bilstm"
        assert load_task(task).target_type.needs.causal
        return
    one = found[1]
    for other in (found[3], found[64]):
        assert other.loss == pytest.approx(one.loss, abs=1e-5)
        assert other.metrics == pytest.approx(one.metrics, abs=1e-4, nan_ok=True)
        assert [p.id for p in other.predictions] == [p.id for p in one.predictions]
        assert [p.text for p in other.predictions] == [p.text for p in one.predictions]
        for a, b in zip(one.predictions, other.predictions, strict=True):
            assert b.nats == pytest.approx(a.nats, abs=1e-4, rel=1e-5)
