"""The first samples of many runs: in their order, as many as asked for, long texts cut."""

from __future__ import annotations

import os

from harness.store.first_samples import first_samples
from harness.store.records import SampleRow


def test_the_first_ones_of_every_run_with_long_texts_cut(store, make_plan, environment, summary):
    ids = []
    for seed, number in enumerate((3, 0, 1)):
        run_id = store.start(make_plan(seed=seed), environment, owner_pid=os.getpid())
        samples = [SampleRow(f"sample {i}", "in", "", "ä" * (9 + i)) for i in range(number)]
        store.finish(run_id, summary, [], samples)
        ids.append(run_id)
    assert first_samples(store, ids, number=2, longest=9) == {
        ids[0]: [SampleRow("sample 0", "in", "", "ä" * 9), SampleRow("sample 1", "in", "", "ä" * 9 + " …")],
        ids[2]: [SampleRow("sample 0", "in", "", "ä" * 9)],
    }
    assert first_samples(store, [], number=2, longest=9) == {}
