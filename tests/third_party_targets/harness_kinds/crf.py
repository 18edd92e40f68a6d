"""A linear-chain CRF: one tag a position, each depending on the one before it; Viterbi finds the best sequence.

Source: J. Lafferty et al., "Conditional Random Fields", 2001.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness import Example, Metric, Prediction, Target, hookimpl
from harness.contract.specs import FrameInput, InputSpec
from harness.contract.target import Answer, Layout, Needs
from harness.contract.target_context import Decoding, HeadContext
from harness.metrics.tagging import SPAN_F1, TAG_MACRO_F1, TOKEN_ACCURACY, tag_confusion

if TYPE_CHECKING:
    from torch import Tensor, nn

HARNESS_CONTRACT = 2


@dataclass(frozen=True)
class CRFTarget(Target):
    """Tags int64 (B, T); output (B, T, K), the scores of tags; transitions (K, K) are the head's."""

    name: ClassVar[str] = "crf"
    needs: ClassVar[Needs] = Needs("features", subsampling="none")
    parts: ClassVar[str] = "tag"

    tags: tuple[str, ...]

    @property
    def layout(self) -> Layout:
        return Layout((None,))

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> CRFTarget:
        return cls(tuple(map(str, range(size))))

    def head(self, context: HeadContext) -> nn.Module:
        import torch

        from harness.nn.heads import LinearHead

        head = LinearHead(context.feature_dim, len(self.tags), context.options.head_dropout)
        head.transitions = torch.nn.Parameter(torch.zeros(len(self.tags), len(self.tags)))  # from row to column
        return head

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        return (rows, steps, len(self.tags))

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
        """log of the sum over all sequences of exp(score), minus the score of the right one."""
        scores, moves = outputs.float(), head.transitions
        right = scores.gather(2, targets.unsqueeze(2)).squeeze(2)  # (B, T)
        total, alpha = right[:, 0], scores[:, 0]  # (B,), (B, K)
        for t in range(1, scores.shape[1]):
            valid = t < target_lengths  # (B,)
            total = total + (right[:, t] + moves[targets[:, t - 1], targets[:, t]]) * valid
            alpha = ((alpha.unsqueeze(2) + moves).logsumexp(1) + scores[:, t]).where(valid.unsqueeze(1), alpha)
        return alpha.logsumexp(1) - total

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """Viterbi: the best sequence of each example."""
        moves = head.transitions.detach().double().cpu().numpy()
        rows = outputs.detach().double().cpu().numpy()
        return [Answer(_viterbi(row[:n], moves)) for row, n in zip(rows, lengths.tolist(), strict=True)]

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None) -> str:
        return " ".join(self.tags[tag] for tag in output)

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        return SPAN_F1, TOKEN_ACCURACY, TAG_MACRO_F1

    def charts(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> dict[str, Any]:
        return {"confusion": tag_confusion(predictions, examples, self.tags)}

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, CRFTarget], ...]:
        return ((FrameInput(5), cls(("O", "B-X", "I-X"))),)

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        return classes

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        if target.shape != (steps,):
            return f"tags of shape {target.shape} for {steps} positions"
        return None if ((target >= 0) & (target < len(self.tags))).all() else f"{target.tolist()} has unknown tags"


def _viterbi(scores: np.ndarray, moves: np.ndarray) -> list[int]:
    """The best path through scores (T, K) and transitions (K, K)."""
    best, back = scores[0], []
    for row in scores[1:]:
        ways = best[:, None] + moves  # (K, K)
        back.append(ways.argmax(0))
        best = ways.max(0) + row
    path = [int(best.argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return path[::-1]


@hookimpl
def harness_targets() -> list[type[Target]]:
    return [CRFTarget]
