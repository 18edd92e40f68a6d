"""An LSTM with noise on its recurrence: zoneout, one dropout mask a sequence, and dropped recurrent weights.

Dropout on the input of a layer is the stack's (`RecurrentStack`); this is what acts inside the loop. Axes: B batch, T
time, D input features, H hidden size.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from harness.nn.dropout import dropout_mask
from harness.nn.initialisation import initialise_gates
from harness.nn.step_cell import StepCell


class RecurrentNoise(NamedTuple):
    """What is drawn once a sequence.

    Attributes:
        weight: of h, (H, 4H), with weights dropped.
        mask: factors of h, (B, H); None: no dropout.
    """

    weight: Tensor
    mask: Tensor | None


class RegularisedLSTM(StepCell):
    """An LSTM with one bias, gates in torch's order (i, f, g, o), initialised like `lstm`.

    zoneout            c_t = d c_(t-1) + (1 - d) c', h_t = e h_(t-1) + (1 - e) o tanh(c'), with c' = f c_(t-1) + i g and
                       with d and e drawn for each unit and step; in evaluation their expectation. Krueger et al. 2017,
                       "Zoneout", section 3.2.
    recurrent dropout  h_(t-1) is multiplied by one mask for all steps of a sequence. Gal and Ghahramani 2016, "A
                       Theoretically Grounded Application of Dropout in Recurrent Neural Networks", eq. 7.
    weight dropout     elements of the recurrent weights are dropped, the same for all steps and rows. Merity et al.
                       2018, "Regularizing and Optimizing LSTM Language Models", section 2.

    What dropout keeps is scaled by 1 / (1 - rate). A sequence is one call: with carried state, a piece of a stream.

    Args:
        input_dim: D.
        hidden_size: H.
        zoneout_cell: probability that a unit keeps its c.
        zoneout_hidden: probability that a unit keeps its h.
        recurrent_dropout: of h.
        weight_dropout: of the recurrent weights.
    """

    def __init__(
        self,
        input_dim: int,
        hidden_size: int,
        zoneout_cell: float = 0.0,
        zoneout_hidden: float = 0.0,
        recurrent_dropout: float = 0.0,
        weight_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.state_dims = (hidden_size, hidden_size)
        self.zoneout_cell, self.zoneout_hidden = zoneout_cell, zoneout_hidden
        self.recurrent_dropout, self.weight_dropout = recurrent_dropout, weight_dropout
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden_size, input_dim))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden_size, hidden_size))
        self.bias = nn.Parameter(torch.empty(4 * hidden_size))
        initialise_gates(self.weight_ih, self.weight_hh, self.bias)

    def project(self, x: Tensor) -> Tensor:
        """See `StepCell.project`."""
        return nn.functional.linear(x, self.weight_ih, self.bias)

    def prepare(self, x: Tensor) -> RecurrentNoise:
        """See `StepCell.prepare`."""
        weight: Tensor = self.weight_hh
        mask = None
        if self.training and self.weight_dropout:
            weight = weight * dropout_mask(weight.shape, self.weight_dropout, weight)
        if self.training and self.recurrent_dropout:
            mask = dropout_mask((x.shape[0], self.state_dims[0]), self.recurrent_dropout, self.bias)
        return RecurrentNoise(weight.t(), mask)

    def step(self, projected: Tensor, state: tuple[Tensor, ...], shared: RecurrentNoise) -> tuple[Tensor, ...]:
        """See `StepCell.step`."""
        h, c = state
        seen = h if shared.mask is None else h * shared.mask
        i, f, g, o = torch.addmm(projected, seen, shared.weight).chunk(4, dim=1)
        new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        new_h = torch.sigmoid(o) * torch.tanh(new_c)
        return self._zoned_out(h, new_h, self.zoneout_hidden), self._zoned_out(c, new_c, self.zoneout_cell)

    def gates(self, x: Tensor, before: Tensor) -> dict[str, Tensor]:
        """See `SequenceCell.gates`."""
        sums = self.project(x) + nn.functional.linear(before, self.weight_hh)
        i, f, _, o = torch.sigmoid(sums).chunk(4, dim=-1)
        return {"input_gate": i, "forget_gate": f, "output_gate": o}

    def _zoned_out(self, before: Tensor, after: Tensor, rate: float) -> Tensor:
        if rate == 0.0:
            return after
        if not self.training:
            return rate * before + (1 - rate) * after
        return torch.where(dropout_mask(after.shape, rate, after) > 0, after, before)
