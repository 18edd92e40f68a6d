"""The benchmark of the probe before a run."""

from __future__ import annotations

from tiny_run import WORDS

from harness.bench.probing import MOST_S, probing_row
from harness.config import compose, to_settings
from harness.training.load_data import load_data


def test_a_pair_is_timed_against_what_it_may_take() -> None:
    settings = to_settings(compose(WORDS), threads=1)
    row = probing_row(settings, load_data(settings.task), rounds=2)
    assert (row.name, row.limit, row.b) == ("probe-speech_recognition-lstm", 1.0, MOST_S)
    assert row.a > 0
