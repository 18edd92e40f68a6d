"""The clause of the model contract on explanations: on request only, and without changing what is explained.

Axes: B batch, T' feature time.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from harness.nn.masking import length_mask
from harness.nn.network import Network
from harness.testing.clause import clause
from harness.testing.comparison import near
from harness.testing.model_subject import ModelSubject


@clause(
    "Fill EncoderOutput.explain in Encoder.explain alone, with tensors (B, T', ...) by name that are finite, and zero "
    "where they speak of padding; return there the features, summary and state that forward returns."
)
@torch.no_grad()
def explain(subject: ModelSubject) -> None:
    """Nothing is explained unless asked for; asking changes no result, and padding changes no explanation."""
    net, data = subject.shared, subject.batch()
    plain, asked = (make(data.inputs, data.input_lengths) for make in (net.encode, net.explain))
    assert plain.explain is None, "Encoder.forward fills EncoderOutput.explain, although nobody asked: leave it None"
    assert isinstance(asked.explain, Mapping), "Encoder.explain must put a mapping into EncoderOutput.explain"
    near(asked.features, plain.features, "Encoder.explain returns other features than forward")
    near(asked.summary, plain.summary, "Encoder.explain returns another summary than forward")
    for found, expected in zip(tree_leaves(asked.state), tree_leaves(plain.state), strict=True):
        if isinstance(expected, Tensor):
            near(found.float(), expected.float(), "Encoder.explain returns another state than forward")
    rows, steps = plain.features.shape[:2]
    for name, value in asked.explain.items():
        _tensor(name, value, (rows, steps))
    longer = subject.noise((rows, data.inputs.shape[1] + 5))
    real = length_mask(data.input_lengths, data.inputs.shape[1])  # (B, T)
    longer[:, : data.inputs.shape[1]][real] = data.inputs[real]
    padded = net.explain(longer, data.input_lengths).explain or {}
    valid = length_mask(plain.lengths, steps)  # (B, T')
    for name, value in asked.explain.items():
        cut = padded[name][tuple(slice(0, size) for size in value.shape)]
        near(cut[valid], value[valid], f"padding changes the explanation '{name}'")
    if net.decoder is not None:
        _decoder(net, subject)


def _decoder(net: Network, subject: ModelSubject) -> None:
    """A step that explains is the step."""
    assert net.decoder is not None
    assert net.target_embedding is not None
    data = subject.batch()
    encoded = net.encode(data.inputs, data.input_lengths)
    start, memory = net.decoder.start(encoded), (encoded.features, encoded.lengths)
    symbols = net.target_embedding(data.targets[:, 0])  # (B, D)
    plain, _, _ = net.decoder.step(symbols, start, *memory)
    features, _, found = net.decoder.explain(symbols, start, *memory)
    near(features, plain, "Decoder.explain returns other features than step")
    for name, value in found.items():
        _tensor(name, value, (len(data),))


def _tensor(name: str, value: object, shape: tuple[int, ...]) -> None:
    assert isinstance(value, Tensor), f"explanation '{name}' must be a tensor; found {type(value).__name__}"
    begins = tuple(value.shape[: len(shape)])
    assert begins == shape, f"shape of explanation '{name}': expected {shape} first, found {tuple(value.shape)}"
    assert value.isfinite().all(), f"explanation '{name}' holds figures that are not finite"
