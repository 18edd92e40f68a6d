"""Negative log-likelihood a step and frame-level accuracy, for sequences of sets of labels (polyphonic music).

`Prediction.output` and `Example.target` are 0 or 1 for each label at each step, (T, K).

Sources: N. Boulanger-Lewandowski, Y. Bengio and P. Vincent, "Modeling temporal dependencies in high-dimensional
sequences", 2012; M. Bay, A. Ehmann and J. Downie, "Evaluation of multiple-F0 estimation and tracking systems", 2009,
equation 2 over all frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from harness.contract.batch import Example
from harness.contract.metric import Metric, Prediction, Statistics
from harness.errors import PluginError
from harness.metrics.ratios import percentage, total


def _nats(prediction: Prediction, example: Example) -> Statistics:
    nats = None if prediction.nats is None else float(prediction.nats)
    return {"nats": nats, "count": len(np.asarray(example.target))}


def _nats_per_step(rows: Sequence[Statistics]) -> float:
    count = total(rows, "count")
    return total(rows, "nats") / count if count else math.nan


def _sounding(prediction: Prediction, example: Example) -> Statistics:
    predicted, actual = np.asarray(prediction.output, np.int64), np.asarray(example.target, np.int64)
    if predicted.shape != actual.shape:  # would broadcast, silently
        raise PluginError(
            f"Example '{example.id}': the prediction has shape {predicted.shape} and the target {actual.shape}; "
            "both must be 0 or 1 for each label at each step, (T, K)."
        )
    return {"both": int((predicted * actual).sum()), "either": int(np.maximum(predicted, actual).sum())}


def _overlap(rows: Sequence[Statistics]) -> float:
    return percentage(total(rows, "both"), total(rows, "either")) if total(rows, "either") else 0.0


NLL_PER_STEP = Metric(
    name="nll",
    unit="nats/step",
    higher_is_better=False,
    statistics=_nats,
    aggregate=_nats_per_step,
    description="Negative log-likelihood of the next step, summed over labels, averaged over all steps.",
    margin=0.05,
)

FRAME_ACCURACY = Metric(
    name="frame_accuracy",
    unit="%",
    higher_is_better=True,
    statistics=_sounding,
    aggregate=_overlap,
    description="Labels answered and right, over those answered or right, of all steps (Bay et al. 2009).",
    margin=0.5,
)
