"""The whole network around a model plug-in: embedding, encoder, head, and for target sequences a decoder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from harness.contract.model import Decoder, Encoder, EncoderOutput, Model, State
from harness.contract.signature import TaskSignature
from harness.contract.specs import EmbeddedInput, InputSpec
from harness.contract.target import Target
from harness.contract.target_context import HeadContext, HeadOptions
from harness.contract.training import ParameterGroup
from harness.errors import ConfigError, PluginError
from harness.nn.decoder import RecurrentDecoder
from harness.nn.embedding import TokenEmbedding, input_embedding
from harness.nn.parameter_groups import parameter_groups
from harness.nn.weights import WeightCounts, count_weights

_NO_ROOM = re.compile("allocate memory|out of memory|[Oo]verflow")
"""How torch says that a tensor is larger than memory, or than can be counted."""


class Network(nn.Module):
    """Embedding -> encoder -> (decoder ->) head.

    Attributes:
        encoder, decoder: the model plug-in's parts; `decoder` only if the target's head reads one.
        head: the target's.
        decoder_name: as recorded by the run.
    """

    def __init__(
        self,
        model: Model,
        signature: TaskSignature,
        inputs: InputSpec,
        target: Target,
        options: HeadOptions,
    ) -> None:
        super().__init__()
        self._model = model
        self.capabilities = model.capabilities(signature)
        self.target = target
        with _weights_that_fit(model):
            self._make_parts(model, inputs, target, options)

    def _make_parts(self, model: Model, inputs: InputSpec, target: Target, options: HeadOptions) -> None:
        dim = options.embedding_dim
        inputs = target.embedded(inputs)
        raw = type(inputs) in self.capabilities.reads
        self.embedding: nn.Module = nn.Identity() if raw else input_embedding(inputs, dim)
        self.encoder: Encoder = model.build(inputs if raw else EmbeddedInput(dim), target)
        self.decoder: Decoder | None = None
        self.target_embedding: TokenEmbedding | None = None
        features = _declared(self.encoder, "feature_dim", model)
        summary = _declared(self.encoder, "summary_dim", model)
        symbols = self.embedding
        if target.needs.reads == "decoder":
            words = target.vocabulary
            if words is None or words.bos_id is None:
                raise PluginError(
                    f"Target '{target.name}' reads a decoder, so its 'vocabulary' must say how many symbols there are "
                    "and which begins a sequence. See harness/contract/target.py, class Target."
                )
            self._begin = words.bos_id
            symbols = self.target_embedding = TokenEmbedding(words.size, dim, padding_idx=words.pad_id)
            self.decoder = model.build_decoder(self.encoder, target, dim) or RecurrentDecoder(
                "lstm",
                dim,
                summary,
                1,
                memory_dim=features,
                summary_dim=summary,
                attention=None,
                dropout=0.0,
            )
            features = self.decoder.feature_dim
        self.head: nn.Module = target.head(HeadContext(features, summary, symbols, options))

    @property
    def model_name(self) -> str:
        """The model plug-in's name, for messages."""
        return self._model.name

    @property
    def decoder_name(self) -> str:
        """Name of the decoder, or an empty string without one."""
        return self.decoder.name if self.decoder is not None else ""

    def encode(self, inputs: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """Embed and encode inputs (B, T, ...) of true lengths (B,)."""
        seen, seen_lengths = self.target.before_encoder(inputs, lengths)
        encoded = self.encoder(self.embedding(seen), seen_lengths, state)
        return self.target.after_encoder(encoded, inputs, lengths)

    def explain(self, inputs: Tensor, lengths: Tensor, state: State = None) -> EncoderOutput:
        """As `encode`, with what the encoder has to show of itself in `EncoderOutput.explain`. In eval mode only."""
        seen, seen_lengths = self.target.before_encoder(inputs, lengths)
        encoded = self.encoder.explain(self.embedding(seen), seen_lengths, state)
        return self.target.after_encoder(encoded, inputs, lengths)

    def forward(
        self, inputs: Tensor, lengths: Tensor, targets: Tensor | None = None, state: State = None
    ) -> tuple[Tensor, Tensor, State]:
        """Outputs as made by the target's head, their lengths (B,), and the encoder's state.

        Symbols are given as logits or log-probabilities, depending on the head.

        Args:
            inputs: (B, T, ...).
            lengths: int64 (B,).
            targets: int64 (B, U), for teacher forcing; only a decoder needs them.
            state: the encoder's state, for carried state.
        """
        features, lengths, state = self.features(inputs, lengths, targets, state)
        return self.head(features), lengths, state

    def features(
        self, inputs: Tensor, lengths: Tensor, targets: Tensor | None = None, state: State = None
    ) -> tuple[Tensor, Tensor, State]:
        """The head's input: (B, H) for a target of the whole input, else (B, T', H); otherwise as `forward`."""
        return self.read(self.encode(inputs, lengths, state), targets)

    def read(self, encoded: EncoderOutput, targets: Tensor | None = None) -> tuple[Tensor, Tensor, State]:
        """What `features` makes of encoded inputs."""
        if self.decoder is not None:
            if targets is None:
                raise ValueError("teacher forcing needs the targets")
            return self._teacher_forced(encoded, targets), encoded.lengths, None
        read = encoded.summary if self.target.needs.reads == "summary" else encoded.features
        return read, encoded.lengths, encoded.state

    def _teacher_forced(self, encoded: EncoderOutput, targets: Tensor) -> Tensor:
        """Features (B, U, H) for targets (B, U), each position given the true symbol before it."""
        assert self.decoder is not None
        assert self.target_embedding is not None
        begin = torch.full_like(targets[:, :1], self._begin)
        embedded = self.target_embedding(torch.cat([begin, targets[:, :-1]], dim=1))  # (B, U, D)
        start = self.decoder.start(encoded)
        return self.decoder(embedded, start, encoded.features, encoded.lengths)

    def decode_step(self, tokens: Tensor, state: State, memory: Tensor, lengths: Tensor) -> tuple[Tensor, State]:
        """One step of search: log-probabilities (N, V) after tokens (N,), and the next decoder state."""
        assert self.decoder is not None
        assert self.target_embedding is not None
        features, state, _ = self.decoder.step(self.target_embedding(tokens), state, memory, lengths)
        return self.head(features).float().log_softmax(-1), state

    @property
    def parts(self) -> tuple[Encoder | Decoder, ...]:
        """The model's own: the encoder, and the decoder if there is one."""
        return (self.encoder,) if self.decoder is None else (self.encoder, self.decoder)

    def parameter_groups(self) -> tuple[ParameterGroup, ...]:
        """The model's groups of parameters; empty if it declares none.

        Raises:
            PluginError: they are not what the contract asks for.
        """
        return parameter_groups(self._model, self.encoder, self.decoder)

    def weight_counts(self) -> tuple[WeightCounts, WeightCounts, WeightCounts]:
        """Trained and fixed weights of the whole network, of encoder and decoder, and of the encoder alone."""
        return count_weights([self]), count_weights(self.parts), count_weights([self.encoder])


def _declared(encoder: Encoder, name: str, model: Model) -> int:
    value = getattr(encoder, name, None)
    if not isinstance(value, int):
        raise PluginError(
            f"The encoder of model '{model.name}' must set '{name}' to an int in its constructor; found {value!r}. "
            "See harness/contract/model.py, class Encoder."
        )
    return value


@contextmanager
def _weights_that_fit(model: Model) -> Iterator[None]:
    """Tell the user of a model whose weights are larger than memory.

    Raises:
        ConfigError: it is.
    """
    try:
        yield
    except (MemoryError, OverflowError, RuntimeError, TypeError) as error:
        if not isinstance(error, MemoryError | OverflowError) and not _NO_ROOM.search(str(error)):
            raise
        raise ConfigError(
            f"The weights of model '{model.name}' do not fit into memory: choose smaller sizes (model.OPTION, "
            "trainer.embedding_dim, or the task's vocabulary)."
        ) from error
