"""LSTM computed by Keras, on torch: the layer that courses teach, under the same conditions as all other models.

Needs the extra `keras`, which is imported when a network is built and not before. Keras multiplies and squashes; the
weights are this module's, so that seeds, checkpoints and sizes are as for every model. Its loop over time is not fused:
compare its scores with those of `lstm`, and its speed if that is the question.

Source: F. Chollet et al., Keras 3, `keras.layers.LSTM`, with the initial weights that are its default. Axes: B batch, T
time, D input features, H hidden size.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from harness import Model, hookimpl
from harness.errors import ConfigError
from harness.nn.masking import length_mask
from harness.nn.recurrent_model import RecurrentModel, RecurrentPlan
from harness.nn.step_cell import CellMaker, SequenceCell

HARNESS_CONTRACT = 2


@dataclass
class KerasLSTM(RecurrentModel):
    """A one-way LSTM of Keras' layers. It decodes with the same cell, started from the last state."""

    name: ClassVar[str] = "keras_lstm"

    def plan(self) -> RecurrentPlan:
        """See `RecurrentModel.plan`."""
        cell = CellMaker("keras lstm", KerasCell, states=2)
        return RecurrentPlan(cell, self.hidden_size, self.layers, self.dropout)


class KerasCell(SequenceCell):
    """A `keras.layers.LSTM` with weights in Keras' order (i, f, c, o) and of its shapes, drawn by torch's generator.

    Initialised like Keras' layer: `kernel` (D, 4H) Glorot uniform, `recurrent_kernel` (H, 4H) orthogonal as a whole,
    `bias` (4H,) zero, and 1 for the forget gate.

    Raises:
        ConfigError: Keras is not installed, or computes with another library.
    """

    backend = "Keras on torch"

    def __init__(self, input_dim: int, hidden_size: int) -> None:
        super().__init__()
        keras_on_torch()
        self.state_dims = (hidden_size, hidden_size)
        self.kernel = nn.Parameter(torch.empty(input_dim, 4 * hidden_size))
        self.recurrent_kernel = nn.Parameter(torch.empty(hidden_size, 4 * hidden_size))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        nn.init.xavier_uniform_(self.kernel)
        nn.init.orthogonal_(self.recurrent_kernel)
        with torch.no_grad():
            self.bias[hidden_size : 2 * hidden_size] = 1.0

    def run(self, x: Tensor, start: tuple[Tensor, ...], lengths: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """See `SequenceCell.run`; Keras' mask keeps the state of a row that has ended."""
        dtype = str(self.kernel.dtype).removeprefix("torch.")
        mask = None if lengths is None else length_mask(lengths, x.shape[1])
        device = x.device.type if x.device.index is None else f"{x.device.type}:{x.device.index}"
        with keras_on_torch().device(device):
            layer = _layer(self.kernel.shape[0], self.state_dims[0], dtype)
            others = [variable.value for variable in layer.non_trainable_variables]  # the seed of a dropout of 0
            weights = [self.kernel, self.recurrent_kernel, self.bias]
            (features, *state), _ = layer.stateless_call(
                weights, others, x.to(self.kernel.dtype), initial_state=list(start), mask=mask
            )
        return features, tuple(state)

    def gates(self, x: Tensor, before: Tensor) -> dict[str, Tensor]:
        """See `SequenceCell.gates`."""
        i, f, _, o = torch.sigmoid(x @ self.kernel + before @ self.recurrent_kernel + self.bias).chunk(4, dim=-1)
        return {"input_gate": i, "forget_gate": f, "output_gate": o}


def keras_on_torch() -> Any:
    """The module `keras`, computing with torch.

    Raises:
        ConfigError: Keras is not installed, or computes with another library.
    """
    chosen = os.environ.setdefault("KERAS_BACKEND", "torch")
    try:
        if chosen == "torch":
            import keras

            chosen = keras.backend.backend()
    except ImportError as error:
        raise ConfigError(
            "Model 'keras_lstm' needs the Python package keras: pip install 'sequence-harness[keras]'."
        ) from error
    if chosen != "torch":
        raise ConfigError(
            f"Model 'keras_lstm' needs Keras on torch, and here it computes with '{chosen}': set KERAS_BACKEND=torch, "
            "or leave it out."
        )
    return keras


_LAYERS: dict[tuple[int, int, str], Any] = {}


def _layer(input_dim: int, hidden_size: int, dtype: str) -> Any:
    """A layer whose own weights, zeros, are never used: the cell's are given with each call."""
    key = (input_dim, hidden_size, dtype)
    if key not in _LAYERS:
        zeros = dict.fromkeys(("kernel_initializer", "recurrent_initializer", "bias_initializer"), "zeros")
        layer = keras_on_torch().layers.LSTM(
            hidden_size, return_sequences=True, return_state=True, dtype=dtype, seed=0, **zeros
        )
        layer.build((None, None, input_dim))
        _LAYERS[key] = layer
    return _LAYERS[key]


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [KerasLSTM]
