"""A label sequence without alignment, by connectionist temporal classification: its loss, greedy and beam search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract import hypotheses
from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, InputSpec
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
class CTCTarget(Target):
    """A label sequence without alignment: labels 1..num_labels, `blank` = 0; output (B, T', num_labels + 1).

    Source: Graves et al. 2006, "Connectionist Temporal Classification".

    Attributes:
        num_labels: labels of targets are 1 to this number.
        blank: the class that stands for no label.
        max_subsampling: the largest factor by which a model may shorten time with every example still feasible.
    """

    name: ClassVar[str] = "ctc"
    needs: ClassVar[Needs] = Needs("features", subsampling="declared")
    symbols: ClassVar[bool] = True
    parts: ClassVar[str] = "length"

    num_labels: int
    blank: int = 0
    max_subsampling: int = 1

    @property
    def layout(self) -> Layout:
        """Labels, as many as there are."""
        return Layout((None,))

    @property
    def vocabulary(self) -> Vocabulary:
        """The labels and the blank, which no target holds."""
        return Vocabulary(self.num_labels + 1, pad_id=self.blank)

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> CTCTarget:
        """`size` labels."""
        return cls(size, max_subsampling=max_subsampling)

    def head(self, context: HeadContext) -> nn.Module:
        """One linear layer on the features."""
        from harness.nn.heads import LinearHead

        return LinearHead(context.feature_dim, self.num_labels + 1, context.options.head_dropout)

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, T', num_labels + 1)."""
        return (rows, steps, self.num_labels + 1)

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
        """-log p(labels), summed over alignments; infinite where there is none."""
        from torch.nn import functional

        return functional.ctc_loss(
            outputs.float().log_softmax(-1).transpose(0, 1),  # (T', B, V+1)
            targets,
            output_lengths,
            target_lengths,
            blank=self.blank,
            reduction="none",
            # zero_infinity stays off: an infeasible example must show, not count as solved.
        )

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """Labels of the most likely path; for a beam search, the log-probabilities (T', V + 1) that it reads."""
        from harness.nn.ctc_search import ctc_greedy

        scores = outputs.float().log_softmax(-1)
        if self.search_width(decoding) is None:
            return [Answer(labels) for labels in ctc_greedy(scores, lengths, self.blank)]
        return [Answer(row[:n]) for row, n in zip(scores, lengths.tolist(), strict=True)]

    def search_width(self, decoding: Decoding) -> int | None:
        """All labels after each prefix of the beam."""
        return decoding.beam_size * (self.num_labels + 1) if decoding.method == "beam" else None

    def search(self, network: Any, batch: Batch, answers: Sequence[Answer], decoding: Decoding) -> list[Any]:
        """The labels that a prefix beam search finds."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        from harness.nn.ctc_search import ctc_prefix_beam

        rows = [answer.output for answer in answers]
        lengths = torch.tensor([len(row) for row in rows])
        return ctc_prefix_beam(pad_sequence(rows, batch_first=True), lengths, self.blank, decoding.beam_size)

    @classmethod
    def hypothesis_files(cls, found: Sequence[AnsweredText], kept: Path) -> dict[str, Content]:
        """Lines of text, and transcripts of sclite."""
        return hypotheses.lines(found) | hypotheses.trn(found)

    def work(self, input_lengths: Tensor, target_lengths: Tensor) -> tuple[int, str]:
        """Frames of the input."""
        return int(input_lengths.sum()), "input frames/s"

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Word and character error rate, and sentence accuracy."""
        from harness.metrics.error_rates import CER, SENTENCE_ACCURACY, WER

        return WER, CER, SENTENCE_ACCURACY

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, CTCTarget], ...]:
        """Three labels, with room for a model that halves time."""
        return ((FrameInput(5), cls(3, max_subsampling=2)),)

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """The classes in the order in which they appear, of which a quarter of the frames have room."""
        changes = classes[np.flatnonzero(np.diff(classes, prepend=-1))]
        return changes[: max(1, len(classes) // 4)] + 1

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """Labels from 1 to num_labels are right."""
        return outside(target, 1, self.num_labels + 1)

    def steps_needed(self, target: np.ndarray) -> int:
        """A frame for each label, and one for a blank between equal ones."""
        return len(target) + int((target[1:] == target[:-1]).sum())


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [CTCTarget]
