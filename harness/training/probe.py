"""The probe before a run: do two real examples confirm what the model declares about time, padding and other examples?

A model that sees the future of what it predicts, or whose results depend on the batch, trains without an error and is
reported with figures that mean nothing. So before the first step two training examples, cut to few steps, are encoded
in several ways that must agree. It takes milliseconds, and leaves random streams, modes and buffers as they were.

Axes: B batch, T input time, U target time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from harness.contract.batch import Batch
from harness.contract.task import TaskData
from harness.errors import PromiseError
from harness.nn import promises
from harness.nn.network import Network
from harness.nn.promises import ComparedPart
from harness.training import random_state
from harness.training.collate import collate
from harness.training.cut import cut

STEPS = 24
"""Steps of the longer example after subsampling; the shorter one has two thirds of them."""

TOLERANCE = 10 * promises.TOLERANCE
"""Ten times the contract suite's, since rounding adds up in networks larger than `tiny()` ones."""

CHANGES = 4
"""At how many steps the causality of a model is looked at, evenly spaced."""


@torch.no_grad()
def probe(network: Network, data: TaskData, model: str) -> None:
    """Check on two training examples that the network keeps the promises on which its results rest.

    Padding and the other example must change nothing; for a model that declares itself causal, inputs after t must
    not change features up to t.

    Args:
        network: as built, on the CPU.
        data: of the run.
        model: its name, for the message.

    Raises:
        PromiseError: a promise is broken; says which, and by how much.
    """
    batch = two_examples(data, network.capabilities.subsampling_factor)
    draw = torch.Generator().manual_seed(0)
    with _undisturbed(network):
        _repeats(network, batch, model)
        if network.capabilities.causal or data.target_spec.needs.causal:
            _causality(network, batch, data, draw, model)
        _independence(network, batch, data, draw, model)


def two_examples(data: TaskData, factor: int = 1) -> Batch:
    """Two training examples, cut so that they are short and of different length.

    Args:
        data: of the run.
        factor: by how much the model shortens time.
    """
    most = STEPS * factor
    lengths = np.asarray(data.train.input_lengths)
    long = np.flatnonzero(lengths >= min(most, int(lengths.max())))
    first, second = int(long[0]), int(long[len(long) // 2])
    steps = min(most, int(lengths[first]))
    rows = ((first, steps), (second, max(1, 2 * steps // 3)))
    examples = [cut(data.train, row, length, data.target_spec, factor) for row, length in rows]
    return collate(examples, data.input_spec, data.target_spec)


def _independence(net: Network, batch: Batch, data: TaskData, draw: torch.Generator, model: str) -> None:
    """The order of checks identifies the cause: only the other example can change the longer row; it has no padding."""
    expected = promises.whole(net, batch)
    rows, steps = batch.inputs.shape[:2]
    other = promises.noise_like(batch.inputs, data.input_spec, (rows, steps + promises.MORE_PADDING), draw)
    neighbours = "an example's result does not depend on the others of its batch"
    _hold(promises.row_alone(net, batch, expected, 0), model, neighbours, "alone")
    _hold(promises.padded_again(net, batch, expected, other), model, "padding changes nothing", "with more padding")
    _hold(promises.row_alone(net, batch, expected, 1), model, neighbours, "alone")


def _repeats(net: Network, batch: Batch, model: str) -> None:
    again = promises.rows_again(
        net, batch, promises.whole(net, batch), batch.inputs, batch.input_lengths, range(len(batch))
    )
    _hold(again, model, "in eval mode the same batch gives the same result", "a second time")


def _causality(net: Network, batch: Batch, data: TaskData, draw: torch.Generator, model: str) -> None:
    inputs, lengths = batch.inputs[:1], batch.input_lengths[:1]  # the longer one, which has no padding
    steps = int(lengths[0])
    other = promises.noise_like(inputs, data.input_spec, (1, steps), draw)
    features = net.encode(inputs, lengths).features
    for step in sorted({round(steps * (1 + i) / (1 + CHANGES)) for i in range(CHANGES)} - {0}):
        early, pair = promises.early_features(net, inputs, lengths, other, step, features)
        where = f"those before step {early} when inputs from step {step} on are others"
        _hold([pair], model, "inputs after t change no features up to t (it declares itself causal)", where)


def _hold(pairs: Iterable[ComparedPart], model: str, promise: str, where: str) -> None:
    """All pairs agree.

    Raises:
        PromiseError: the first that does not.
    """
    for part, found, expected in pairs:
        if found.shape != expected.shape:
            by = f"from shape {tuple(expected.shape)} to {tuple(found.shape)}"
        else:
            moved, limit = promises.difference(found, expected), promises.allowed(expected, TOLERANCE)
            if moved < limit:
                continue
            by = f"by up to {moved:.2g}, where {limit:.2g} is allowed"
        raise PromiseError(
            f"Model '{model}' breaks a promise on two examples of this run's training data, so it was not trained: "
            f"{promise}, but its {part} change {by} ({where}). Mend the model, or what it declares in "
            f"'capabilities'; 'harness check model.{model}' shows the smallest example and what to change."
        )


@contextmanager
def _undisturbed(net: Network) -> Iterator[None]:
    """Eval mode for the block; then modes, buffers and random streams are what they were."""
    modes = {module: module.training for module in net.modules()}
    buffers = [(buffer, buffer.clone()) for buffer in net.buffers()]
    streams = random_state.capture()
    net.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
        for buffer, before in buffers:
            buffer.copy_(before)
        random_state.restore(streams)
