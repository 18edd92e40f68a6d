"""How long a trained model takes to predict: one test example at a time, and a batch of the test evaluation.

What is timed is what `harness predict` does with an encoded input: collation, the network, the decoding that the run is
tested with, and the text. Reading data and encoding raw sources are the same for every model and are left out. For a
model of text, a call continues the beginning of a test document by `CONTINUED` symbols.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from harness.config.settings import RunSettings
from harness.contract.batch import Example, ListSplit, Split
from harness.contract.task import TaskData
from harness.measure.latency import percentiles, timed_calls
from harness.nn.network import Network
from harness.training import random_state
from harness.training.batching import evaluation_batches, searched_together
from harness.training.evaluate import predict
from harness.training.generate import continuations
from harness.training.seeding import generator

INPUTS = 20
"""Different test examples that are predicted one at a time, evenly spaced over their lengths."""
PROMPT, CONTINUED = 50, 50
"""Symbols of a document that are given, and that are written after them."""
SHARE = 0.05
"""Share of the training time that may be spent on it."""

Call = Callable[[], object]


def measure_latency(
    network: Network, data: TaskData, split: Split, settings: RunSettings, train_s: float
) -> dict[str, Any]:
    """Latency of one example and of a batch; changes neither the network nor any random generator.

    Args:
        network: on the device that it is timed on.
        data: its specifications and its preprocessing.
        split: of real examples.
        settings: of the run; `trainer.latency_s` limits the time, half of it for each of the two.
        train_s: seconds of training, of which at most `SHARE` is used.

    Returns:
        {"one": ..., "batch": ...}, each as `percentiles` says; "one" with "real_time_factor" where examples say how
        many seconds their signal lasts. For a model of text also "symbols", the length of the continuations. Empty if
        it is switched off, there are no examples, or the target cannot answer new inputs.
    """
    limit = min(settings.trainer.latency_s, SHARE * train_s)
    target = data.target_spec
    unanswerable = target.needs.reads == "decoder" and target.search_width(settings.decoding) is None
    if settings.trainer.latency_s <= 0 or not len(split) or (unanswerable and not target.needs.streams):
        return {}
    device = next(network.parameters()).device
    settle = (lambda: torch.cuda.synchronize(device)) if device.type == "cuda" else (lambda: None)
    make = _continuing if target.needs.streams else _predicting
    one, batch, size, seconds = make(network, data, split, settings)
    generators, training = random_state.capture(), network.training
    network.eval()
    try:
        singles = timed_calls(one, limit / 2, settle=settle)
        batches = timed_calls([batch], limit / 2, settle=settle)
    finally:
        network.train(training)
        random_state.restore(generators)
    found: dict[str, Any] = {
        "one": percentiles([took for _, took in singles], 1),
        "batch": percentiles([took for _, took in batches], size),
    }
    if target.needs.streams:
        found["symbols"] = _length(settings)
    elif all(seconds):
        signal = sum(seconds[index] for index, _ in singles)
        found["one"]["real_time_factor"] = round(sum(took for _, took in singles) / signal, 6)
    return found


def _predicting(
    network: Network, data: TaskData, split: Split, settings: RunSettings
) -> tuple[list[Call], Call, int, list[float]]:
    """Calls for single examples and for a batch of the evaluation, its size, and the seconds of the examples' signals.

    Seconds are 0 where they are not known.
    """
    task, decoding = settings.task, settings.decoding
    together = searched_together(task.loader, data.target_spec, decoding, True)
    batches = evaluation_batches(split.input_lengths, split.target_lengths, together)
    middle = batches[(len(batches) - 1) // 2]
    singles = _mixed(_spread(np.concatenate(batches), INPUTS))

    def call(examples: list[Example]) -> Call:
        kept = ListSplit(examples)
        return lambda: predict(network, task, data, kept, decoding)

    alone = [split[int(i)] for i in singles]
    seconds = [one.units.get("seconds", 0.0) for one in alone]
    return [call([one]) for one in alone], call([split[int(i)] for i in middle]), len(middle), seconds


def _continuing(
    network: Network, data: TaskData, split: Split, settings: RunSettings
) -> tuple[list[Call], Call, int, list[float]]:
    """As `_predicting`, for beginnings of stretches of the documents."""
    places = [
        (document, start)
        for document, length in enumerate(split.target_lengths.tolist())
        for start in range(0, max(1, length - PROMPT + 1), PROMPT)
    ]
    decoding = replace(settings.decoding, sample_length=_length(settings))
    target, rows = data.target_spec, settings.task.loader.batch_size

    def prompts(number: int) -> list[list[int]]:
        chosen = [places[i] for i in _spread(np.arange(len(places)), number)]
        return [np.asarray(split[document].target)[start : start + PROMPT].tolist() for document, start in chosen]

    def call(given: list[list[int]]) -> Call:
        def predicted() -> list[str]:
            texts = continuations(network, target, given, decoding, generator(settings.seed, "latency"))
            return [target.text(ids, data.decode) for ids in texts]

        return predicted

    one, many = [prompts(INPUTS)[i] for i in _mixed(np.arange(min(INPUTS, len(places))))], prompts(rows)
    return [call([prompt]) for prompt in one], call(many), len(many), []


def _length(settings: RunSettings) -> int:
    return min(CONTINUED, settings.decoding.sample_length)


def _mixed(positions: np.ndarray) -> np.ndarray:
    """The positions in an order of which every beginning is spread over all of them, the middle first.

    Positions are by length, so with time for a few calls only, these are not those for the shortest inputs.
    """
    places = (0.5 + np.arange(len(positions)) * (math.sqrt(5) - 1) / 2) % 1  # multiples of the golden ratio
    mixed: np.ndarray = positions[places.argsort().argsort()]
    return mixed


def _spread(positions: np.ndarray, number: int) -> np.ndarray:
    """At most so many of the positions, evenly spaced, in their order."""
    return positions[np.unique(np.linspace(0, len(positions) - 1, number).round().astype(np.int64))]
