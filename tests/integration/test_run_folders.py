"""The folders of the quick start's runs, moved and loaded without data, give what the runs stored: task by model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import predicted_again
import pytest

from harness.data.cache import cache_dir

PAIRS = 11 * 6 - 2  # text generation and music refuse the model that reads the future


@pytest.mark.exhaustive
def test_every_pair_of_the_quick_start(cli: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the table of differences and sizes."""
    data = {"HARNESS_DATA": str(cache_dir()), "HARNESS_OFFLINE": ""}
    cli("sweep", "experiment=matrix", **data)
    script, place = str(Path(predicted_again.__file__)), tmp_path / "moved"
    done = cli.script(script, "move", str(cli.folder / "results"), str(place), **data)
    assert done.returncode == 0, done.stderr
    nothing = {name: str(tmp_path / "nothing") for name in ("HARNESS_DATA", "HARNESS_RESULTS")}
    done = cli.script(script, "compare", str(place), **nothing)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    with capsys.disabled():
        print(f"\n{predicted_again.table(found)}")
    assert len(found) == PAIRS
    for one in found:
        assert (one["other"], one["samples"]) == (0, 0), one  # to the last digit, in the run's own batches
        assert max(one["nats"], one["scores"]) < 1e-5, one
    assert sum(one["flipped"] for one in found) <= 2, "more than near-ties"
