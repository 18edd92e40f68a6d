"""What the benchmark of the challengers' mixers compares; the times are another machine's business."""

import pytest
import torch

from harness.bench import mixers
from harness.bench.mixers import LOOPS, PARALLEL, mixer_rows


def test_every_mixer_is_compared_and_the_threads_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixers, "SIZE", 8)
    monkeypatch.setattr(mixers, "HEADS", 2)
    monkeypatch.setattr(mixers, "SHAPES", ((3, 2), (5, 2), (6, 1), (7, 1)))
    monkeypatch.setattr(mixers, "AT_ONCE", (9, 2))
    before = torch.get_num_threads()
    rows = {row.name: row for row in mixer_rows(1)}
    assert torch.get_num_threads() == before
    wanted = {f"mixer-{name}-vs-lstm-{steps}" for name in LOOPS for steps in (3, 5, 6, 7)}
    assert set(rows) == wanted | {f"mixer-{name}-vs-attention" for name in PARALLEL}
    assert (rows["mixer-min_gru-vs-lstm-3"].limit, rows["mixer-mlstm-vs-attention"].limit) == (0.55, 2.0)
    assert all(row.ratio > 0 and row.about for row in rows.values())
