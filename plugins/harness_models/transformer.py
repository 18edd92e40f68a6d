"""Transformer: layers of self-attention, in which every position reads all others, or those before it, at once.

Sources: A. Vaswani et al., "Attention Is All You Need", 2017; normalisation before each block: R. Xiong et al., "On
Layer Normalization in the Transformer Architecture", 2020; rotary positions: J. Su et al., "RoFormer: Enhanced
Transformer with Rotary Position Embedding", 2021, eq. 34. A text's stream is read in a sliding window with a cache of
keys and values: Z. Dai et al., "Transformer-XL", 2019, section 3.2, with rotary instead of their relative positions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar, cast

import torch
from torch import Tensor, nn

from harness import Capabilities, Decoder, Encoder, EncoderOutput, Model, hookimpl
from harness.contract.model import State
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target
from harness.nn.dropout import Dropout
from harness.nn.initialisation import linear
from harness.nn.masking import last_valid, zero_padding
from harness.nn.recurrent import check_sizes
from harness.nn.transformer import Seen, TransformerLayer, see_whole, see_window
from harness.nn.transformer_decoder import TransformerDecoder

HARNESS_CONTRACT = 2


@dataclass
class Transformer(Model):
    """Self-attention with rotary positions, normalised before each block. It decodes with layers of the same kind.

    Reads both ways, but only the past where the task says so or `causal` is set. A text's stream is read in a window:
    each layer attends to the latest `context` positions, which it keeps from piece to piece.

    Fields:
        hidden_size: of the features; a multiple of twice `heads`.
        layers: of the encoder, and of the decoder.
        heads: of each attention.
        ff: width of the feed-forward blocks, as a multiple of `hidden_size`.
        dropout: on the input and on the result of every block.
        causal: read the past only, whatever the task.
        context: in a text's stream, how many past positions each layer sees.
    """

    name: ClassVar[str] = "transformer"

    hidden_size: int = 128
    layers: int = 4
    heads: int = 4
    ff: int = 4
    dropout: float = 0.1
    causal: bool = False
    context: int = 128

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)
        for name, value in (("heads", self.heads), ("ff", self.ff), ("context", self.context)):
            if value < 1:
                raise ValueError(f"{name}={value}: must be at least 1")
        if self.hidden_size % (2 * self.heads):
            raise ValueError(
                f"hidden_size={self.hidden_size}: must be a multiple of {2 * self.heads}, twice heads={self.heads}, "
                "since rotary positions turn pairs of components"
            )

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Causal where the target is; a stream's state is the window of every layer, and how much of it is filled."""
        needs = signature.target_type.needs
        streams = needs.streams
        return Capabilities(
            causal=needs.causal or self.causal,
            carries_state=streams,
            context=self.layers * self.context if streams else None,
            size_step=2 * self.heads,
            state_size=2 * self.layers * self.context * self.hidden_size + 1 if streams else None,
        )

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        needs = target_spec.needs
        return TransformerEncoder(
            input_spec.dim,
            [TransformerLayer(self.hidden_size, self.heads, self.ff, self.dropout) for _ in range(self.layers)],
            hidden_size=self.hidden_size,
            heads=self.heads,
            dropout=self.dropout,
            causal=needs.causal or self.causal,
            window=self.context if needs.streams else None,
        )

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """As many layers, each attending to the symbols so far and to the encoder's features."""
        return TransformerDecoder(
            embedding_dim,
            self.hidden_size,
            self.layers,
            self.heads,
            self.ff,
            memory_dim=encoder.feature_dim,
            dropout=self.dropout,
        )

    def tiny(self) -> Transformer:
        """The same network with 16 units, at most 4 heads and a window of 8."""
        heads = min(4, self.heads)
        return replace(self, hidden_size=8 * heads, heads=heads, ff=2, dropout=0.0, context=min(8, self.context))


class TransformerEncoder(Encoder):
    """Layers over projected input, and a last normalisation. The summary is the feature at the true last position.

    Args:
        input_dim: D.
        layers: the layers.
        hidden_size: H.
        heads: of each attention.
        dropout: on the projected input.
        causal: read the past only.
        window: carry keys and values of so many past positions, and see no others; None: see the whole input.
    """

    def __init__(
        self,
        input_dim: int,
        layers: list[TransformerLayer],
        *,
        hidden_size: int,
        heads: int,
        dropout: float,
        causal: bool,
        window: int | None,
    ) -> None:
        super().__init__()
        self.project = linear(input_dim, hidden_size)
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(hidden_size)
        self.dropout = Dropout(dropout)
        self.heads, self.dim, self.causal, self.window = heads, hidden_size // heads, causal, window
        self.feature_dim = self.summary_dim = hidden_size

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D).

        The state is keys and values (B, layers, heads, W, d), newest last and not rotated, and how many exist (B, 1).
        """
        return self._encode(x, lengths, state)

    def explain(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """As `forward`, with each layer's attention: (B, T, heads, T), or (B, T, heads, W + 1) in a window."""
        found: dict[str, Tensor] = {}
        return self._encode(x, lengths, state, found)._replace(explain=found)

    @property
    def _typed_layers(self) -> Iterable[TransformerLayer]:
        return cast("Iterable[TransformerLayer]", self.layers)

    def _encode(
        self, x: Tensor, lengths: Tensor, state: State, found: dict[str, Tensor] | None = None
    ) -> EncoderOutput:
        x = self.dropout(self.project(zero_padding(x, lengths)))  # (B, T, H)
        carried: State = None
        if self.window is None:
            seen = see_whole(x, lengths, self.dim, causal=self.causal)
            for index, layer in enumerate(self._typed_layers):
                if found is not None:
                    weights = layer.attention.weights(layer.attention_norm(x), seen)
                    found[f"layer_{index + 1}.attention"] = weights
                x, _, _ = layer(x, seen)
        else:
            x, carried = self._slide(x, lengths, state, self.window, found)
        features = self.norm(x)
        return EncoderOutput(features, lengths, last_valid(features, lengths), carried)

    def _slide(
        self, x: Tensor, lengths: Tensor, state: State, window: int, found: dict[str, Tensor] | None
    ) -> tuple[Tensor, State]:
        """All layers over x (B, T, H) in a window, and the state at each row's true end."""
        rows = x.shape[0]
        if state is None:
            empty = x.new_zeros(rows, len(self.layers), self.heads, window, self.dim)
            state = (empty, empty, lengths.new_zeros(rows, 1))
        keys, values, cached = state
        seen: Seen = see_window(x, self.dim, window, self.heads, cached)
        # The latest W of past and input, at each row's own end.
        latest = lengths[:, None] + torch.arange(window, device=x.device)  # (B, W)
        places = latest[:, None, :, None].expand(-1, self.heads, -1, self.dim)
        kept_keys: list[Tensor] = []
        kept_values: list[Tensor] = []
        for index, layer in enumerate(self._typed_layers):
            past = (keys[:, index], values[:, index])
            if found is not None:
                weights = layer.attention.window_weights(layer.attention_norm(x), past[0], window, cached)
                found[f"layer_{index + 1}.attention"] = weights
            x, key, value = layer(x, seen, past)
            kept_keys.append(key.gather(2, places))
            kept_values.append(value.gather(2, places))
        count = (cached + lengths[:, None]).clamp(max=window)
        return x, (torch.stack(kept_keys, dim=1), torch.stack(kept_values, dim=1), count)


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [Transformer]
