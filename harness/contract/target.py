"""The target contract: one kind of answer, with everything the engine does for it.

A target is a frozen dataclass. Its fields are the sizes that come with the data; its methods are the head, the loss,
the decoding and the rest of what depends on the kind of answer. The engine asks the target and never looks at its type,
so a target of an outside package is as good as a built-in one (`harness.targets`). Importing this module imports no
torch, and neither should the module of a target: import it inside the methods that compute.

Axes: B batch, T input time, T' time of the features, U target time, H hidden size, S summary.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self

from harness.contract import hypotheses

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import torch
    from torch import Tensor, nn

    from harness.contract.batch import Batch, Example
    from harness.contract.hypotheses import AnsweredText, Content
    from harness.contract.metric import Metric, Prediction
    from harness.contract.model import EncoderOutput
    from harness.contract.specs import InputSpec
    from harness.contract.target_context import Decoding, HeadContext


@dataclass(frozen=True)
class Needs:
    """What a target needs of a model; decided from types, before any data.

    Attributes:
        reads: what the head is given: the encoder's "summary" (B, S), its "features" (B, T', H), or the features of a
            "decoder" over them (B, U, H).
        causal: features at time t must not depend on inputs after t.
        subsampling: by how much a model may shorten time: by "any" factor, up to the factor that the task has
            "declared" (`Task.max_subsampling`), or by "none".
        streams: examples are documents, trained on as parallel streams in which a model may carry its state.
    """

    reads: Literal["summary", "features", "decoder"] = "summary"
    causal: bool = False
    subsampling: Literal["any", "declared", "none"] = "any"
    streams: bool = False


@dataclass(frozen=True)
class Layout:
    """How the target of an example is laid out as an array.

    Attributes:
        shape: () for one number; None stands for the example's own length, which batches pad.
        dtype: "int64" or "float32".
        pad: what batches are padded with.
    """

    shape: tuple[int | None, ...] = ()
    dtype: Literal["int64", "float32"] = "int64"
    pad: int = 0


@dataclass(frozen=True)
class Vocabulary:
    """The symbols that targets are written in; ids that a target does not use are None.

    Attributes:
        size: how many symbols there are, special ones included.
        pad_id: what batches are padded with.
        bos_id: what a decoder or a stream begins with.
        eos_id: what ends a sequence.
    """

    size: int
    pad_id: int | None = None
    bos_id: int | None = None
    eos_id: int | None = None

    @property
    def special(self) -> set[int]:
        """Ids with a meaning of their own, which stand for nothing in the data."""
        return {i for i in (self.pad_id, self.bos_id, self.eos_id) if i is not None}


class Continuation(NamedTuple):
    """What a trained model continues by itself.

    Attributes:
        beginning: given to it, as people read it; may be empty.
        text: what it made of that.
        output: beginning and continuation together, in the form of `Answer.output`.
    """

    beginning: str
    text: str
    output: Any


class Answer(NamedTuple):
    """What a model says of one example.

    Attributes:
        output: becomes `Prediction.output`.
        scores: becomes `Prediction.scores`.
    """

    output: Any
    scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class Target(ABC):
    """Base of every target.

    Class variables:
        name: equal to the entry point's name without "target.".
        needs: of a model.
        symbols: whether targets are symbols of a vocabulary that was fitted to data (`vocabulary` has its size).
        softmax: whether the head is a `harness.nn.heads.TokenHead`, so that `trainer.softmax` applies.
        searched: whether outputs exist only after a search. Validations then look at the loss alone.
        overlapping: whether the inputs of different examples share steps by right (windows of one series).
        keeps_input: whether metrics may look at `Example.input`; False saves memory where inputs are large.
        parts: what a report divides scores by: "class", "tag", "horizon", "length", or "" for nothing.
    """

    name: ClassVar[str]
    needs: ClassVar[Needs] = Needs()
    symbols: ClassVar[bool] = False
    softmax: ClassVar[bool] = False
    searched: ClassVar[bool] = False
    overlapping: ClassVar[bool] = False
    keeps_input: ClassVar[bool] = True
    parts: ClassVar[str] = ""

    # -- specification -------------------------------------------------------------------------------

    @property
    @abstractmethod
    def layout(self) -> Layout:
        """The array that `Example.target` is. Batches are collated by it."""

    @property
    def vocabulary(self) -> Vocabulary | None:
        """The symbols of targets; needed where the head reads a decoder, or where examples are streams."""
        return None

    @property
    def max_subsampling(self) -> int:
        """By how much a model may shorten time, where `needs.subsampling` is "declared"."""
        return 1

    @classmethod
    @abstractmethod
    def made_up(cls, size: int, max_subsampling: int = 1) -> Self:
        """A target in which `size` stands for every size that data would decide; for counting parameters."""

    # -- network and loss ----------------------------------------------------------------------------

    def embedded(self, inputs: InputSpec) -> InputSpec:
        """What embedding and encoder are built for, where `before_encoder` gives them something else than the input."""
        return inputs

    def before_encoder(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """What embedding and encoder are given, (R, T, ...), and its lengths (R,); by default the input as it is.

        R may be a multiple of B: several views of each example, which `after_encoder` puts together again. A view at
        time t must not depend on inputs after t.
        """
        return inputs, lengths

    def after_encoder(self, encoded: EncoderOutput, inputs: Tensor, lengths: Tensor) -> EncoderOutput:
        """The encoder's output with one row an example again; by default as it is.

        Args:
            encoded: of what `before_encoder` returned.
            inputs: (B, T, ...), as given: a part of them may be handed to the head beside the summary.
            lengths: int64 (B,).
        """
        return encoded

    @abstractmethod
    def head(self, context: HeadContext) -> nn.Module:
        """What turns (B, S), (B, T', H) or (B, U, H), as `needs.reads` says, into outputs."""

    @abstractmethod
    def output_shape(self, rows: int, steps: int) -> tuple[int, ...]:
        """Shape of the outputs for a batch of `rows` examples; `steps`: T', or U where a decoder is read."""

    @abstractmethod
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
        """Total loss of each example, float32 (B,), whatever the padding holds.

        Args:
            outputs: of the head.
            output_lengths: int64 (B,), valid steps of outputs that have time.
            targets: (B, ...), as `layout` says.
            target_lengths: int64 (B,).
            head: that made the outputs, for a loss with parameters of its own.
            label_smoothing: for cross-entropies.
        """

    def loss_counts(self, targets: Tensor, target_lengths: Tensor) -> Tensor:
        """Target units of each example, int64 (B,): its length, or how many numbers its target has.

        Args:
            targets: (B, ...), as `layout` says, for a target that leaves some of its positions out of the loss.
            target_lengths: int64 (B,).
        """
        shape = self.layout.shape
        if shape[:1] == (None,):
            return target_lengths
        return target_lengths.new_full(target_lengths.shape, math.prod(size or 1 for size in shape))

    def loss_sum(
        self,
        outputs: Tensor,
        output_lengths: Tensor,
        targets: Tensor,
        target_lengths: Tensor,
        *,
        head: Any = None,
        label_smoothing: float = 0.0,
    ) -> tuple[Tensor, Tensor]:
        """Total loss of a batch, and the number of target units that it covers (int64 scalar)."""
        rows = self.loss_rows(
            outputs, output_lengths, targets, target_lengths, head=head, label_smoothing=label_smoothing
        )
        return rows.sum(), self.loss_counts(targets, target_lengths).sum()

    def training_loss(
        self, head: Any, features: Tensor, output_lengths: Tensor, batch: Batch, label_smoothing: float = 0.0
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Mean loss of a batch (with a gradient), its total and its count, from what the head reads."""
        total, count = self.loss_sum(
            head(features),
            output_lengths,
            batch.targets,
            batch.target_lengths,
            head=head,
            label_smoothing=label_smoothing,
        )
        return total / count, total, count

    # -- answers -------------------------------------------------------------------------------------

    @abstractmethod
    def answers(self, outputs: Tensor, lengths: Tensor, decoding: Decoding, *, head: Any = None) -> list[Answer]:
        """What a batch of outputs (valid up to `lengths`) says without a search, one answer an example."""

    def search_width(self, decoding: Decoding) -> int | None:
        """How many log-probabilities a step of `search` looks at for one example; None: there is no search."""
        return None

    def search(self, network: Any, batch: Batch, answers: Sequence[Answer], decoding: Decoding) -> list[Any]:
        """Outputs that only a search finds. Called where `search_width` is not None.

        Args:
            network: a `harness.nn.network.Network`.
            batch: the examples; rows of several batches together, since steps of a search cost little more then.
            answers: what `answers` made of them.
            decoding: method and its options.
        """
        raise NotImplementedError

    def text(self, output: Any, decode: Callable[[Sequence[int]], str] | None = None) -> str:
        """An output as people read it, in units of the data; `decode`: of the task (`Preprocessing.decode`)."""
        if decode is not None and isinstance(output, list):
            return decode(output)
        return " ".join(map(str, output)) if isinstance(output, list) else str(output)

    def details(self, answer: Answer) -> Mapping[str, Any]:
        """What is known of an answer beside its text, by name, as JSON values: the lines of `harness predict --json`.

        Figures are in units of the data, classes and labels have their names. By default the scores, where there are
        any.
        """
        return {"scores": list(answer.scores)} if answer.scores else {}

    def samples(
        self, network: Any, examples: Sequence[Example], decoding: Decoding, random: torch.Generator
    ) -> list[Continuation]:
        """What a trained network makes by itself of the beginnings of some examples; empty: nothing.

        The texts of targets whose examples are streams are generated by the engine (`harness.training.generate`).

        Args:
            network: a `harness.nn.network.Network` in eval mode.
            examples: of the test split.
            decoding: length and temperature.
            random: advanced by this call.
        """
        return []

    def answer_files(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> dict[str, bytes]:
        """Answers in full, content by name, where `text` shortens them; kept in `answers/` of the run's folder."""
        return {}

    @classmethod
    def hypothesis_files(cls, found: Sequence[AnsweredText], kept: Path) -> dict[str, Content]:
        """The answers as files that other tools score, content by name; see `harness.contract.hypotheses`.

        Args:
            found: what the store knows of the answers.
            kept: the folder with `answer_files`; it may be missing.

        Raises:
            DataError: a file that is needed is not there.
        """
        return hypotheses.lines(found)

    # -- measuring -----------------------------------------------------------------------------------

    def work(self, input_lengths: Tensor, target_lengths: Tensor) -> tuple[int, str]:
        """What throughput counts, real and unpadded: (count, unit). Lengths lie on the host."""
        return len(input_lengths), "examples/s"

    @classmethod
    def metrics(cls) -> tuple[Metric, ...]:
        """Ready metrics that fit; a task chooses among them or brings its own."""
        return ()

    def charts(self, predictions: Sequence[Prediction], examples: Sequence[Example]) -> dict[str, Any]:
        """Plain data that reports draw: {"confusion": {"labels": [...], "matrix": [[...]]}}."""
        return {}

    # -- testing -------------------------------------------------------------------------------------

    @classmethod
    @abstractmethod
    def cases(cls) -> tuple[tuple[InputSpec, Self], ...]:
        """Small specifications on which the contracts of models and of the target itself are checked."""

    @abstractmethod
    def answer_for(self, classes: np.ndarray) -> Any:
        """An `Example.target` that follows from an input in which step t shows class classes[t] of 3, int64 (T,)."""

    @abstractmethod
    def problem(self, target: np.ndarray, steps: int) -> str | None:
        """What is wrong with a target of an example whose input has `steps` steps; None: nothing."""

    def uninformed(self, outputs: Tensor) -> Tensor | None:
        """Outputs in place of these of a network that knows nothing, by which an untrained loss is judged.

        Zeros make a softmax uniform. None: there are none, and nothing is judged.
        """
        return outputs.new_zeros(outputs.shape)

    def steps_needed(self, target: np.ndarray) -> int:
        """The fewest output steps with which a target is possible, where subsampling is "declared"."""
        return 1

    def perfect(self, target: np.ndarray) -> Answer:
        """What a model that knows the target answers."""
        return Answer(target.tolist())
