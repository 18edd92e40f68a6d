"""The LSTM as textbooks write it, one line an equation, and three forms of it from the literature.

    f_t = sigma(W_f [h_(t-1), x_t] + b_f)       forget gate
    i_t = sigma(W_i [h_(t-1), x_t] + b_i)       input gate
    C~_t = tanh(W_C [h_(t-1), x_t] + b_C)       candidate
    C_t = f_t C_(t-1) + i_t C~_t                cell update
    o_t = sigma(W_o [h_(t-1), x_t] + b_o)       output gate
    h_t = o_t tanh(C_t)                         hidden state

To be read and changed; `lstm` computes the same numbers in a fused kernel. Sources: S. Hochreiter and J. Schmidhuber,
"Long Short-Term Memory", 1997 (no forget gate); F. Gers, J. Schmidhuber and F. Cummins, "Learning to Forget", 2000
(standard); F. Gers and J. Schmidhuber, "Recurrent Nets that Time and Count", 2000 (peephole); K. Greff et al., "LSTM: A
Search Space Odyssey", 2017, section III (coupled: CIFG). Axes: B batch, T time, D input features, H hidden size.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

import torch
from torch import Tensor, nn

from harness import Model, hookimpl
from harness.nn.recurrent_model import RecurrentModel, RecurrentPlan
from harness.nn.step_cell import CellMaker, StepCell

HARNESS_CONTRACT = 2


class LSTMForm(Enum):
    """Which equations."""

    standard = "standard"
    peephole = "peephole"
    coupled = "coupled"
    no_forget_gate = "no_forget_gate"


@dataclass
class TextbookLSTM(RecurrentModel):
    """A one-way LSTM, step by step. It decodes with the same cell, started from the last state.

    Fields:
        form: standard; peephole: the gates see the cell, too; coupled: the forget gate is 1 - the input gate;
            no_forget_gate: the cell only adds up, as in 1997.
    """

    name: ClassVar[str] = "textbook_lstm"

    form: LSTMForm = LSTMForm.standard

    def plan(self) -> RecurrentPlan:
        """See `RecurrentModel.plan`."""
        cell = CellMaker(f"textbook lstm, {self.form.value}", _CELLS[self.form], states=2)
        return RecurrentPlan(cell, self.hidden_size, self.layers, self.dropout)


class TextbookCell(StepCell):
    """The standard form. W_f, W_i, W_C, W_o are (H, H + D), of [h_(t-1), x_t]; b_f, b_i, b_C, b_o are (H,).

    Initialised like `lstm`: orthogonal for h, Xavier for x, and b_f = 1, so that the cell remembers at first.
    """

    parts: ClassVar[str] = "fiCo"
    initial_bias: ClassVar[dict[str, float]] = {"f": 1.0}  # initial biases other than zero

    def __init__(self, input_dim: int, hidden_size: int) -> None:
        super().__init__()
        self.state_dims = (hidden_size, hidden_size)
        for part in self.parts:
            weight = nn.Parameter(torch.empty(hidden_size, hidden_size + input_dim))
            with torch.no_grad():
                nn.init.orthogonal_(weight[:, :hidden_size])
                nn.init.xavier_uniform_(weight[:, hidden_size:])
            self.register_parameter(f"W_{part}", weight)
            self.register_parameter(
                f"b_{part}", nn.Parameter(torch.full((hidden_size,), self.initial_bias.get(part, 0.0)))
            )

    def equations(self, a: tuple[Tensor, ...], C: Tensor) -> tuple[Tensor, Tensor]:
        """h_t and C_t from W [h_(t-1), x_t] + b of every part, (B, H) each, and C_(t-1)."""
        a_f, a_i, a_C, a_o = a
        f = torch.sigmoid(a_f)
        i = torch.sigmoid(a_i)
        candidate = torch.tanh(a_C)
        C = f * C + i * candidate
        o = torch.sigmoid(a_o)
        h = o * torch.tanh(C)
        return h, C

    # W [h, x] = W[:, :H] h + W[:, H:] x: all parts are one product, and that of x is taken for all steps at once.

    def project(self, x: Tensor) -> Tensor:
        """W[:, H:] x_t + b of all parts and steps, (T, B, parts H)."""
        of_x: list[Tensor] = [self.get_parameter(f"W_{part}")[:, self.state_dims[0] :] for part in self.parts]
        bias: list[Tensor] = [self.get_parameter(f"b_{part}") for part in self.parts]
        return nn.functional.linear(x, torch.cat(of_x), torch.cat(bias))

    def prepare(self, x: Tensor) -> Tensor:
        """W[:, :H] of all parts, (H, parts H)."""
        of_h = [self.get_parameter(f"W_{part}")[:, : self.state_dims[0]] for part in self.parts]
        return torch.cat(of_h).t()

    def step(self, projected: Tensor, state: tuple[Tensor, ...], shared: Tensor) -> tuple[Tensor, ...]:
        """See `StepCell.step`."""
        h, C = state
        a = torch.addmm(projected, h, shared).chunk(len(self.parts), dim=1)
        return self.equations(a, C)

    def gates(self, x: Tensor, before: Tensor) -> dict[str, Tensor]:
        """See `SequenceCell.gates`."""
        seen = torch.cat((before, x), dim=-1)  # (B, T, H + D)
        names = {"f": "forget_gate", "i": "input_gate", "o": "output_gate"}
        return {
            names[part]: torch.sigmoid(
                nn.functional.linear(seen, self.get_parameter(f"W_{part}"), self.get_parameter(f"b_{part}"))
            )
            for part in self.parts
            if part in names
        }


class TextbookPeepholeCell(TextbookCell):
    """The gates see the cell through weights p, one a unit, which start at 0: the input and the forget gate C_(t-1),
    the output gate C_t."""

    def __init__(self, input_dim: int, hidden_size: int) -> None:
        super().__init__(input_dim, hidden_size)
        self.p_f = nn.Parameter(torch.zeros(hidden_size))
        self.p_i = nn.Parameter(torch.zeros(hidden_size))
        self.p_o = nn.Parameter(torch.zeros(hidden_size))

    def equations(self, a: tuple[Tensor, ...], C: Tensor) -> tuple[Tensor, Tensor]:
        """See `TextbookCell.equations`."""
        a_f, a_i, a_C, a_o = a
        f = torch.sigmoid(a_f + self.p_f * C)
        i = torch.sigmoid(a_i + self.p_i * C)
        candidate = torch.tanh(a_C)
        C = f * C + i * candidate
        o = torch.sigmoid(a_o + self.p_o * C)
        h = o * torch.tanh(C)
        return h, C

    def gates(self, x: Tensor, before: Tensor) -> dict[str, Tensor]:
        """None: they depend on the cell, which is not among the features."""
        return {}


class TextbookCoupledCell(TextbookCell):
    """f_t = 1 - i_t: what is forgotten makes room for what is new. b_i = -1, so that the cell remembers at first."""

    parts = "iCo"
    initial_bias: ClassVar[dict[str, float]] = {"i": -1.0}

    def equations(self, a: tuple[Tensor, ...], C: Tensor) -> tuple[Tensor, Tensor]:
        """See `TextbookCell.equations`."""
        a_i, a_C, a_o = a
        i = torch.sigmoid(a_i)
        f = 1 - i
        candidate = torch.tanh(a_C)
        C = f * C + i * candidate
        o = torch.sigmoid(a_o)
        h = o * torch.tanh(C)
        return h, C

    def gates(self, x: Tensor, before: Tensor) -> dict[str, Tensor]:
        """See `SequenceCell.gates`."""
        found = super().gates(x, before)
        return {"forget_gate": 1 - found["input_gate"], **found}


class TextbookCellOf1997(TextbookCell):
    """C_t = C_(t-1) + i_t C~_t: nothing is ever forgotten. The squashing functions are today's tanh."""

    parts = "iCo"
    initial_bias: ClassVar[dict[str, float]] = {}

    def equations(self, a: tuple[Tensor, ...], C: Tensor) -> tuple[Tensor, Tensor]:
        """See `TextbookCell.equations`."""
        a_i, a_C, a_o = a
        i = torch.sigmoid(a_i)
        candidate = torch.tanh(a_C)
        C = C + i * candidate
        o = torch.sigmoid(a_o)
        h = o * torch.tanh(C)
        return h, C


_CELLS = {
    LSTMForm.standard: TextbookCell,
    LSTMForm.peephole: TextbookPeepholeCell,
    LSTMForm.coupled: TextbookCoupledCell,
    LSTMForm.no_forget_gate: TextbookCellOf1997,
}


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [TextbookLSTM]
