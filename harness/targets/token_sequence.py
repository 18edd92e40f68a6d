"""A symbol sequence of its own length, written by a decoder: teacher forcing, and greedy or beam search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract import hypotheses
from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, InputSpec, TokenInput
from harness.contract.target import Answer, Layout, Needs, Target, Vocabulary
from harness.contract.target_context import Decoding, HeadContext
from harness.targets._checks import outside

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from harness.contract.batch import Batch
    from harness.contract.hypotheses import AnsweredText, Content
    from harness.contract.metric import Metric

HARNESS_CONTRACT = 2


@dataclass(frozen=True)
class TokenSequenceTarget(Target):
    """A symbol sequence of its own length, ending in `eos_id`: target int64 (B, U), output (B, U, V).

    Attributes:
        vocab_size: V, special symbols included.
        pad_id: what batches are padded with.
        bos_id: what the decoder begins with; the engine puts it there.
        eos_id: the last symbol of every target.
        max_length: the longest output of a search, in symbols.
    """

    name: ClassVar[str] = "token_sequence"
    needs: ClassVar[Needs] = Needs("decoder")
    symbols: ClassVar[bool] = True
    softmax: ClassVar[bool] = True
    searched: ClassVar[bool] = True
    parts: ClassVar[str] = "length"

    vocab_size: int
    pad_id: int = 0
    bos_id: int = 1
    eos_id: int = 2
    max_length: int = 100

    @property
    def layout(self) -> Layout:
        """Symbols, the last of which is eos."""
        return Layout((None,), pad=self.pad_id)

    @property
    def vocabulary(self) -> Vocabulary:
        """V symbols."""
        return Vocabulary(self.vocab_size, self.pad_id, self.bos_id, self.eos_id)

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> TokenSequenceTarget:
        """`size` symbols."""
        return cls(size, max_length=size)

    def head(self, context: HeadContext) -> nn.Module:
        """A softmax over the vocabulary, whose weights may be those of the target's embedding."""
        from harness.nn.heads import TokenHead

        table: Any = context.embedding
        options = context.options
        return TokenHead(
            context.feature_dim, table, options.head_dropout, tie=options.tie_embeddings, softmax=options.softmax
        )

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, U, V)."""
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
        """Nothing yet: outputs under teacher forcing are no answers."""
        return [Answer([]) for _ in range(len(outputs))]

    def search_width(self, decoding: Decoding) -> int | None:
        """All symbols after each hypothesis."""
        return self.vocab_size * (decoding.beam_size if decoding.method == "beam" else 1)

    def search(self, network: Any, batch: Batch, answers: Sequence[Answer], decoding: Decoding) -> list[list[int]]:
        """The symbols that greedy or beam search finds, without bos and eos."""
        import torch

        from harness.nn.search import beam, greedy

        encoded = network.encode(batch.inputs, batch.input_lengths)
        start = network.decoder.start(encoded)
        memory, lengths, at = encoded.features, encoded.lengths, torch.empty(0)

        def step(tokens: Tensor, state: object, rows: Tensor) -> tuple[Tensor, object]:
            nonlocal memory, lengths, at
            if rows is not at:  # the same tensor until an example leaves the batch: gathering it anew costs a copy
                memory, lengths, at = encoded.features[rows], encoded.lengths[rows], rows
            found: tuple[Tensor, object] = network.decode_step(tokens, state, memory, lengths)
            return found

        longest = decoding.max_length or self.max_length
        arguments = (step, start, len(batch), self.bos_id, self.eos_id, longest, batch.inputs.device)
        forbid = (self.pad_id, self.bos_id)
        if decoding.method == "beam":
            results = beam(*arguments, decoding.beam_size, decoding.length_penalty, forbid=forbid)
        else:
            results = greedy(*arguments, forbid=forbid)
        return [hypothesis.ids for hypothesis in results]

    @classmethod
    def hypothesis_files(cls, found: Sequence[AnsweredText], kept: Path) -> dict[str, Content]:
        """Lines of text; where an example has several right answers, captions of COCO too."""
        return hypotheses.lines(found) | (
            hypotheses.captions(found) if any(len(h.references) > 1 for h in found) else {}
        )

    def work(self, input_lengths: Tensor, target_lengths: Tensor) -> tuple[int, str]:
        """Symbols of the targets."""
        return int(target_lengths.sum()), "target tokens/s"

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """BLEU, chrF and the perplexity of the right answer."""
        from harness.metrics.language_model import TOKEN_PERPLEXITY
        from harness.metrics.translation import BLEU, CHRF

        return BLEU, CHRF, TOKEN_PERPLEXITY

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, TokenSequenceTarget], ...]:
        """Twelve symbols, written after strings and after recordings."""
        return (TokenInput(12), cls(12)), (FrameInput(5), cls(12))

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """The first classes as symbols, and eos."""
        return np.array([*(3 + classes[:6:3]), self.eos_id])

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """Symbols of the vocabulary with one eos, at the end, are right."""
        if problem := outside(target, 0, self.vocab_size):
            return problem
        if target[-1] != self.eos_id:
            return f"the target ends in {target[-1]}, not in eos ({self.eos_id})"
        return "eos stands before the end" if (target[:-1] == self.eos_id).any() else None

    def perfect(self, target: np.ndarray) -> Answer:
        """The symbols without eos."""
        return Answer(target[:-1].tolist())


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [TokenSequenceTarget]
