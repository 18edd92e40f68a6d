"""Clauses of the model contract on what an encoder returns: shapes, types of numbers, lengths.

Axes: B batch, T input time, T' feature time, U target time, H hidden_size, S summary.
"""

from __future__ import annotations

import torch
from torch import Tensor

from harness.contract.model import EncoderOutput
from harness.testing.clause import clause
from harness.testing.comparison import equal
from harness.testing.model_subject import ModelSubject

LONG = 300
"""Steps of an input that a model with a fixed longest input does not take."""


@clause(
    "Return EncoderOutput(features (B, T', feature_dim) float32, lengths (B,) int64, summary (B, summary_dim) "
    "float32); set feature_dim and summary_dim in the encoder's constructor; no NaN or infinity, at padding neither."
)
@torch.no_grad()
def shapes(subject: ModelSubject) -> None:
    """Features (B, T', H) and summary (B, S) are float32, lengths int64, and outputs as the target says."""
    net, data = subject.shared, subject.batch()
    encoded = net.encode(data.inputs, data.input_lengths)
    assert isinstance(encoded, EncoderOutput), (
        f"Encoder.forward must return an EncoderOutput; found {type(encoded).__name__}"
    )
    factor = net.capabilities.subsampling_factor
    steps = int((-(-data.input_lengths // factor)).max())
    _tensor("features", encoded.features, torch.float32, (len(data), steps, net.encoder.feature_dim))
    _tensor("lengths", encoded.lengths, torch.int64, (len(data),))
    _tensor("summary", encoded.summary, torch.float32, (len(data), net.encoder.summary_dim))
    outputs, _, _ = net(data.inputs, data.input_lengths, data.targets)
    target = subject.case.target
    steps = data.targets.shape[1] if target.needs.reads == "decoder" else steps
    _tensor("outputs", outputs, torch.float32, target.output_shape(len(data), steps))


@clause(
    "Return lengths of ceil(input_lengths / subsampling_factor), with the factor that `capabilities` declares; round "
    "up, and derive them from the lengths given, not from the padded size. An input may be of any length: make masks "
    "and positions in `forward`."
)
@torch.no_grad()
def lengths(subject: ModelSubject) -> None:
    """T' is ceil(T / subsampling_factor) for every T, from 1 to the long, whatever stands beside it in the batch."""
    net = subject.shared
    factor = net.capabilities.subsampling_factor
    equal("type of subsampling_factor", type(factor).__name__, "int")
    assert factor >= 1, f"subsampling_factor is {factor}; it must be at least 1"
    for sizes in (
        [(n,) for n in range(1, 10)] + [tuple(range(1, 14)), (LONG,)] if subject.lengths is None else [subject.lengths]
    ):
        data = subject.batch(sizes)
        encoded = net.encode(data.inputs, data.input_lengths)
        expected = [-(-n // factor) for n in sizes]
        equal(f"EncoderOutput.lengths for inputs of {list(sizes)}", encoded.lengths.tolist(), expected)
        equal(f"steps of the features for inputs of {list(sizes)}", encoded.features.shape[1], max(expected))


def _tensor(name: str, value: object, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    assert isinstance(value, Tensor), f"{name} must be a tensor; found {type(value).__name__}"
    equal(f"shape of {name}", tuple(value.shape), shape)
    equal(f"type of {name}", value.dtype, dtype)
    assert not value.is_floating_point() or value.isfinite().all(), f"{name} hold figures that are not finite"
