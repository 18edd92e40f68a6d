"""Encoded inputs that a user brings, checked against the specification."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.contract.specs import FrameInput, GraphSeriesInput, InputSpec, TokenInput, VideoInput
from harness.errors import DataError


def check_input(given: Any, spec: InputSpec, where: str) -> np.ndarray:
    """The input as an array of the specification's type.

    Args:
        given: an array, or what numpy makes one of.
        spec: what the network takes.
        where: what it is, for messages.

    Raises:
        DataError: it has not the shape that the specification says, no step, or a symbol that does not exist.
    """
    array = np.asarray(given)
    rest = step_shape(spec)
    if array.ndim != 1 + len(rest) or array.shape[1:] != rest or not len(array):
        wanted = ", ".join(["T", *map(str, rest)])
        raise DataError(f"The {where} has shape {array.shape}; this model takes ({wanted}), T at least 1.")
    if not isinstance(spec, TokenInput):
        return array.astype(np.float32, copy=False)
    if array.dtype.kind not in "iu" or array.min() < 0 or array.max() >= spec.vocab_size:
        raise DataError(
            f"The {where} holds what is no symbol; symbols are whole numbers from 0 to {spec.vocab_size - 1}."
        )
    return array.astype(np.int64, copy=False)


def step_shape(spec: InputSpec) -> tuple[int, ...]:
    """Shape of an input after its time axis."""
    match spec:
        case TokenInput():
            return ()
        case FrameInput():
            return (spec.feature_dim,)
        case VideoInput():
            return (spec.channels, spec.height, spec.width)
        case GraphSeriesInput():
            return (spec.nodes, spec.features)
