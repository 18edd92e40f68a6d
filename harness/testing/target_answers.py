"""Clauses of the target contract on answers: what decoding makes of outputs, and how that is scored and drawn."""

from __future__ import annotations

import json

import numpy as np
import torch

from harness.contract.batch import Batch
from harness.contract.metric import aggregate
from harness.contract.target import Answer
from harness.nn.network import Network
from harness.testing.clause import clause
from harness.testing.comparison import equal
from harness.testing.other_answers import answers_of_others
from harness.testing.target_subject import DECODING, TargetSubject

STEPS = 300
CLOSE = 0.35
"""How near to its target a figure must come; the classes that they stand for are 1 apart."""


@clause(
    "Return from answers() one Answer an example whose output and scores are plain numbers and lists, and from text() "
    "a text; read outputs up to their lengths only."
)
@torch.no_grad()
def answers(subject: TargetSubject) -> None:
    """Each example has one answer in plain numbers, with a text, which padding does not change."""
    found, target = subject.computed, subject.target
    made = target.answers(found.outputs, found.lengths, DECODING, head=found.net.head)
    equal("number of answers", len(made), len(found.data))
    longer = found.padded()
    again = target.answers(longer.outputs, longer.lengths, DECODING, head=found.net.head)
    for one, two in zip(made, again, strict=True):
        try:
            json.dumps([one.output, one.scores])
        except (TypeError, ValueError) as error:
            raise AssertionError(f"the answer {one} is no JSON: {error}") from error
        equal("an answer with more padding", two.output, one.output)
        text = target.text(one.output, None)
        assert isinstance(text, str), f"text() returns {text!r}, not a text"


@clause(
    "Make answers() (or search()) the inverse of the loss: outputs whose loss is least must give the target back, in "
    "the form that perfect() says."
)
def decoding(subject: TargetSubject) -> None:
    """A network trained on a few examples answers them rightly: what lowers the loss is what decoding reads."""
    net, data = subject.network().train(), subject.batch(steady=True)
    wanted = [subject.target.perfect(np.asarray(example.target)) for example in subject.examples(steady=True)]
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02, weight_decay=0.0)
    found: list[Answer] = []
    for step in range(STEPS):
        mean = _mean(subject, net, data)
        optimizer.zero_grad()
        mean.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if step % 25 == 24:
            found = subject.answers(net.eval(), data)
            net.train()
            if all(_same(a, b) for a, b in zip(found, wanted, strict=True)):
                return
    row = next(i for i, (a, b) in enumerate(zip(found, wanted, strict=True)) if not _same(a, b))
    raise AssertionError(
        f"after {STEPS} steps on {len(data)} examples the loss is {float(mean):.3g}, and the answer to "
        f"'{data.ids[row]}' is {found[row].output}; expected {wanted[row].output}"
    )


@clause(
    "List in metrics() only what fits Prediction.output as answers() makes it, each with its true direction: a perfect "
    "answer scores at least as well as that of another example. Say what a metric is where nothing is right (0, as a "
    "rule): a NaN cannot be compared."
)
def metrics(subject: TargetSubject) -> None:
    """Every ready metric gives perfect answers and wrong ones a finite score, and prefers none of the wrong ones."""
    examples = subject.examples(steady=True)
    right = [subject.target.perfect(np.asarray(example.target)) for example in examples]
    wrong, _ = answers_of_others(subject.target, right)
    found = []
    for some, nats in ((right, 0.0), (wrong, 2.0)):
        predictions = subject.predictions(some, examples, nats)
        pairs = list(zip(predictions, examples, strict=True))
        rows = [{m.name: m.statistics(p, e) for m in subject.target.metrics()} for p, e in pairs]
        found.append(aggregate(subject.target.metrics(), rows))
    for metric in subject.target.metrics():
        best, worse = found[0][metric.name], found[1][metric.name]
        for what, value in (("perfect", best), ("wrong", worse)):
            assert np.isfinite(value), f"metric '{metric.name}' of {what} answers is {value}"
        sign = 1 if metric.higher_is_better else -1
        assert not sign * best < sign * worse, (
            f"metric '{metric.name}' gives perfect answers {best:.4g} and wrong ones {worse:.4g}"
        )


@clause("Return from charts() plain numbers, texts, lists and dictionaries, which json.dumps must take.")
def charts(subject: TargetSubject) -> None:
    """Charts are plain data."""
    examples = subject.examples()
    right = [subject.target.perfect(np.asarray(example.target)) for example in examples]
    made = subject.target.charts(subject.predictions(right, examples, 0.0), examples)
    try:
        json.dumps(made)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"charts() returns what is no JSON: {error}") from error


def _mean(subject: TargetSubject, net: Network, data: Batch) -> torch.Tensor:
    features, lengths, _ = net.features(data.inputs, data.input_lengths, data.targets)
    mean, _, _ = subject.target.training_loss(net.head, features, lengths, data)
    return mean


def _same(found: Answer, wanted: Answer) -> bool:
    """Equal, or near for figures."""
    try:
        one, two = (np.asarray(answer.output, dtype=float) for answer in (found, wanted))
    except (TypeError, ValueError):
        return bool(found.output == wanted.output)
    return one.shape == two.shape and bool((np.abs(np.nan_to_num(one) - np.nan_to_num(two)) < CLOSE).all())
