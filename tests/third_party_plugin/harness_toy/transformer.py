"""Transformer encoder: layers of self-attention over positions, of which none waits for another.

Sources: A. Vaswani et al., "Attention Is All You Need", 2017 (attention, sinusoidal positions); R. Xiong et al., "On
Layer Normalization in the Transformer Architecture", 2020 (normalisation before each block, which trains without a
long warm-up); M. Chen et al., "The Best of Both Worlds", 2018 (a recurrent decoder after a Transformer encoder).
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from harness import Capabilities, Decoder, Encoder, EncoderOutput, Model, hookimpl
from harness.contract.model import State
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target
from harness.nn.decoder import RecurrentDecoder
from harness.nn.initialisation import linear
from harness.nn.masking import length_mask
from harness.nn.pooling import masked_mean
from harness.nn.recurrent import check_sizes
from harness.targets import NextTokenTarget

HARNESS_CONTRACT = 2

ALL_PAST = sys.maxsize
"""A window without end."""


@dataclass
class Transformer(Model):
    """torch's Transformer encoder. It decodes with an LSTM that attends to the features.

    Reads in both directions, or the past only; for language models, the past in a window of every layer.

    Fields:
        hidden_size: of the features; a multiple of `heads`, and even.
        layers: how many.
        heads: of the attention.
        dropout: on the positions, the attention and both blocks of a layer.
        causal: read the past only, whatever the task (language models always do).
        context: for language models: no feature depends on more past positions than this.
    """

    name: ClassVar[str] = "toy_transformer"

    hidden_size: int = 128
    layers: int = 2
    heads: int = 4
    dropout: float = 0.1
    causal: bool = False
    context: int = 128

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)
        if self.heads < 1 or self.hidden_size % self.heads or self.hidden_size % 2:
            raise ValueError(f"hidden_size={self.hidden_size}: must be even and a multiple of heads={self.heads}")
        if self.context < self.layers:
            raise ValueError(f"context={self.context}: must be at least layers={self.layers}, one position for each")

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Causal where asked for or needed; features of language models reach `context` positions back at most."""
        context = self.context if signature.target_type is NextTokenTarget else None
        causal = self.causal or signature.target_type.needs.causal
        return Capabilities(causal=causal, context=context, size_step=math.lcm(2, self.heads))

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        window = ALL_PAST if self.causal or target_spec.needs.causal else None
        if isinstance(target_spec, NextTokenTarget):
            # Each layer reaches as far again as the one below it, so the context is shared out among them.
            window = self.context // self.layers
        return TransformerEncoder(input_spec.dim, self.hidden_size, self.layers, self.heads, self.dropout, window)

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """A one-layer LSTM with attention over the encoder's features."""
        return RecurrentDecoder(
            "lstm",
            embedding_dim,
            self.hidden_size,
            1,
            memory_dim=encoder.feature_dim,
            summary_dim=encoder.summary_dim,
            attention="luong",
            dropout=self.dropout,
        )

    def tiny(self) -> Transformer:
        """The same network with 16 features and two heads."""
        context = max(self.layers, min(8, self.context))
        return replace(self, hidden_size=16, heads=2, dropout=0.0, context=context)


class TransformerEncoder(Encoder):
    """softmax(Q K' / sqrt(d)) V in several heads, then two linear layers; both with residuals (Vaswani et al., eq. 1).

    Args:
        dim: D of the input.
        hidden_size, layers, heads, dropout: as in `Transformer`.
        window: how many past positions a layer attends to; None: all positions, past and future.
    """

    def __init__(self, dim: int, hidden_size: int, layers: int, heads: int, dropout: float, window: int | None) -> None:
        super().__init__()
        self.window = window
        self.project = linear(dim, hidden_size)
        # Input types differ in scale; normalised, the positions weigh the same against all of them.
        self.norm = nn.LayerNorm(hidden_size)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            hidden_size, heads, 4 * hidden_size, dropout, batch_first=True, norm_first=True
        )
        # Nested tensors would cut padding off: another shape, and a prototype that warns.
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(hidden_size), enable_nested_tensor=False)
        for weight in self.layers.parameters():  # torch copies one layer, so all would start from the same weights
            if weight.ndim > 1:
                nn.init.xavier_uniform_(weight)
        self.feature_dim = self.summary_dim = hidden_size

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D); the summary is the mean over each row's real positions."""
        size = x.shape[1]
        projected = self.norm(self.project(x))  # (B, T, H)
        positions = sinusoids(size, projected.shape[2], x.device)  # (T, H)
        if self.window is None:
            # A row without positions may look at its first one: nobody reads it, and a softmax over nothing is NaN.
            padding, band = ~length_mask(lengths.clamp(min=1), size), None  # (B, T)
        else:
            # Padding follows the real positions, so what reads the past only never reaches it.
            padding, band = None, ~past_window(size, self.window, x.device)  # (T, T)
        features = self.layers(
            self.dropout(projected + positions), mask=band, src_key_padding_mask=padding, is_causal=False
        )  # (B, T, H)
        return EncoderOutput(features, lengths, masked_mean(features, lengths))


def sinusoids(size: int, hidden_size: int, device: torch.device) -> Tensor:
    """sin(t / 10000^(2i/H)) and the cosine for positions t = 0 ... size - 1, (T, H) (Vaswani et al., section 3.5)."""
    rates = torch.exp(torch.arange(0, hidden_size, 2, device=device) * (-math.log(10_000.0) / hidden_size))  # (H / 2)
    angles = torch.arange(size, device=device).unsqueeze(1) * rates  # (T, H / 2)
    return torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1)  # (T, H)


def past_window(size: int, window: int, device: torch.device) -> Tensor:
    """Whether position t (row) sees position s (column): itself and `window` before it; bool (T, T)."""
    steps = torch.arange(size, device=device)
    age = steps.unsqueeze(1) - steps
    return (age >= 0) & (age <= window)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The model of this plug-in."""
    return [Transformer]
