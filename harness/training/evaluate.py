"""Scores a network on a split, always in fp32 and in eval mode; results do not depend on batching.

Validation needs losses and cheap outputs; test adds the search (`decode`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import torch

from harness.config.settings import DecodingSettings
from harness.contract.batch import Batch, Example, Split, without_input
from harness.contract.metric import Prediction, Statistics, aggregate
from harness.contract.target import Answer
from harness.contract.task import Task, TaskData
from harness.nn.network import Network
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
        decoding: the search, for targets that have one.
        decode: whether to search if outputs require it; if not, such targets yield the loss alone.
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
    if data.target_spec.searched and not decode:
        return Evaluation(loss, predictions, [], {})
    return judge(task, data, split, predictions, loss)


@torch.no_grad()
def predict(network: Network, task: Task, data: TaskData, split: Split, decoding: DecodingSettings) -> list[Prediction]:
    """Predict examples with unknown targets, in the order of the split, with the code that tests a run.

    Args:
        network: in eval mode.
        task: defines how examples are batched.
        data: its specifications and its preprocessing.
        split: examples with placeholder targets; not for a target whose examples are streams.
        decoding: the search.
    """
    found = dict(_predict(network, task, data, split, decoding, True, None, known=False))
    return [found[i] for i in range(len(split))]


def judge(
    task: Task, data: TaskData, split: Split, predictions: list[Prediction], loss: float = float("nan")
) -> Evaluation:
    """The metrics of predictions for every example of a split, in its order; missing texts are the target's."""
    examples, spec = _examples(data, split), data.target_spec
    predictions = [
        p if p.text or p.output is None else replace(p, text=spec.text(p.output, data.decode)) for p in predictions
    ]
    rows = task.evaluate(predictions, examples)
    return Evaluation(loss, predictions, rows, aggregate(task.metrics, rows), examples)


def _examples(data: TaskData, split: Split) -> list[Example]:
    """The examples of a split, without inputs that are large or costly to make again."""
    examples = []
    for index in range(len(split)):
        example = without_input(split, index)
        if example is None:
            example = split[index]
            if not data.target_spec.keeps_input:
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
    known: bool = True,
) -> Iterator[tuple[int, Prediction]]:
    """(position, prediction) for every example of the split; `known`: whether its targets are the right answers."""
    device = next(network.parameters()).device
    if data.target_spec.needs.streams:
        documents = [split[i] for i in range(len(split))]
        yield from enumerate(score_documents(network, documents, data.target_spec, task.loader, device, on_batch))
        return
    done, spec = 0, data.target_spec
    collator = Collator(split, data.input_spec, spec)
    together = searched_together(task.loader, spec, decoding, decode)
    searching = spec.search_width(decoding) is not None and (decode or not spec.searched)
    for positions in evaluation_batches(split.input_lengths, split.target_lengths, together):
        group = collator(positions).to(device)
        parts = [_answer(network, data, part, decoding, known) for part in batches_of(group, task.loader)]
        found = [pair for part in parts for pair in part]
        if searching:
            outputs = spec.search(network, group, [answer for answer, _, _ in found], decoding)
            found = [(Answer(o, a.scores), n, c) for o, (a, n, c) in zip(outputs, found, strict=True)]
        for position, name, (answer, nats, count) in zip(positions.tolist(), group.ids, found, strict=True):
            text = spec.text(answer.output, data.decode)
            yield position, Prediction(name, answer.output, text, answer.scores, nats, count)
        done += len(positions)
        if on_batch is not None:
            on_batch(done / len(split))


def _answer(
    network: Network, data: TaskData, batch: Batch, decoding: DecodingSettings, known: bool
) -> list[tuple[Answer, float | None, int]]:
    """Answer, nats and target units of every example of one batch; outputs that a search finds are still missing."""
    spec, head = data.target_spec, network.head
    if not known and network.decoder is not None:  # what it writes under teacher forcing depends on the answer
        return [(Answer([]), None, 0)] * len(batch)
    outputs, lengths, _ = network(batch.inputs, batch.input_lengths, batch.targets)
    if not known:
        return [(answer, None, 0) for answer in spec.answers(outputs, lengths, decoding, head=head)]
    rows = spec.loss_rows(outputs, lengths, batch.targets, batch.target_lengths, head=head)
    counts = spec.loss_counts(batch.targets, batch.target_lengths).tolist()
    answers = spec.answers(outputs, lengths, decoding, head=head)
    nats: list[float | None] = rows.double().tolist()
    return list(zip(answers, nats, counts, strict=True))
