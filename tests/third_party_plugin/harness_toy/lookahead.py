"""A GRU that, while it trains on symbols, also predicts the symbol after the next: an auxiliary n-gram language model.

Source: F. Gloeckle et al., "Better & Faster Large Language Models via Multi-token Prediction", 2024. The table of
symbols and the extra prediction are trained more slowly than the GRU and without weight decay, and the GRU's weights
are kept within bounds. The table can be a file of pretrained rows, which then stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from harness import AuxiliaryLoss, Capabilities, Decoder, Encoder, EncoderOutput, Model, ParameterGroup, hookimpl
from harness.contract.model import State
from harness.contract.signature import TaskSignature
from harness.contract.source import Source
from harness.contract.specs import EmbeddedInput, ModelInput, TokenInput
from harness.contract.target import Target
from harness.data.sources import FileSource
from harness.nn.masking import length_mask
from harness.nn.recurrent import RecurrentStack, check_sizes

HARNESS_CONTRACT = 2


@dataclass
class Lookahead(Model):
    """A GRU, and over symbols an auxiliary prediction of the symbol two ahead.

    Fields:
        hidden_size: units.
        weight: of the auxiliary loss.
        bound: beyond which no weight of the GRU may grow.
        table: a file of numpy's (.npy) with one row per symbol, which is not trained; null: a trained table.
    """

    name: ClassVar[str] = "lookahead"

    hidden_size: int = 64
    weight: float = 0.3
    bound: float = 2.0
    table: Path | None = None

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size)

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """The auxiliary loss is over symbols; a text's state is carried."""
        symbols, text = signature.input_type is TokenInput, signature.target_type.needs.streams
        return Capabilities(
            causal=True,
            carries_state=text,
            state_size=self.hidden_size if text else None,
            reads=(TokenInput,),
            auxiliary=(AuxiliaryLoss("ahead", self.weight),) if symbols else (),
        )

    def sources(self) -> tuple[Source, ...]:
        """The file of the table, if one is given: what it holds is part of a run's key."""
        return () if self.table is None else (FileSource("symbol table", self.table, "model.table"),)

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over symbols, or over embedded input."""
        carry = target_spec.needs.streams
        if isinstance(input_spec, TokenInput):
            rows = None
            if self.table is not None:
                rows = torch.from_numpy(np.load(self.table, allow_pickle=False)).float()
            return SymbolEncoder(input_spec, self.hidden_size, self.bound, carry=carry, rows=rows)
        assert isinstance(input_spec, EmbeddedInput)
        return BoundedEncoder(input_spec.dim, self.hidden_size, self.bound, carry=carry)

    def parameter_groups(self, encoder: Encoder, decoder: Decoder | None) -> Sequence[ParameterGroup]:
        """What belongs to symbols at half the learning rate and without decay."""
        own = dict(encoder.named_parameters())
        if decoder is not None:
            own |= {f"decoder.{name}": parameter for name, parameter in decoder.named_parameters()}
        trained = {name: parameter for name, parameter in own.items() if parameter.requires_grad}
        symbols = [name for name in trained if name.startswith(("table.", "ahead."))]
        rest = [parameter for name, parameter in trained.items() if name not in symbols]
        return (
            ParameterGroup("symbols", tuple(trained[name] for name in symbols), lr_factor=0.5, decay_factor=0.0),
            ParameterGroup("recurrent", tuple(rest)),
        )

    def tiny(self) -> Lookahead:
        """16 units."""
        return replace(self, hidden_size=16)


class BoundedEncoder(Encoder):
    """A GRU whose weights stay within bounds."""

    def __init__(self, dim: int, hidden_size: int, bound: float, *, carry: bool) -> None:
        super().__init__()
        self.stack = RecurrentStack("gru", dim, hidden_size, carry=carry)
        self.bound = bound
        self.feature_dim = self.summary_dim = hidden_size

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        out = self.stack(x, lengths, state)
        return EncoderOutput(out.features, lengths, out.summary, out.state)

    def after_step(self) -> None:
        """Keep the GRU's weights within bounds."""
        for weight in self.stack.parameters():
            weight.clamp_(-self.bound, self.bound)


class SymbolEncoder(BoundedEncoder):
    """The same over symbols, with the auxiliary prediction.

    Args:
        spec: how many symbols.
        hidden_size, bound, carry: as above.
        rows: the table (V, D), if it is given.
    """

    def __init__(self, spec: TokenInput, hidden_size: int, bound: float, *, carry: bool, rows: Tensor | None) -> None:
        dim = hidden_size if rows is None else rows.shape[1]
        super().__init__(dim, hidden_size, bound, carry=carry)
        self.table = nn.Embedding(spec.vocab_size, dim) if rows is None else nn.Embedding.from_pretrained(rows)
        self.ahead = nn.Linear(hidden_size, spec.vocab_size)

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode symbols x (B, T); in training, how well position t predicts x[t + 2]."""
        encoded = super().forward(self.table(x), lengths, state)
        return encoded._replace(auxiliary=self._losses(encoded.features, x, lengths)) if self.training else encoded

    def _losses(self, features: Tensor, x: Tensor, lengths: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        logits = self.ahead(features[:, :-2]).float()  # (B, T - 2, V)
        real = length_mask(lengths, x.shape[1])[:, 2:]
        losses = nn.functional.cross_entropy(logits.transpose(1, 2), x[:, 2:], reduction="none")  # (B, T - 2)
        return {"ahead": (losses.masked_fill(~real, 0.0).sum(), real.sum())}


@hookimpl
def harness_models() -> list[type[Model]]:
    """The model of this plug-in."""
    return [Lookahead]
