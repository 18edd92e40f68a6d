"""What a network promises about padding, neighbours and time, as figures to compare.

Each rule stands here once: the contract suite (`harness.testing`) asserts it on made-up examples, and the probe before
a run (`harness.training.probe`) measures it on real ones.

Axes: B batch, T input time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from harness.contract.batch import Batch
from harness.contract.model import EncoderOutput
from harness.contract.specs import InputSpec, TokenInput
from harness.nn.masking import length_mask
from harness.nn.network import Network

TOLERANCE = 1e-5
"""Largest difference of two ways to compute the same fp32 figures, of the largest of them and at least of 1."""

MORE_PADDING = 5
"""Steps of padding that are added to a batch which must not care."""


def allowed(expected: Tensor, tolerance: float = TOLERANCE) -> float:
    """The difference that rounding explains."""
    finite = expected.detach()[expected.detach().isfinite()]
    return tolerance * max(1.0, float(finite.abs().max()) if finite.numel() else 0.0)


def difference(found: Tensor, expected: Tensor) -> float:
    """The largest absolute difference; 0 for nothing to compare, infinite where a figure is not finite."""
    if not found.numel():
        return 0.0
    largest = float((found.float() - expected.float()).abs().max())
    return float("inf") if math.isnan(largest) else largest  # NaN is not greater than any tolerance


def noise(shape: Sequence[int], draw: torch.Generator, symbols: range | None = None) -> Tensor:
    """Inputs as they never occur, for positions that nothing may read: random, and large.

    Args:
        shape: (B, T, ...).
        draw: the only source of randomness.
        symbols: those that may occur; None: inputs are real numbers.
    """
    if symbols is not None:
        return torch.randint(symbols.start, symbols.stop, tuple(shape), generator=draw)
    return 10.0 * torch.randn(*shape, generator=draw)


def noise_like(inputs: Tensor, spec: InputSpec, shape: tuple[int, int], draw: torch.Generator) -> Tensor:
    """`noise` of shape (B, T) like the steps of real inputs, whose pictures may be smaller than the spec says."""
    symbols = range(spec.vocab_size) if isinstance(spec, TokenInput) else None
    return noise((*shape, *inputs.shape[2:]), draw, symbols)


class Whole(NamedTuple):
    """What a network makes of a batch, to compare with."""

    encoded: EncoderOutput
    outputs: Tensor


class ComparedPart(NamedTuple):
    """Two figures that must agree.

    Attributes:
        part: "features", "summary" or "outputs".
        found, expected: tensors of one shape, if the promise is kept.
    """

    part: str
    found: Tensor
    expected: Tensor


def whole(net: Network, data: Batch) -> Whole:
    """Encoded batch and outputs."""
    return Whole(net.encode(data.inputs, data.input_lengths), net(data.inputs, data.input_lengths, data.targets)[0])


def rows_again(
    net: Network, data: Batch, expected: Whole, inputs: Tensor, lengths: Tensor, rows: Sequence[int]
) -> Iterator[ComparedPart]:
    """Features where valid, summary and outputs of `inputs`, beside those of the same rows of the batch.

    Args:
        net: in eval mode.
        data: the batch.
        expected: what the network made of it.
        inputs, lengths: the rows in other surroundings.
        rows: which rows of the batch they are.
    """
    encoded, outputs = expected
    rows = list(rows)
    again, found = net.encode(inputs, lengths), net(inputs, lengths, data.targets[rows])[0]
    reads = net.target.needs.reads
    ends = data.target_lengths if reads == "decoder" else encoded.lengths
    for index, row in enumerate(rows):
        valid = int(encoded.lengths[row])
        yield ComparedPart("features", again.features[index, :valid], encoded.features[row, :valid])
        yield ComparedPart("summary", again.summary[index], encoded.summary[row])
        stop = None if reads == "summary" else int(ends[row])
        yield ComparedPart("outputs", found[index, :stop], outputs[row, :stop])


def padded_again(net: Network, data: Batch, expected: Whole, other: Tensor) -> Iterator[ComparedPart]:
    """`rows_again` for all rows, with more padding that is full of noise: `other` (B, T + more, ...) elsewhere."""
    longer = other.clone()
    real = length_mask(data.input_lengths, data.inputs.shape[1])  # (B, T)
    longer[:, : data.inputs.shape[1]][real] = data.inputs[real]
    return rows_again(net, data, expected, longer, data.input_lengths, range(len(data)))


def row_alone(net: Network, data: Batch, expected: Whole, row: int) -> Iterator[ComparedPart]:
    """`rows_again` for one row without the others and without padding."""
    alone = data.inputs[row : row + 1, : int(data.input_lengths[row])]
    return rows_again(net, data, expected, alone, data.input_lengths[row : row + 1], [row])


def early_features(
    net: Network, inputs: Tensor, lengths: Tensor, other: Tensor, step: int, expected: Tensor
) -> tuple[int, ComparedPart]:
    """How many features end before `step`, and what they become if inputs (B, T, ...) from `step` on are `other`'s.

    Args:
        net: in eval mode.
        inputs, lengths: rows of one length.
        other: (B, T, ...).
        step: the first input that changes.
        expected: features (B, T', H) of `inputs`.
    """
    changed = inputs.clone()
    changed[:, step:] = other[:, step:]
    early = step // net.capabilities.subsampling_factor
    return early, ComparedPart("features", net.encode(changed, lengths).features[:, :early], expected[:, :early])
