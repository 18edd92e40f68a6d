"""What a run records of its costs, in words, whatever the store holds."""

from __future__ import annotations

import pytest

from harness.store.training_details import latency_words, memory_words, milliseconds


def test_latency_is_told_for_one_example_and_for_a_batch() -> None:
    one = {"examples": 1, "calls": 40, "p50_ms": 2.1254, "p95_ms": 3.5, "real_time_factor": 0.0042}
    batch = {"examples": 128, "calls": 1, "p50_ms": 21.3, "p95_ms": 21.3}
    assert latency_words({"latency": {"one": one, "batch": batch}}) == [
        ("latency, one example", "2.13 ms; 95 % within 3.5 ms (40 calls)"),
        ("real-time factor", "0.0042 s per second of signal"),
        ("latency, batch of 128", "21.3 ms (1 call)"),
    ]


def test_latency_of_a_model_of_text_says_how_much_it_wrote() -> None:
    details = {"latency": {"one": {"calls": 3, "p50_ms": 1500.0, "p95_ms": 1600.0}, "symbols": 50}}
    assert latency_words(details) == [("latency, one example", "1,500 ms for 50 symbols (3 calls)")]


@pytest.mark.parametrize("details", [{}, {"latency": None}, {"latency": {"one": 3}}, {"latency": {"one": {}}}])
def test_nothing_is_said_of_what_was_not_measured(details: dict[str, object]) -> None:
    assert latency_words(details) == []


def test_memory_of_training_and_inference_stand_apart() -> None:
    memory = {"kind": "pss", "base_bytes": 1, "training_peak_bytes": 1_234_000_000, "evaluation_peak_bytes": 5_600_000}
    assert memory_words(memory) == [("training memory", "1,234 MB"), ("inference memory", "6 MB")]
    assert memory_words({}) == []


@pytest.mark.parametrize(("value", "text"), [(0.51239, "0.512 ms"), (12.3456, "12.3 ms"), (4321.0, "4,321 ms")])
def test_milliseconds(value: float, text: str) -> None:
    assert milliseconds(value) == text
