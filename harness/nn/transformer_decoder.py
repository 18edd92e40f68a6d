"""The decoder of a transformer: the symbols so far, the encoder's features, and a cache of what each step adds.

Axes: B batch, T memory time, U target time, D embedding, H hidden size, d = H / heads, M memory features.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.contract.model import Decoder, EncoderOutput
from harness.nn.attention_heads import attention_weights, join_heads, split_heads
from harness.nn.dropout import Dropout
from harness.nn.initialisation import linear
from harness.nn.masking import length_mask
from harness.nn.transformer import FeedForward, RotaryAttention, Rotation, rotation

Caches = tuple[Tensor, Tensor, Tensor, Tensor]
"""Rotated keys and values of the symbols so far (B, layers, heads, U, d), then those of the memory, with T for U."""


Pair = tuple[Tensor, Tensor]
"""Keys and values of one layer, (B, heads, U or T, d) each."""


class SeenSymbols(NamedTuple):
    """Where new symbols stand, and what they may attend to, worked out once for all layers.

    Attributes:
        turns: rotations of their positions.
        symbols: bool, (U, all symbols); None: all, or what `causal` says.
        causal: a symbol sees those up to itself.
        memory: bool, (B, 1, 1, T).
    """

    turns: Rotation
    symbols: Tensor | None
    causal: bool
    memory: Tensor


class CrossAttention(nn.Module):
    """Multi-head attention of target positions to a memory: Vaswani et al. 2017, section 3.2.3.

    Args:
        hidden_size: H.
        memory_dim: M.
        heads: how many.

    Raises:
        ValueError: H is not a multiple of the heads.
    """

    def __init__(self, hidden_size: int, memory_dim: int, heads: int) -> None:
        super().__init__()
        if heads < 1 or hidden_size % heads:
            raise ValueError(f"hidden_size={hidden_size}: must be a multiple of heads={heads}")
        self.heads = heads
        self.query = linear(hidden_size, hidden_size)
        self.key = linear(memory_dim, hidden_size)
        self.value = linear(memory_dim, hidden_size)
        self.output = linear(hidden_size, hidden_size)

    def memory(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (B, heads, T, d) of features (B, T, M): computed once for all symbols."""
        return split_heads(self.key(features), self.heads), split_heads(self.value(features), self.heads)

    def forward(self, x: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        """Attended features (B, U, H) of x (B, U, H); the mask is bool (B, 1, 1, T)."""
        query = split_heads(self.query(x), self.heads)
        mixed = functional.scaled_dot_product_attention(
            query, key.to(query.dtype), value.to(query.dtype), attn_mask=mask
        )
        return self.output(join_heads(mixed))

    def weights(self, x: Tensor, key: Tensor, mask: Tensor) -> Tensor:
        """What each position attends to, (B, U, heads, T)."""
        return attention_weights(split_heads(self.query(x), self.heads), key, mask)


class TransformerDecoderLayer(nn.Module):
    """Attention to the symbols so far, attention to the memory, feed-forward; each on normalised input, and added.

    Args:
        hidden_size: H.
        memory_dim: M.
        heads: of both attentions.
        ff: width of the feed-forward block, as a multiple of H.
        dropout: on the result of every block.
    """

    def __init__(self, hidden_size: int, memory_dim: int, heads: int, ff: int, dropout: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(hidden_size)
        self.attention = RotaryAttention(hidden_size, heads)
        self.memory_norm = nn.LayerNorm(hidden_size)
        self.memory_attention = CrossAttention(hidden_size, memory_dim, heads)
        self.ff_norm = nn.LayerNorm(hidden_size)
        self.ff = FeedForward(hidden_size, ff)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Tensor, past: Pair, memory: Pair, seen: SeenSymbols, found: list[Tensor] | None = None
    ) -> tuple[Tensor, Pair]:
        """Features (B, U, H) of x (B, U, H), and keys and values of the symbols with those of x.

        Args:
            x: the input.
            past: rotated keys and values of the symbols before it.
            memory: keys and values of the memory.
            seen: positions of x, and what they attend to.
            found: the attention to the memory is appended to it, (B, U, heads, T).
        """
        query, key, value = self.attention.projected(self.attention_norm(x))
        key = torch.cat((past[0].to(key.dtype), seen.turns(key)), dim=2)
        value = torch.cat((past[1].to(value.dtype), value), dim=2)
        mixed = functional.scaled_dot_product_attention(
            seen.turns(query), key, value, attn_mask=seen.symbols, is_causal=seen.causal
        )
        x = x + self.dropout(self.attention.output(join_heads(mixed)))
        inquiry = self.memory_norm(x)
        if found is not None:
            found.append(self.memory_attention.weights(inquiry, memory[0], seen.memory))
        x = x + self.dropout(self.memory_attention(inquiry, *memory, seen.memory))
        return x + self.dropout(self.ff(self.ff_norm(x))), (key, value)


class TransformerDecoder(Decoder):
    """Pre-norm layers with rotary positions over target symbols (Vaswani et al. 2017, section 3.1; Xiong et al. 2020).

    The memory's keys and values are part of the state, computed at its start. Positions of the memory are not rotated:
    its features know them.

    Args:
        embedding_dim: D of the target symbols.
        hidden_size: H.
        layers: how many.
        heads: of each attention; H / heads is even.
        ff: width of the feed-forward blocks, as a multiple of H.
        memory_dim: M of the encoder's features.
        dropout: on the projected symbols and the result of every block.
    """

    name = "transformer"

    def __init__(
        self,
        embedding_dim: int,
        hidden_size: int,
        layers: int,
        heads: int,
        ff: int,
        memory_dim: int,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.feature_dim = hidden_size
        self.heads, self.dim = heads, hidden_size // heads
        self.project = linear(embedding_dim, hidden_size)
        self.layers = nn.ModuleList(
            TransformerDecoderLayer(hidden_size, memory_dim, heads, ff, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(hidden_size)
        self.dropout = Dropout(dropout)

    @property
    def _typed_layers(self) -> Iterable[TransformerDecoderLayer]:
        return cast("Iterable[TransformerDecoderLayer]", self.layers)

    def start(self, encoded: EncoderOutput) -> Caches:
        """No symbols yet, and the memory's keys and values of features (B, T, M)."""
        made = [layer.memory_attention.memory(encoded.features) for layer in self._typed_layers]
        keys, values = (torch.stack(parts, dim=1) for parts in zip(*made, strict=True))  # (B, layers, heads, T, d)
        return keys[:, :, :, :0], values[:, :, :, :0], keys, values

    def step(
        self, embedded: Tensor, state: Caches, memory: Tensor, memory_lengths: Tensor
    ) -> tuple[Tensor, Caches, Tensor | None]:
        """One symbol, embedded (B, D): features (B, H), the next state, and no attention (see `explain`)."""
        features, state = self._run(embedded.unsqueeze(1), state, memory_lengths)
        return features.squeeze(1), state, None

    def forward(self, embedded: Tensor, state: Caches, memory: Tensor, memory_lengths: Tensor) -> Tensor:
        """All symbols at once, embedded (B, U, D): features (B, U, H), equal to repeated steps."""
        return self._run(embedded, state, memory_lengths)[0]

    def explain(
        self, embedded: Tensor, state: Caches, memory: Tensor, memory_lengths: Tensor
    ) -> tuple[Tensor, Caches, dict[str, Tensor]]:
        """As `step`, with the last layer's attention to the memory: the mean of its heads, (B, T)."""
        found: list[Tensor] = []
        features, state = self._run(embedded.unsqueeze(1), state, memory_lengths, found)
        return features.squeeze(1), state, {"attention": found[-1].mean(2).squeeze(1)}

    def _run(
        self, embedded: Tensor, state: Caches, memory_lengths: Tensor, found: list[Tensor] | None = None
    ) -> tuple[Tensor, Caches]:
        """Features (B, U, H) of embedded (B, U, D) after the symbols of the state, and the state with them."""
        keys, values, memory_keys, memory_values = state
        done, size = keys.shape[3], embedded.shape[1]
        # A symbol sees all before it and itself. Where all are given at once, a kernel knows that without a mask.
        symbols = None
        if done and size > 1:
            symbols = torch.ones(size, done + size, dtype=torch.bool, device=embedded.device).tril(done)
        seen = SeenSymbols(
            rotation(size, self.dim, embedded, start=done),
            symbols,
            causal=symbols is None and size > 1,
            # A memory of length 0 shows its first position: an empty softmax is NaN.
            memory=length_mask(memory_lengths.clamp(min=1), memory_keys.shape[3])[:, None, None, :],
        )
        x = self.dropout(self.project(embedded))
        kept: list[Pair] = []
        for index, layer in enumerate(self._typed_layers):
            past, about = (keys[:, index], values[:, index]), (memory_keys[:, index], memory_values[:, index])
            x, pair = layer(x, past, about, seen, found)
            kept.append(pair)
        grown = tuple(torch.stack(parts, dim=1) for parts in zip(*kept, strict=True))
        return self.norm(x), (grown[0], grown[1], memory_keys, memory_values)
