"""Clauses of the task contract that train: batches, the loss before training, and that tiny() can be learnt.

Axes: B batch, T input time, U target time.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import torch

from harness.contract.batch import Batch
from harness.contract.specs import TokenInput
from harness.nn.network import Network
from harness.testing.cases import TRAINER
from harness.testing.clause import clause
from harness.testing.reference import ReferenceModel
from harness.testing.task_subject import SPLITS, TaskSubject, lengths
from harness.training.batching import evaluation_batches
from harness.training.collate import collate
from harness.training.data_module import training_loader
from harness.training.seeding import seed_global

STEPS = 150
SHARE = 0.7
"""What may be left at most of the loss on some training examples after so many steps of AdamW."""

NEAR = (0.5, 1.6)
"""The untrained loss, in units of that of uniform outputs."""

SCALE = (0.05, 20.0)
"""Mean square of forecast targets on the train-normalised scale, where 1 is expected."""


@clause(
    "Give all examples of the task the same trailing shape (T, ...), whole numbers for symbols and classes, figures "
    "for frames, video and graph series; keep examples in the order of input_lengths and target_lengths."
)
def batches(subject: TaskSubject) -> None:
    """Batches of all splits have the types and shapes of the specifications, and an epoch holds every example once."""
    data, loader = subject.data, subject.task.loader
    whole = isinstance(data.input_spec, TokenInput)
    if data.target_spec.needs.streams:
        for made in training_loader(data, loader, 0):
            _check_batch(made, torch.int64, torch.int64)
        return
    types = (torch.int64 if whole else torch.float32, getattr(torch, data.target_spec.layout.dtype))
    ids: list[str] = []
    for made in training_loader(replace(data, augment=None), loader, 0):
        _check_batch(made, *types)
        assert len(made) <= loader.batch_size, f"a batch has {len(made)} rows; batch_size is {loader.batch_size}"
        ids += made.ids
    assert sorted(ids) == sorted(e.id for e in subject.split("train")), "an epoch does not hold every example once"
    for name in SPLITS[1:]:
        split, examples = getattr(data, name), subject.split(name)
        for positions in evaluation_batches(split.input_lengths, split.target_lengths, loader):
            chosen = [examples[int(i)] for i in positions]
            made = collate(chosen, data.input_spec, data.target_spec)
            _check_batch(made, *types)
            expected = [lengths(e)[0] for e in chosen]
            assert made.input_lengths.tolist() == expected, (
                f"lengths of a {name} batch: expected {expected}, found {made.input_lengths.tolist()}"
            )


@clause(
    "Normalise inputs (deviations of about 1) and forecast targets on the training split; say in target_spec how "
    "many classes or symbols there really are; leave padding out of the lengths."
)
def initial_loss(subject: TaskSubject) -> None:
    """The loss of an untrained network is near that of outputs of 0: ln K for K classes, the mean square of figures."""
    data = _some(subject)
    target = subject.data.target_spec
    net = _network(subject)
    with torch.no_grad():
        outputs, ends, _ = net(data.inputs, data.input_lengths, data.targets)
        uninformed = target.uninformed(outputs)
        found = _mean_loss(net, outputs, ends, data)
        expected = found if uninformed is None else _mean_loss(net, uninformed, ends, data)
        rows = target.loss_rows(outputs, ends, data.targets, data.target_lengths, head=net.head)
    worst = data.ids[int((rows / target.loss_counts(data.targets, data.target_lengths)).nan_to_num(1e30).argmax())]
    assert np.isfinite(found), f"the untrained loss is {found}, worst in '{worst}'"
    if target.layout.dtype == "float32":
        assert SCALE[0] < expected < SCALE[1], (
            f"the mean square of the targets is {expected:.3g}; on the train-normalised scale it is about 1"
        )
        return
    assert NEAR[0] * expected < found < NEAR[1] * expected, (
        f"the untrained loss is {found:.3g}, worst in '{worst}'; expected about {expected:.3g}, that of "
        "outputs that are 0 everywhere"
    )


@clause(
    "Let the input of tiny() decide its target, by a rule that a small network can take in: no constant inputs, no "
    "targets that contradict each other, inputs of about unit size."
)
def learning(subject: TaskSubject) -> None:
    """tiny() can be learnt: in 150 steps on one batch a small network brings its loss under 70 % of the first."""
    data = _some(subject)
    net = _network(subject).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.0)
    first = last = float("nan")
    for step in range(STEPS):
        outputs, ends, _ = net(data.inputs, data.input_lengths, data.targets)
        total, count = net.target.loss_sum(outputs, ends, data.targets, data.target_lengths, head=net.head)
        loss = total / count
        last = float(loss.detach())
        first = last if step == 0 else first
        if last < SHARE * first:
            return
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    raise AssertionError(
        f"{STEPS} steps on {len(data)} examples bring the loss from {first:.3g} to {last:.3g}; "
        f"expected below {SHARE * first:.3g}"
    )


def _network(subject: TaskSubject) -> Network:
    data = subject.data
    seed_global(0, "initialisation")
    return Network(ReferenceModel(), subject.task.signature, data.input_spec, data.target_spec, TRAINER).eval()


def _some(subject: TaskSubject) -> Batch:
    """The first training batch, of at most 16 rows."""
    task = subject.task
    loader = replace(task.loader, batch_size=min(16, task.loader.batch_size), bptt=min(32, task.loader.bptt))
    return next(islice(training_loader(replace(subject.data, augment=None), loader, 0), 1))


def _mean_loss(net: Network, outputs: torch.Tensor, ends: torch.Tensor, data: Batch) -> float:
    total, count = net.target.loss_sum(outputs, ends, data.targets, data.target_lengths, head=net.head)
    return float(total / count)


def _check_batch(made: Batch, inputs: torch.dtype, targets: torch.dtype) -> None:
    where = f"batch of {', '.join(made.ids[:3])}{' …' if len(made) > 3 else ''}"
    assert made.inputs.dtype == inputs, f"{where}: inputs are {made.inputs.dtype}; expected {inputs}"
    assert made.targets.dtype == targets, f"{where}: targets are {made.targets.dtype}; expected {targets}"
    assert made.inputs.shape[:2] == (len(made), int(made.input_lengths.max())), (
        f"{where}: inputs have shape {tuple(made.inputs.shape)}, lengths up to {int(made.input_lengths.max())}"
    )
    assert int(made.input_lengths.min()) >= 1, f"{where}: an input is empty"
    assert int(made.target_lengths.min()) >= 1, f"{where}: a target is empty"
