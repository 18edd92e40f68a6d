"""LSTM: one layer of gated memory cells, the reference that the other models are measured against.

Sources: S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9, 1997; forget gate: F. Gers
et al. 2000; encoder and decoder: I. Sutskever et al., "Sequence to Sequence Learning with Neural Networks", 2014.
Of the options: J. Ba et al., "Layer Normalization", 2016, eq. 20-22; F. Gers and J. Schmidhuber, "Recurrent Nets that
Time and Count", 2000; H. Sak et al., "Long Short-Term Memory Recurrent Neural Network Architectures for Large Scale
Acoustic Modeling", 2014; D. Krueger et al., "Zoneout", 2017; Y. Gal and Z. Ghahramani, "A Theoretically Grounded
Application of Dropout in Recurrent Neural Networks", 2016; S. Merity et al., "Regularizing and Optimizing LSTM Language
Models", 2018.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Self

from harness import Model, hookimpl
from harness.nn.recurrent_model import RecurrentModel, RecurrentPlan
from harness.nn.regularised_lstm import RegularisedLSTM
from harness.nn.step_cell import CellMaker

HARNESS_CONTRACT = 2


@dataclass
class LSTM(RecurrentModel):
    """A one-way LSTM. It decodes with the same cell, started from the last state.

    layer_norm, peepholes, cells and noise (the last four options, which go together) exclude each other.

    Fields:
        layer_norm: normalise the gates' sums and the cell (Ba et al. 2016).
        peepholes: let the gates see the cell (Gers and Schmidhuber 2000).
        cells: memory cells of each layer, projected to hidden_size features (Sak et al. 2014); None: no projection.
        zoneout_cell: probability that a unit keeps its cell in a step (Krueger et al. 2017).
        zoneout_hidden: probability that a unit keeps its output in a step.
        variational: draw dropout once a sequence, and apply it to the recurrent state too (Gal and Ghahramani 2016).
        weight_dropout: share of recurrent weights that are dropped in a training step (Merity et al. 2018).
    """

    name: ClassVar[str] = "lstm"

    layer_norm: bool = False
    peepholes: bool = False
    cells: int | None = None
    zoneout_cell: float = 0.0
    zoneout_hidden: float = 0.0
    variational: bool = False
    weight_dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("zoneout_cell", "zoneout_hidden", "weight_dropout"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise ValueError(f"{name}={getattr(self, name)}: must be at least 0 and below 1")
        if self.cells is not None and self.cells < 1:
            raise ValueError(f"cells={self.cells}: must be at least 1, or null for no projection")
        noise = [name for name in _NOISE if getattr(self, name)]
        other = [name for name in ("layer_norm", "peepholes", "cells") if getattr(self, name)]
        if len(other) + bool(noise) > 1:
            raise ValueError(
                f"{', '.join((*other, *noise))}: these cannot be combined; choose layer_norm, peepholes, cells, or any "
                f"of {', '.join(_NOISE)}"
            )

    def plan(self) -> RecurrentPlan:
        """See `RecurrentModel.plan`."""
        plan = RecurrentPlan("lstm", self.hidden_size, self.layers, self.dropout)
        if self.layer_norm:
            return replace(plan, kind="lstm_layernorm")
        if self.peepholes:
            return replace(plan, kind="lstm_peephole")
        if self.cells is not None:
            return replace(plan, kind="lstm_projection", cells=self.cells)
        if not any(getattr(self, name) for name in _NOISE):
            return plan
        cell = partial(
            RegularisedLSTM,
            zoneout_cell=self.zoneout_cell,
            zoneout_hidden=self.zoneout_hidden,
            recurrent_dropout=self.dropout if self.variational else 0.0,
            weight_dropout=self.weight_dropout,
        )
        return replace(plan, kind=CellMaker("regularised lstm", cell, states=2), variational=self.variational)

    def tiny(self) -> Self:
        """The same network with 16 units and at most 24 cells, without dropout."""
        return replace(super().tiny(), cells=self.cells and min(24, self.cells))


_NOISE = ("zoneout_cell", "zoneout_hidden", "variational", "weight_dropout")


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [LSTM]
