"""The recurrent decoder: one cell, one bridge, and attention that can be switched without changing anything else.

Axes: B batch, T memory time, U target time, D embedding, H width, M memory width, S summary width.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from harness.errors import PluginError
from harness.model import Decoder, EncoderOutput
from harness.nn.attention import AdditiveAttention, MultiplicativeAttention
from harness.nn.initialisation import linear
from harness.nn.masking import length_mask
from harness.nn.recurrent import Carry, Kind, RecurrentStack

AttentionKind = Literal["luong", "bahdanau"]
DecoderState = tuple[Tensor, ...]
"""(h, c) or (h,), each (B, layers, H); with additive attention, the projected memory (B, T, H) after them."""


class RecurrentDecoder(Decoder):
    """Recurrent layers started from the encoder's summary: h = tanh(W summary + b), the cell state likewise.

    Attention "luong" (Luong et al. 2015, section 3.1, without input feeding): the context is looked up with the
    decoder's output h, and the feature is tanh(W [h; context]) (eq. 5); hence all target positions at once.
    Attention "bahdanau" (Bahdanau et al. 2015): the context is looked up with the previous top state and joins the
    input; hence step by step. None: the feature is h.

    Args:
        kind: "rnn", "lstm" or "gru".
        embedding_dim: D of the target symbols.
        width: H.
        layers: how many.
        memory_dim: M of the encoder's features.
        summary_dim: S of the encoder's summary.
        attention: None, "luong" or "bahdanau".
        dropout: on the input of every layer.
        residual: add a layer's input to its output, from the second layer on.

    Raises:
        PluginError: an attention or a kind that does not exist.
    """

    def __init__(
        self,
        kind: Kind,
        embedding_dim: int,
        width: int,
        layers: int,
        memory_dim: int,
        summary_dim: int,
        attention: AttentionKind | None = None,
        dropout: float = 0.0,
        residual: bool = False,
    ) -> None:
        super().__init__()
        if attention not in (None, "luong", "bahdanau"):
            raise PluginError(f"RecurrentDecoder has no attention '{attention}'; it has None, 'luong' and 'bahdanau'")
        self.feature_dim = width
        self.name = f"{kind}, {attention} attention" if attention else kind
        input_dim = embedding_dim + (memory_dim if attention == "bahdanau" else 0)
        self.stack = RecurrentStack(kind, input_dim, width, layers, dropout=dropout, residual=residual, carry=True)
        self.parts = 2 if kind == "lstm" else 1
        self.bridge = linear(summary_dim, self.parts * layers * width)
        self.additive = AdditiveAttention(width, memory_dim, width) if attention == "bahdanau" else None
        self.multiplicative = MultiplicativeAttention(width, memory_dim) if attention == "luong" else None
        self.combine = linear(width + memory_dim, width) if attention == "luong" else None

    def start(self, encoded: EncoderOutput) -> DecoderState:
        """The state before the first symbol, from summary (B, S), and from features (B, T, M) where additive."""
        batch = encoded.summary.shape[0]
        flat = torch.tanh(self.bridge(encoded.summary))
        state = flat.view(batch, self.parts, self.stack.layers, self.stack.width).unbind(1)  # (B, layers, H) each
        if self.additive is not None:
            return (*state, self.additive.keys(encoded.features))
        return state

    def step(
        self, embedded: Tensor, state: DecoderState, memory: Tensor, memory_lengths: Tensor
    ) -> tuple[Tensor, DecoderState, Tensor | None]:
        """One symbol, embedded (B, D): features (B, H), the next state, attention (B, T) or None."""
        if self.additive is not None:
            return self._step_additive(embedded, state, memory, length_mask(memory_lengths, memory.shape[1]))
        hidden, state = self.stack.run(embedded.unsqueeze(1), state)  # (B, 1, H)
        features, weights = self._attend(hidden, memory, memory_lengths)
        return features.squeeze(1), state, None if weights is None else weights.squeeze(1)

    def forward(self, embedded: Tensor, state: DecoderState, memory: Tensor, memory_lengths: Tensor) -> Tensor:
        """All symbols at once, embedded (B, U, D): features (B, U, H), equal to repeated steps."""
        if self.additive is None:
            hidden, _ = self.stack.run(embedded, state)  # (B, U, H)
            return self._attend(hidden, memory, memory_lengths)[0]
        mask = length_mask(memory_lengths, memory.shape[1])
        steps: list[Tensor] = []
        for symbol in embedded.unbind(1):
            features, state, _ = self._step_additive(symbol, state, memory, mask)
            steps.append(features)
        return torch.stack(steps, dim=1)  # (B, U, H)

    def _attend(self, hidden: Tensor, memory: Tensor, memory_lengths: Tensor) -> tuple[Tensor, Tensor | None]:
        if self.multiplicative is None or self.combine is None:
            return hidden, None
        mask = length_mask(memory_lengths, memory.shape[1])
        context, weights = self.multiplicative(hidden, memory, mask)  # (B, U, M), (B, U, T)
        return torch.tanh(self.combine(torch.cat((hidden, context), dim=-1))), weights

    def _step_additive(
        self, embedded: Tensor, state: DecoderState, memory: Tensor, mask: Tensor
    ) -> tuple[Tensor, DecoderState, Tensor]:
        *cells, keys = state
        assert self.additive is not None
        context, weights = self.additive(cells[0][:, -1], keys, memory, mask)  # (B, M), (B, T)
        inputs = torch.cat((embedded, context), dim=-1).unsqueeze(1)  # (B, 1, D + M)
        hidden, after = self.stack.run(inputs, tuple(cells))
        return hidden.squeeze(1), (*after, keys), weights


__all__ = ["AttentionKind", "Carry", "DecoderState", "RecurrentDecoder"]
