"""The next symbol at every position of a document: language modelling, scored by likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.contract.specs import InputSpec, TokenInput
from harness.contract.target import Answer, Layout, Needs, Target, Vocabulary
from harness.contract.target_context import Decoding, HeadContext
from harness.targets._checks import outside

if TYPE_CHECKING:
    from torch import Tensor, nn

    from harness.contract.batch import Batch
    from harness.contract.metric import Metric

HARNESS_CONTRACT = 2


@dataclass(frozen=True)
class NextTokenTarget(Target):
    """The next symbol at every position: target int64 (B, T), output (B, T, V); perplexity.

    Documents are trained on as streams and scored whole, each symbol once (`harness.training.score_stream`).

    Attributes:
        vocab_size: V, special symbols included.
        pad_id: what batches are padded with.
        bos_id: what each document begins with; the engine puts it there.
    """

    name: ClassVar[str] = "next_token"
    needs: ClassVar[Needs] = Needs("features", causal=True, subsampling="none", streams=True)
    symbols: ClassVar[bool] = True
    softmax: ClassVar[bool] = True
    parts: ClassVar[str] = "length"

    vocab_size: int
    pad_id: int = 0
    bos_id: int = 1

    @property
    def layout(self) -> Layout:
        """The document's symbols."""
        return Layout((None,), pad=self.pad_id)

    @property
    def vocabulary(self) -> Vocabulary:
        """V symbols."""
        return Vocabulary(self.vocab_size, self.pad_id, self.bos_id)

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> NextTokenTarget:
        """`size` symbols."""
        return cls(size)

    def head(self, context: HeadContext) -> nn.Module:
        """A softmax over the vocabulary, whose weights may be those of the input's embedding."""
        from harness.nn.embedding import TokenEmbedding
        from harness.nn.heads import TokenHead

        table, options = context.embedding, context.options
        if not isinstance(table, TokenEmbedding):
            table = TokenEmbedding(self.vocab_size, options.embedding_dim, padding_idx=self.pad_id)
        return TokenHead(
            context.feature_dim, table, options.head_dropout, tie=options.tie_embeddings, softmax=options.softmax
        )

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, T, V)."""
        return (rows, steps, self.vocab_size)

    def loss_rows(
        self,
        outputs: Tensor,
        output_lengths: Tensor,
        targets: Tensor,
        target_lengths: Tensor,
        *,
        head: Any = None,
        label_smoothing: float = 0.0,
    ) -> Tensor:
        """Cross-entropy, summed over symbols."""
        from harness.nn.losses import cross_entropy_rows

        return cross_entropy_rows(outputs, targets, target_lengths, label_smoothing=label_smoothing)

    def training_loss(
        self, head: Any, features: Tensor, output_lengths: Tensor, batch: Batch, label_smoothing: float = 0.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The head's own, which makes no matrix of all logits."""
        result: tuple[Tensor, Tensor, Tensor] = head.loss(
            features, batch.targets, batch.target_lengths, label_smoothing=label_smoothing
        )
        return result

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """None: documents are scored, and nothing is answered."""
        return [Answer(None)] * len(outputs)

    def work(self, input_lengths: Tensor, target_lengths: Tensor) -> tuple[int, str]:
        """Symbols."""
        return int(target_lengths.sum()), "target tokens/s"

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Perplexity, and bits per character of the raw text."""
        from harness.metrics.language_model import BITS_PER_CHARACTER, PERPLEXITY

        return PERPLEXITY, BITS_PER_CHARACTER

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, NextTokenTarget], ...]:
        """Twelve symbols."""
        return ((TokenInput(12), cls(12)),)

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """The classes as symbols."""
        return 3 + classes

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """Symbols of the vocabulary are right."""
        return outside(target, 0, self.vocab_size)

    def perfect(self, target: np.ndarray) -> Answer:
        """Nothing is answered."""
        return Answer(None)


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [NextTokenTarget]
