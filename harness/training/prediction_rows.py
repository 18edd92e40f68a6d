"""What the store keeps of each test example: its texts, and the statistics of the metrics."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.contract.task import TaskData
from harness.store.records import PredictionRow
from harness.training.evaluate import Evaluation


def prediction_rows(data: TaskData, outcome: Evaluation) -> list[PredictionRow]:
    """One row an example; texts that the task or a baseline did not write are made by the target."""
    spec, made = data.target_spec, []

    def text(output: Any) -> str:
        return "" if output is None else spec.text(output, data.decode)

    for prediction, row, example in zip(outcome.predictions, outcome.rows, outcome.examples, strict=True):
        right = example.references[0] if example.references else text(spec.perfect(np.asarray(example.target)).output)
        statistics = {name: dict(values) for name, values in row.items()}
        answer = prediction.text or text(prediction.output)
        made.append(PredictionRow(example.id, example.source, right, answer, statistics))
    return made
