"""What the store keeps of each test example: its texts, and the statistics of the metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from harness.contract.batch import Example
from harness.contract.task import TaskData
from harness.store.records import PredictionRow
from harness.training.evaluate import Evaluation


def prediction_rows(data: TaskData, outcome: Evaluation) -> list[PredictionRow]:
    """One row an example; a right answer that the task did not write as text is the target's."""
    made = []
    for prediction, row, example in zip(outcome.predictions, outcome.rows, outcome.examples, strict=True):
        right = example.references[0] if example.references else _right(data, example)
        statistics = {name: dict(values) for name, values in row.items()}
        made.append(
            PredictionRow(example.id, example.source, right, prediction.text, statistics, example.references[1:])
        )
    return made


def asked(outcome: Evaluation, rows: Sequence[PredictionRow]) -> list[PredictionRow]:
    """The rows of examples that ask for an answer of their own: all but probes (`Example.units`)."""
    return [row for row, example in zip(rows, outcome.examples, strict=True) if not example.units.get("probe")]


def example_set(rows: Sequence[PredictionRow]) -> str:
    """Which examples were scored, equal for equal sets in any order: "800 examples, set 1f0c9a3e"."""
    ids = sorted(row.example_id for row in rows)
    digest = hashlib.sha256("\n".join(ids).encode(errors="surrogatepass")).hexdigest()
    return f"{len(ids)} examples, set {digest[:8]}"


def blocks(outcome: Evaluation) -> list[tuple[str, int]]:
    """Blocks of dependent examples (`Example.block`) in the order of the split, with how many examples each run of them
    has; empty where all are independent."""
    found = [(name, len(list(of))) for name, of in groupby(outcome.examples, key=lambda example: example.block)]
    return found if any(name for name, _ in found) else []


def _right(data: TaskData, example: Example) -> str:
    output = data.target_spec.perfect(np.asarray(example.target)).output
    return "" if output is None else data.target_spec.text(output, data.decode)
