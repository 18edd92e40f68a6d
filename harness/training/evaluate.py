"""Scores a network on a split, always in fp32 and in eval mode; results do not depend on batching.

Validation needs losses and cheap outputs; test adds the search (`decode`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from harness.config.settings import DecodingSettings
from harness.contract.batch import Batch, Example, Split, without_input
from harness.contract.specs import (
    ClassTarget,
    CTCTarget,
    ForecastTarget,
    FrameTarget,
    NextTokenTarget,
    TargetSpec,
    TokenSequenceTarget,
)
from harness.contract.task import Prediction, Statistics, Task, TaskData, aggregate
from harness.nn.ctc_search import ctc_greedy, ctc_prefix_beam
from harness.nn.losses import loss_rows
from harness.nn.network import Network
from harness.nn.search import beam, greedy
from harness.training.batching import batches_of, evaluation_batches, searched_together
from harness.training.collate import Collator
from harness.training.score_stream import score_documents


@dataclass
class Evaluation:
    """Outcome of one evaluation.

    Attributes:
        loss: total loss divided by the total of target units.
        predictions: in the order of the split; without decoded text where `decode` was off.
        rows: sufficient statistics of each prediction by metric name; empty where outputs were not decoded.
        metrics: corpus-level values by metric name.
        examples: what the rows are about, in their order; without inputs that are large or costly to make.
    """

    loss: float
    predictions: list[Prediction]
    rows: list[dict[str, Statistics]]
    metrics: dict[str, float]
    examples: list[Example] = field(default_factory=list)


@torch.no_grad()
def evaluate(
    network: Network,
    task: Task,
    data: TaskData,
    split: Split,
    decoding: DecodingSettings,
    *,
    decode: bool = True,
    on_batch: Callable[[float], None] | None = None,
) -> Evaluation:
    """Evaluate on every example of a split.

    Args:
        network: put into eval mode for the call; its mode is restored.
        task, data: the task and its loaded data.
        split: `data.val` or `data.test`.
        decoding: the search for `TokenSequenceTarget` and `CTCTarget`.
        decode: whether to search; without it `TokenSequenceTarget` yields the loss alone.
        on_batch: called with the fraction done.
    """
    was_training = network.training
    network.eval()
    try:
        by_id = dict(_predict(network, task, data, split, decoding, decode, on_batch))
    finally:
        network.train(was_training)
    predictions = [by_id[i] for i in range(len(split))]
    nats = sum(p.nats or 0.0 for p in predictions)
    count = sum(p.count for p in predictions)
    loss = nats / count if count else float("nan")
    if isinstance(data.target_spec, TokenSequenceTarget) and not decode:
        return Evaluation(loss, predictions, [], {})
    return judge(task, data, split, predictions, loss)


def judge(
    task: Task, data: TaskData, split: Split, predictions: list[Prediction], loss: float = float("nan")
) -> Evaluation:
    """The metrics of predictions for every example of a split, in its order."""
    examples = _examples(data, split)
    rows = task.evaluate(predictions, examples)
    return Evaluation(loss, predictions, rows, aggregate(task.metrics, rows), examples)


def _examples(data: TaskData, split: Split) -> list[Example]:
    """The examples of a split, without their inputs where those would be made again for nothing, or fill memory."""
    examples = []
    for index in range(len(split)):
        example = without_input(split, index)
        if example is None:
            example = split[index]
            if isinstance(data.target_spec, ClassTarget):  # a whole split of videos would fill memory
                example = replace(example, input=None)
        examples.append(example)
    return examples


def _predict(
    network: Network,
    task: Task,
    data: TaskData,
    split: Split,
    decoding: DecodingSettings,
    decode: bool,
    on_batch: Callable[[float], None] | None,
) -> Iterator[tuple[int, Prediction]]:
    """(position, prediction) for every example of the split."""
    device = next(network.parameters()).device
    if isinstance(data.target_spec, NextTokenTarget):
        documents = [split[i] for i in range(len(split))]
        yield from enumerate(score_documents(network, documents, data.target_spec, task.loader, device, on_batch))
        return
    done = 0
    collator = Collator(split, data.input_spec, data.target_spec)
    together = searched_together(task.loader, data.target_spec, decoding, decode)
    for positions in evaluation_batches(split.input_lengths, split.target_lengths, together):
        group = collator(positions).to(device)
        parts = [_answer(network, data, part, decoding) for part in batches_of(group, task.loader)]
        answers = [prediction for part in parts for prediction in part.predictions]
        found = _searched(network, data.target_spec, group, parts, decoding, decode)
        if found is not None:
            pairs = zip(answers, found, strict=True)
            answers = [replace(p, output=output, text=_text(data, output)) for p, output in pairs]
        yield from zip(positions.tolist(), answers, strict=True)
        done += len(positions)
        if on_batch is not None:
            on_batch(done / len(split))


@dataclass
class _Part:
    """What the network says of one batch: predictions, and for a CTC beam log-probabilities (B, T', V) and lengths."""

    predictions: list[Prediction]
    frames: Tensor
    lengths: Tensor


def _answer(network: Network, data: TaskData, batch: Batch, decoding: DecodingSettings) -> _Part:
    """Losses of one batch, and outputs where no search over several batches finds them."""
    spec = data.target_spec
    outputs, lengths, _ = network(batch.inputs, batch.input_lengths, batch.targets)
    nats = loss_rows(spec, outputs, lengths, batch.targets, batch.target_lengths).double().tolist()
    counts = batch.target_lengths.tolist()
    log_probabilities = frames = torch.empty(0)
    found: Sequence = [[]] * len(batch)
    match spec:
        case ClassTarget():
            log_probabilities = outputs.float().log_softmax(-1)
            found = log_probabilities.argmax(-1).tolist()
        case FrameTarget():
            rows = outputs.argmax(-1).tolist()
            found = [row[:n] for row, n in zip(rows, counts, strict=True)]
        case CTCTarget():
            frames = outputs.float().log_softmax(-1)
            if decoding.method != "beam":
                found = ctc_greedy(frames, lengths, spec.blank)
        case ForecastTarget():
            found = outputs.float().tolist()
            counts = [spec.horizon * spec.dim] * len(batch)
    scores = [tuple(row) for row in log_probabilities.tolist()] or [()] * len(batch)
    predictions = [
        Prediction(i, output, _text(data, output), tuple(row), n, count)
        for i, output, row, n, count in zip(batch.ids, found, scores, nats, counts, strict=True)
    ]
    return _Part(predictions, frames, lengths)


def _text(data: TaskData, output: object) -> str:
    spec = data.target_spec
    if isinstance(spec, ClassTarget) and isinstance(output, int):
        return spec.class_names[output] if spec.class_names else str(output)
    if isinstance(spec, ForecastTarget):
        return np.array2string(np.asarray(output), precision=3, threshold=12)
    if data.decode is not None and isinstance(output, list):
        return data.decode(output)
    return " ".join(map(str, output)) if isinstance(output, list) else str(output)


def _searched(
    network: Network,
    spec: TargetSpec,
    group: Batch,
    parts: Sequence[_Part],
    decoding: DecodingSettings,
    decode: bool,
) -> list[list[int]] | None:
    """What a search finds for every row of several batches; None where nothing is to be searched for."""
    if isinstance(spec, TokenSequenceTarget) and decode:
        return search(network, group, spec, decoding)
    if isinstance(spec, CTCTarget) and decoding.method == "beam":
        longest = max(part.frames.shape[1] for part in parts)
        frames = [functional.pad(part.frames, (0, 0, 0, longest - part.frames.shape[1])) for part in parts]
        lengths = torch.cat([part.lengths for part in parts])
        return ctc_prefix_beam(torch.cat(frames), lengths, spec.blank, decoding.beam_size)
    return None


def search(network: Network, batch: Batch, spec: TokenSequenceTarget, decoding: DecodingSettings) -> list[list[int]]:
    """Greedy or beam search for every row."""
    encoded = network.encode(batch.inputs, batch.input_lengths)
    assert network.decoder is not None  # TokenSequenceTarget always builds one
    start = network.decoder.start(encoded)

    memory, lengths, at = encoded.features, encoded.lengths, torch.empty(0)

    def step(tokens: Tensor, state: object, rows: Tensor) -> tuple[Tensor, object]:
        nonlocal memory, lengths, at
        if rows is not at:  # the same tensor until an example leaves the batch: gathering it anew costs a copy
            memory, lengths, at = encoded.features[rows], encoded.lengths[rows], rows
        return network.decode_step(tokens, state, memory, lengths)

    longest = decoding.max_length or spec.max_length
    arguments = (step, start, len(batch), spec.bos_id, spec.eos_id, longest, batch.inputs.device)
    if decoding.method == "beam":
        results = beam(*arguments, decoding.beam_size, decoding.length_penalty, forbid=(spec.pad_id, spec.bos_id))
    else:
        results = greedy(*arguments, forbid=(spec.pad_id, spec.bos_id))
    return [hypothesis.ids for hypothesis in results]
