"""The recurrent decoder: one cell, one bridge, and attention that can be switched without changing anything else.

Axes: B batch, T memory time, U target time, D embedding, H hidden size, M memory features, S summary features.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from harness.contract.model import Decoder, EncoderOutput
from harness.errors import PluginError
from harness.nn.attention import AdditiveAttention, MemoryAttention
from harness.nn.backends import FUSED, STEP_BY_STEP, Backed
from harness.nn.cells import Fused, fused
from harness.nn.initialisation import linear
from harness.nn.kernels.attentive import AttentionMemory, Layer, attentive_loop
from harness.nn.masking import length_mask
from harness.nn.memory_attention import Score, memory_attention
from harness.nn.recurrent import Carry, Kind, RecurrentStack
from harness.nn.step_cell import CellMaker

AttentionKind = Literal["luong", "bahdanau"]
DecoderState = tuple[Tensor, ...]
"""(h, c) or (h,), each (B, layers, H); with additive attention, followed by the projected memory (B, T, H)."""


class RecurrentDecoder(Decoder, Backed):
    """Recurrent layers initialised from the encoder's summary: h = tanh(W summary + b), the cell state likewise.

    Attention "luong" (Luong et al. 2015, section 3.1, without input feeding): the query is the
    decoder's output h, and the feature is tanh(W [h; context]) (eq. 5), so all target positions are computed at once;
    there are several scores (`harness.nn.memory_attention`).
    Attention "bahdanau" (Bahdanau et al. 2015): the query is the previous top state, and the context is part of the
    input, so positions are computed step by step. None: the feature is h.

    Args:
        kind: as of a `RecurrentStack`.
        embedding_dim: D of the target symbols.
        hidden_size: H.
        layers: how many.
        memory_dim: M of the encoder's features.
        summary_dim: S of the encoder's summary.
        attention: None, "luong" or "bahdanau".
        dropout: on the input of every layer.
        residual: add a layer's input to its output, from the second layer on.
        cells: as of a `RecurrentStack`.
        variational: as of a `RecurrentStack`; not with "bahdanau", whose steps draw their dropout one by one.
        score: of "luong": "general", "dot" (H equal to M), "concat", "multi_head" or "local".
        heads: of "multi_head"; must divide H.
        window: of "local": positions on each side.

    Raises:
        PluginError: unknown attention, score or kind, or variational dropout with "bahdanau".
    """

    def __init__(
        self,
        kind: Kind | CellMaker,
        embedding_dim: int,
        hidden_size: int,
        layers: int,
        memory_dim: int,
        summary_dim: int,
        attention: AttentionKind | None = None,
        dropout: float = 0.0,
        residual: bool = False,
        cells: int | None = None,
        variational: bool = False,
        score: Score = "general",
        heads: int = 4,
        window: int = 10,
    ) -> None:
        super().__init__()
        if attention not in (None, "luong", "bahdanau"):
            raise PluginError(f"RecurrentDecoder has no attention '{attention}'; it has None, 'luong' and 'bahdanau'")
        if variational and attention == "bahdanau":
            raise PluginError("RecurrentDecoder has no variational dropout with 'bahdanau' attention")
        self.feature_dim = hidden_size
        cell = kind.name if isinstance(kind, CellMaker) else kind
        self.name = f"{cell}, {attention} attention" if attention else cell
        if attention == "luong" and score != "general":
            self.name = f"{self.name}, {score} score"
        input_dim = embedding_dim + (memory_dim if attention == "bahdanau" else 0)
        self.stack = RecurrentStack(
            kind,
            input_dim,
            hidden_size,
            layers,
            dropout=dropout,
            residual=residual,
            carry=True,
            cells=cells,
            variational=variational,
        )
        self.sizes = self.stack.state_dims
        self.bridge = linear(summary_dim, layers * sum(self.sizes))
        self.additive = AdditiveAttention(hidden_size, memory_dim, hidden_size) if attention == "bahdanau" else None
        self.multiplicative: MemoryAttention | None = None
        self.combine: nn.Linear | None = None
        if attention == "luong":
            self.multiplicative = memory_attention(score, hidden_size, memory_dim, heads, window)
            self.combine = linear(hidden_size + self.multiplicative.context_dim, hidden_size)

    def start(self, encoded: EncoderOutput) -> DecoderState:
        """The state before the first symbol, from summary (B, S), and, for additive attention, from features (B, T,
        M)."""
        batch = encoded.summary.shape[0]
        flat = torch.tanh(self.bridge(encoded.summary))
        layers = self.stack.layers
        parts = flat.split([layers * size for size in self.sizes], dim=1)
        state = tuple(part.view(batch, layers, -1) for part in parts)  # (B, layers, H) each
        if self.additive is not None:
            return (*state, self.additive.keys(encoded.features))
        return state

    @property
    def backend(self) -> str:
        """The backend over a whole target: that of its layers, or of the loop with attention."""
        if self.additive is None:
            return self.stack.backend
        return FUSED if self._plans() is not None else STEP_BY_STEP

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
        plans = self._plans()
        if plans is not None:
            return self._loop(plans, embedded, state, memory, mask)
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

    def _plans(self) -> list[Fused] | None:
        """The arguments of the layers' kernels; None without a kernel, or if the gates are not linear in the input."""
        if isinstance(self.stack.kind, CellMaker):
            return None
        plans = [fused(cell) for cell in self.stack.forward_layers]
        return plans if all(plan.inputs is not None for plan in plans) else None

    def _loop(self, plans: list[Fused], embedded: Tensor, state: DecoderState, memory: Tensor, mask: Tensor) -> Tensor:
        """All steps with additive attention in one node of autograd's graph: features (B, U, H)."""
        *cells, keys = state
        assert self.additive is not None
        size, exact = embedded.shape[2], self.bridge.weight.dtype
        noise = self._noise(embedded, size + memory.shape[2], exact)
        layers: list[Layer] = []
        symbols = embedded.transpose(0, 1)  # (U, B, D)
        gates = embedded
        for index, plan in enumerate(plans):
            assert plan.inputs is not None
            weight, bias = plan.inputs
            start = tuple(part[:, index].to(exact) for part in cells)
            inputs: tuple[Tensor, Tensor | None] = (weight, bias)
            if index == 0:
                if noise[0] is not None:
                    symbols, noise[0] = symbols * noise[0][..., :size], noise[0][..., size:]
                gates = nn.functional.linear(symbols.flatten(0, 1), weight[:, :size], bias)  # (U B, G)
                inputs = (weight[:, size:], None)
            layers.append(Layer(plan.kernel, start, plan.weights, inputs, noise[index]))
        attention = self.additive
        attended = AttentionMemory(
            keys.to(exact), memory.to(exact), mask, attention.query.weight, attention.score.weight.flatten()
        )
        return attentive_loop(gates, embedded.shape[1], attended, layers, self.stack.residual).transpose(0, 1)

    def _noise(self, embedded: Tensor, first: int, exact: torch.dtype) -> list[Tensor | None]:
        """Dropout factors for every layer's input, (U, B, size) each, drawn in the order of the steps."""
        dropout = self.stack.dropout
        sizes = [first, *[self.stack.output_dim] * (self.stack.layers - 1)]
        if not dropout.training or dropout.p == 0.0:
            return [None] * len(sizes)
        ones = [embedded.new_ones(embedded.shape[0], 1, size, dtype=exact) for size in sizes]
        drawn = [[dropout(one).squeeze(1) for one in ones] for _ in range(embedded.shape[1])]
        return [torch.stack(layer) for layer in zip(*drawn, strict=True)]

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
