"""LSTM with attention: `lstm`'s encoder, and attention of the kind that fits what the target reads.

a decoder                    over the encoder's features, in the decoder: D. Bahdanau et al., "Neural Machine
                             Translation by Jointly Learning to Align and Translate", 2015, or M.-T. Luong et al.,
                             "Effective Approaches to Attention-based Neural Machine Translation", 2015
the summary                  attentive pooling as the summary: Z. Yang et al., "Hierarchical Attention Networks
                             for Document Classification", 2016
features                     self-attention over the features, with a residual: A. Vaswani et al., "Attention Is
                             All You Need", 2017
features of a text's stream  causal attention over a window of past features, with a residual: M. Daniluk et al.,
                             "Frustratingly Short Attention Spans in Neural Language Modeling", 2017
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

from torch import Tensor

from harness import Capabilities, Decoder, Encoder, EncoderOutput, Model, hookimpl
from harness.contract.model import State
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, ModelInput
from harness.contract.target import Target
from harness.nn.attention import AttentivePooling, SelfAttention, WindowedCausalAttention
from harness.nn.decoder import RecurrentDecoder
from harness.nn.masking import last_valid
from harness.nn.recurrent import RecurrentEncoder, RecurrentStack, check_sizes

HARNESS_CONTRACT = 2


class Attention(Enum):
    """How the decoder scores the encoder's features."""

    luong = "luong"
    bahdanau = "bahdanau"


class AttentionScore(Enum):
    """How "luong" compares the decoder's output with a feature."""

    general = "general"
    dot = "dot"
    concat = "concat"
    multi_head = "multi_head"
    local = "local"


@dataclass
class AttentionLSTM(Model):
    """The encoder of `lstm` with attention added; without it, the two models are the same.

    Fields:
        hidden_size: units; a multiple of `heads`.
        layers: how many.
        dropout: on the input of every layer.
        attention: of the decoder, "luong" (all target symbols at once, quick) or "bahdanau" (symbol by symbol).
        heads: of the self-attention over frames, and of score "multi_head".
        context: how many positions a language model attends to.
        bidirectional: read the input both ways (not for language models); off, so that attention alone is added.
        score: of attention "luong": "general", "dot" or "concat" (Luong et al. 2015, eq. 8), "multi_head" (Vaswani et
            al. 2017) or "local", a window around a predicted position (local-p: Luong et al. 2015, eq. 9 and 10).
        window: of score "local", positions on each side.
    """

    name: ClassVar[str] = "attention_lstm"

    hidden_size: int = 256
    layers: int = 1
    dropout: float = 0.1
    attention: Attention = Attention.luong
    heads: int = 4
    context: int = 64
    bidirectional: bool = False
    score: AttentionScore = AttentionScore.general
    window: int = 10

    def __post_init__(self) -> None:
        check_sizes(self.hidden_size, self.layers, self.dropout)
        if self.heads < 1 or self.hidden_size % self.heads:
            raise ValueError(f"heads={self.heads}: must divide hidden_size={self.hidden_size}")
        if self.context < 1:
            raise ValueError(f"context={self.context}: must be at least 1")
        if self.window < 1:
            raise ValueError(f"window={self.window}: must be at least 1")
        if self.score is not AttentionScore.general and self.attention is not Attention.luong:
            raise ValueError(
                f"score={self.score.value}: is for attention=luong; {self.attention.value} has its own score"
            )
        if self.score is AttentionScore.dot and self.bidirectional:
            raise ValueError("score=dot: compares equal sizes, and bidirectional=true doubles the encoder's features")

    def capabilities(self, signature: TaskSignature) -> Capabilities:
        """Attention over frames reads the future; the window of a causal target does not, and is carried along."""
        needs = signature.target_type.needs
        frames = needs.reads == "features" and not needs.causal
        causal = not self.bidirectional and not frames
        # The LSTM's own state, and of a window the latest features and which of them exist.
        window = (self.context - 1) * (self.hidden_size + 1)
        return Capabilities(
            causal=causal,
            carries_state=needs.causal and causal,
            state_size=2 * self.layers * self.hidden_size + window if needs.causal and causal else None,
            size_step=self.heads,
        )

    def build(self, input_spec: ModelInput, target_spec: Target) -> Encoder:
        """The encoder over embedded input."""
        assert isinstance(input_spec, EmbeddedInput)
        needs = target_spec.needs
        stack = RecurrentStack(
            "lstm",
            input_spec.dim,
            self.hidden_size,
            self.layers,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            carry=needs.causal,
        )
        if needs.causal:
            return WindowEncoder(stack, self.context)
        if needs.reads == "summary":
            return PooledEncoder(stack)
        if needs.reads == "features":
            return SelfAttentiveEncoder(stack, self.heads)
        return RecurrentEncoder(stack)

    def build_decoder(self, encoder: Encoder, target_spec: Target, embedding_dim: int) -> Decoder:
        """The decoder of `lstm`, attending to the encoder's features."""
        return RecurrentDecoder(
            "lstm",
            embedding_dim,
            self.hidden_size,
            self.layers,
            memory_dim=encoder.feature_dim,
            summary_dim=encoder.summary_dim,
            attention=self.attention.value,
            dropout=self.dropout,
            score=self.score.value,
            heads=self.heads,
            window=self.window,
        )

    def tiny(self) -> AttentionLSTM:
        """The same network with 16 units."""
        return replace(self, hidden_size=16, dropout=0.0, heads=4, context=min(8, self.context))


class PooledEncoder(Encoder):
    """Recurrent features, summed up by attentive pooling."""

    def __init__(self, stack: RecurrentStack) -> None:
        super().__init__()
        self.stack = stack
        self.pooling = AttentivePooling(stack.output_dim)
        self.feature_dim = self.summary_dim = stack.output_dim

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        out = self.stack(x, lengths, state)
        summary, _ = self.pooling(out.features, lengths)
        return EncoderOutput(out.features, lengths, summary)

    def explain(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """As `forward`, with the LSTM's gates and the attention (B, T) that forms the summary."""
        gates: dict[str, Tensor] = {}
        out = self.stack(x, lengths, state, gates)
        summary, weights = self.pooling(out.features, lengths)
        return EncoderOutput(out.features, lengths, summary, explain={"attention": weights, **gates})


class SelfAttentiveEncoder(Encoder):
    """Recurrent features plus what each of them attends to among all others."""

    def __init__(self, stack: RecurrentStack, heads: int) -> None:
        super().__init__()
        self.stack = stack
        self.attention = SelfAttention(stack.output_dim, heads)
        self.feature_dim = self.summary_dim = stack.output_dim

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D)."""
        out = self.stack(x, lengths, state)
        features = out.features + self.attention(out.features, lengths)  # (B, T, H)
        return EncoderOutput(features, lengths, last_valid(features, lengths))

    def explain(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """As `forward`, with the LSTM's gates and the attention (B, T, heads, T) of each position to all."""
        gates: dict[str, Tensor] = {}
        recurrent = self.stack(x, lengths, state, gates).features
        weights = self.attention.weights(recurrent, lengths)
        return self(x, lengths, state)._replace(explain={"attention": weights, **gates})


class WindowEncoder(Encoder):
    """Recurrent features plus what each of them attends to among the latest ones, chunk after chunk."""

    def __init__(self, stack: RecurrentStack, context: int) -> None:
        super().__init__()
        self.stack = stack
        self.attention = WindowedCausalAttention(stack.output_dim, context)
        self.feature_dim = self.summary_dim = stack.output_dim

    def forward(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Encode x (B, T, D); the state is the LSTM's and the window's."""
        recurrent, window = (None, None) if state is None else state
        out = self.stack(x, lengths, recurrent)
        attended, window = self.attention(out.features, lengths, window)
        features = out.features + attended  # (B, T, H)
        return EncoderOutput(features, lengths, last_valid(features, lengths), (out.state, window))

    def explain(self, x: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """As `forward`, with the LSTM's gates and attention (B, T, context) to the latest positions, newest last."""
        recurrent, window = (None, None) if state is None else state
        gates: dict[str, Tensor] = {}
        weights = self.attention.weights(self.stack(x, lengths, recurrent, gates).features, lengths, window)
        return self(x, lengths, state)._replace(explain={"attention": weights, **gates})


@hookimpl
def harness_models() -> list[type[Model]]:
    """The models of this plug-in."""
    return [AttentionLSTM]
