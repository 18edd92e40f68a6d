"""`harness predict RUN --score`: the task's metrics of a trained model, beside those that its run stored."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.inference.scoring import StoredScores
    from harness.inference.trained_model import TrainedModel
    from harness.training.evaluate import Evaluation

SPLITS = ("train", "val", "test")


def score(model: TrainedModel, what: str, json_lines: bool, own_threads: bool) -> None:
    """Print the metrics.

    Args:
        model: to score.
        what: one of `SPLITS`, or the path of a file with examples and answers.
        json_lines: print a JSON object.
        own_threads: compute with as many threads as the run did, which gives its digits.

    Raises:
        UserError: the examples cannot be read or scored.
    """
    import torch

    from harness.inference.examples import raw_split
    from harness.inference.scoring import differing, examples_of_file, stored_scores
    from harness.places import user_path

    stored = stored_scores(model) if what == "test" else None
    if stored is not None and stored.threads and own_threads:
        torch.set_num_threads(stored.threads)
    raw = raw_split(model.config.task, what) if what in SPLITS else examples_of_file(model, user_path(what, "--score"))
    outcome = model.evaluate(raw)
    others = differing(outcome, stored) if stored is not None and stored.outputs else None
    values = {"loss": outcome.loss, **outcome.metrics}
    if json_lines:
        content: dict[str, Any] = {"scored": what, "examples": len(raw), "metrics": _finite(values)}
        if stored is not None:
            content |= {"stored": _finite(stored.metrics), "outputs_that_differ": others}
        print(json.dumps(content, ensure_ascii=False))
        return
    _print(model, outcome, values, stored)
    if others is not None:
        print(f"{len(raw) - others:,} of {len(raw):,} outputs are the stored ones.", file=sys.stderr)


def _print(model: TrainedModel, outcome: Evaluation, values: dict[str, float], stored: StoredScores | None) -> None:
    from harness.cli import output

    units = {metric.name: metric.unit for metric in model.config.task.metrics}
    for name, value in values.items():
        before = stored.metrics.get(name) if stored is not None else None
        output.say(f"{name:<20} {value:.6g} {units.get(name, '')}{_beside(value, before)}".rstrip())


def _beside(value: float, stored: float | None) -> str:
    if stored is None:
        return ""
    same = value == stored or (math.isnan(value) and math.isnan(stored))
    return "  (the stored value, to the last digit)" if same else f"  (stored: {stored:.6g}, {value - stored:+.2g})"


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
