"""What a model costs: intervals over seeds, with times only of runs that had the machine to themselves."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from harness.report.costs import Costs, costs_of
from harness.report.load import load
from harness.store import Store
from harness.store.records import RunSummary

Enter = Callable[..., None]


@pytest.fixture
def ran(store: Store, made_up) -> Enter:
    """Enter one finished run."""

    def enter(model: str, seed: int, train_s: float, *, kind: str = "model", contended: bool = False, **more) -> None:
        plan = made_up.plan("translation", model, seed, kind=kind)
        run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
        summary = RunSummary({"test/bleu": 1.0}, 1.0, 1000, 600, {}, 9.0, train_s, machine={"contended": contended})
        for name, value in more.items():
            setattr(summary, name, value)
        store.finish(run_id, summary, [], [])

    return enter


def _latency(p50: float, factor: float | None = None) -> dict[str, object]:
    one = {"examples": 1, "calls": 20, "p50_ms": p50, "p95_ms": 2 * p50}
    one |= {} if factor is None else {"real_time_factor": factor}
    return {"latency": {"one": one, "batch": {"examples": 32, "calls": 5, "p50_ms": 9 * p50, "p95_ms": 10 * p50}}}


def _costs(store: Store) -> dict[str, Costs]:
    return costs_of(load(store).comparisons[0])


def test_every_cost_is_an_interval_over_seeds(store: Store, ran: Enter):
    for seed, off in enumerate((-1.0, 0.0, 1.0)):
        memory = {"training_peak_bytes": 100 + off, "evaluation_peak_bytes": 50 + off}
        ran("lstm", seed, 10 + off, throughput=500 + off, memory=memory, details=_latency(4 + off, 0.02))
    found = _costs(store)["lstm"]
    names = {"training_s": 10, "throughput": 500, "training_memory": 100, "inference_memory": 50, "latency_1_ms": 4}
    for name, mean in names.items():
        summary = getattr(found, name)
        assert (summary.mean, summary.seeds) == (mean, 3), name
        assert summary.half_width == pytest.approx(2.484, abs=1e-3), name  # t(0.975, 2) / sqrt(3)
    assert (found.latency_1_p95_ms.mean, found.latency_batch_ms.mean, found.batch) == (8, 36, 32)
    assert (found.parameters.mean, found.parameters.half_width) == (1000, 0)
    assert found.real_time_factor.mean == 0.02
    assert (found.runs, found.contended, found.ranked) == (3, 0, True)


def test_times_of_contended_runs_are_left_out_but_not_their_memory(store: Store, ran: Enter):
    memory = {"training_peak_bytes": 100}
    ran("lstm", 0, 10.0, memory=memory, details=_latency(4))
    ran("lstm", 1, 90.0, memory=memory, details=_latency(70), contended=True)
    found = _costs(store)["lstm"]
    assert (found.training_s.values, found.latency_1_ms.values) == ((10.0,), (4.0,))
    assert found.training_memory.seeds == 2
    assert (found.contended, found.ranked) == (1, True)


def test_times_of_contended_runs_alone_are_shown_and_not_ranked(store: Store, ran: Enter):
    ran("lstm", 0, 90.0, contended=True, memory={"training_peak_bytes": 100})
    found = _costs(store)["lstm"]
    assert found.training_s.mean == 90
    assert not found.ranked
    assert found.comparable("training_s") is None
    assert found.comparable("training_memory").mean == 100


def test_what_was_not_measured_is_none(store: Store, ran: Enter):
    ran("lstm", 0, 10.0)
    ran("rnn", 0, 10.0, details={"latency": "damaged"})
    ran("baseline:copy", 0, 0.0, kind="baseline")
    found = _costs(store)
    assert set(found) == {"lstm", "rnn"}
    assert found["lstm"].latency_1_ms is found["lstm"].inference_memory is found["rnn"].latency_batch_ms is None
