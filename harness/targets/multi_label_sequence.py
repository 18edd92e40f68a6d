"""Any number of labels at every step, told from the steps before: polyphonic music, scored by likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from harness.contract.hookspecs import hookimpl
from harness.contract.specs import FrameInput, InputSpec
from harness.contract.target import Answer, Continuation, Layout, Needs, Target
from harness.contract.target_context import Decoding, HeadContext

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from harness.contract.batch import Example
    from harness.contract.metric import Metric

HARNESS_CONTRACT = 2

REST = "-"
"""A step without a label."""


@dataclass(frozen=True)
class MultiLabelSequenceTarget(Target):
    """Any of K labels at every step: target int64 (B, T, K) of 0 and 1, output (B, T, K), a cross-entropy for each.

    The input of step t is what was there at step t - 1, so a model must be causal. Losses are totals of a step's K
    binary cross-entropies, in nats, and count steps. A label is answered where its probability is at least one half.

    Attributes:
        class_names: name of each of the K labels, a single word without "+".
    """

    name: ClassVar[str] = "multi_label_sequence"
    needs: ClassVar[Needs] = Needs("features", causal=True, subsampling="none")
    overlapping: ClassVar[bool] = True

    class_names: tuple[str, ...]

    @property
    def layout(self) -> Layout:
        """0 or 1 for each label at each step."""
        return Layout((None, len(self.class_names)))

    @classmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> MultiLabelSequenceTarget:
        """`size` labels."""
        return cls(tuple(map(str, range(size))))

    def head(self, context: HeadContext) -> nn.Module:
        """One linear layer on the features."""
        from harness.nn.heads import LinearHead

        return LinearHead(context.feature_dim, len(self.class_names), context.options.head_dropout)

    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """(B, T, K)."""
        return (rows, steps, len(self.class_names))

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
        """Binary cross-entropy, summed over labels and steps; smoothing moves each target that far towards one half."""
        import torch
        from torch.nn import functional

        wanted = targets * (1.0 - label_smoothing) + 0.5 * label_smoothing
        losses = functional.binary_cross_entropy_with_logits(outputs.float(), wanted, reduction="none").sum(2)  # (B, T)
        steps = torch.arange(targets.shape[1], device=targets.device)
        return losses.masked_fill(steps >= target_lengths.unsqueeze(1), 0.0).sum(1)

    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """0 or 1 for each label at each step, (T, K) as lists."""
        rows = zip((outputs >= 0).long().tolist(), lengths.tolist(), strict=True)
        return [Answer(row[:n]) for row, n in rows]

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """Names of a step's labels with "+" between them, steps with blanks: "C4+E4 - G4"."""
        return " ".join(
            "+".join(name for name, on in zip(self.class_names, step, strict=True) if on) or REST for step in output
        )

    def samples(
        self, network: Any, examples: Sequence[Example], decoding: Decoding, random: torch.Generator
    ) -> list[Continuation]:
        """Continuations of the first half of each example, at most 16 steps of it.

        A step has as many labels as are expected, the rounded sum of their probabilities, but no more than the fullest
        one of the beginning. They are drawn one after the other in proportion to their odds, without replacement, by
        the largest of logits / temperature + Gumbel noise (Kool, van Hoof and Welling 2019).
        """
        made = []
        for example in examples:
            beginning = np.asarray(example.target, np.int64)[: max(1, min(16, len(example.target) // 2))]
            continued = _continued(network, beginning, decoding, random)
            made.append(Continuation(self.text(beginning), self.text(continued), [*beginning.tolist(), *continued]))
        return made

    def work(self, input_lengths: Tensor, target_lengths: Tensor) -> tuple[int, str]:
        """Steps."""
        return int(input_lengths.sum()), "input frames/s"

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Negative log-likelihood a step, and frame-level accuracy."""
        from harness.metrics.label_steps import FRAME_ACCURACY, NLL_PER_STEP

        return NLL_PER_STEP, FRAME_ACCURACY

    @classmethod
    def cases(cls) -> tuple[tuple[InputSpec, MultiLabelSequenceTarget], ...]:
        """Three labels at each step of recordings."""
        return ((FrameInput(5), cls(("a", "b", "c"))),)

    def answer_for(self, classes: np.ndarray) -> np.ndarray:
        """The class shown at each step."""
        return (classes[:, None] == np.arange(len(self.class_names))).astype(np.int64)

    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """0 or 1 for each label at each step is right."""
        if target.shape != (steps, len(self.class_names)):
            return f"the target has shape {target.shape}, not ({steps}, {len(self.class_names)}): steps and labels"
        return None if np.isin(target, (0, 1)).all() else "the target is not of 0 and 1 alone"


def _continued(network: Any, beginning: np.ndarray, decoding: Decoding, random: torch.Generator) -> list[list[int]]:
    """`decoding.sample_length` steps after a beginning (T, K), but at most 64."""
    import torch

    device = next(network.parameters()).device
    most = max(1, int(beginning.sum(1).max()))
    seen = torch.tensor(beginning, dtype=torch.float32, device=device)[None]  # (1, T, K)
    given, state, steps = seen, None, list[list[int]]()
    for _ in range(min(decoding.sample_length, 64)):
        lengths = torch.tensor([given.shape[1]], device=device)
        outputs, _, state = network(given, lengths, state=state)
        logits = outputs[0, -1].float().cpu()  # (K,)
        expected = min(most, round(float(torch.sigmoid(logits).sum())))
        noise = -torch.log(-torch.log(torch.rand(len(logits), generator=random).clamp(1e-9, 1 - 1e-7)))
        step = torch.zeros(len(logits), dtype=torch.int64)
        scores = logits / decoding.temperature + noise if decoding.temperature else logits
        step[scores.topk(expected).indices] = 1
        steps.append(step.tolist())
        new = step.float().to(device)[None, None]  # (1, 1, K)
        if network.capabilities.carries_state:
            given = new
        else:
            seen = torch.cat((seen, new), 1)[:, -256:]
            given, state = seen, None
    return steps


@hookimpl
def harness_targets() -> list[type[Target]]:
    """The target of this module."""
    return [MultiLabelSequenceTarget]
