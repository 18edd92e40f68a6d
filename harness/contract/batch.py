"""Example, Split and Batch: one item, a split, and what a training step receives.

Examples hold numpy arrays, so that a task need not import torch; the engine collates them into tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from harness.contract.gathering import Gather, Gathered, Ragged

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Example:
    """One item of a split.

    Attributes:
        id: stable across machines and seeds; the key of paired tests.
        input: int64 (T,) for tokens, float32 (T, F) for frames, float32 (T, C, Y, X) for video,
            float32 (T, N, F) for graph series. Where the target's examples are streams, the input is
            derived from it (begin-of-sequence, then all but the last symbol): leave it None.
        target: an array, or an int, as `Target.layout` of the task's target says.
        references: the correct answers as a person would write them (text, class name), one or more.
        source: the input as a person would read it, for sample tables; may be empty.
        units: what the example counts beyond tensors ("characters": of the raw text, for bits per character;
            "seconds": of the recording or the film, for the real-time factor;
            "probe": 1 for one that asks for no answer of its own, as `harness.metrics.listening` has it).
        block: examples of one block are not independent (neighbouring windows of a series, one speaker's recordings),
            so errors over test examples are estimated from whole blocks; empty: an example by itself.
    """

    id: str
    input: np.ndarray | None
    target: Any
    references: tuple[str, ...] = ()
    source: str = ""
    units: dict[str, float] = field(default_factory=dict)
    block: str = ""


class Split(Protocol):
    """A split: examples by position, and their lengths without loading them (for bucketing).

    It may also give many examples at once, and an example without its input: see `harness.contract.gathering`.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Example: ...

    @property
    def input_lengths(self) -> np.ndarray:
        """int64 (N,): T of every example."""
        ...

    @property
    def target_lengths(self) -> np.ndarray:
        """int64 (N,): U of every example; ones where the target has no length."""
        ...


class ListSplit:
    """A split held in memory."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = list(examples)
        lengths = [(_length(e.input if e.input is not None else e.target), _length(e.target)) for e in self._examples]
        both = np.array(lengths, dtype=np.int64).reshape(-1, 2)
        self.input_lengths: np.ndarray = both[:, 0]
        self.target_lengths: np.ndarray = both[:, 1]

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Example:
        return self._examples[index]

    def __iter__(self) -> Iterator[Example]:
        return iter(self._examples)

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered | None:
        """Symbols side by side, without a loop over examples; None where inputs are no symbols."""
        if self._inputs is None or self._targets is None:
            return None
        inputs, input_lengths = self._inputs.padded(positions, input_pad)
        if isinstance(self._targets, Ragged):
            targets, target_lengths = self._targets.padded(positions, target_pad)
        else:
            targets, target_lengths = self._targets[positions], self.target_lengths[positions]
        ids = tuple(self._examples[i].id for i in positions.tolist())
        return Gathered(ids, inputs, input_lengths, targets, target_lengths)

    @cached_property
    def _inputs(self) -> Ragged | None:
        return _symbols([e.input for e in self._examples])

    @cached_property
    def _targets(self) -> Ragged | np.ndarray | None:
        targets = [e.target for e in self._examples]
        if all(isinstance(t, int | np.integer) for t in targets):
            return np.array(targets, dtype=np.int64)
        return _symbols(targets)


class Subset:
    """The examples of another split at the given positions, in that order; nothing is loaded or copied."""

    def __init__(self, split: Split, indices: Sequence[int]) -> None:
        self._split = split
        self._indices = np.array([int(i) for i in indices], dtype=np.int64)
        self.input_lengths: np.ndarray = split.input_lengths[self._indices]
        self.target_lengths: np.ndarray = split.target_lengths[self._indices]

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Example:
        return self._split[int(self._indices[index])]

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered | None:
        """As the other split does it; None where that cannot."""
        gather = gatherer(self._split)
        return None if gather is None else gather(self._indices[positions], input_pad, target_pad)

    def without_input(self, index: int) -> Example | None:
        """As the other split does it; None where that cannot."""
        return without_input(self._split, int(self._indices[index]))


def gatherer(split: object) -> Gather | None:
    """The split's `gather`, where it has one that knows its examples."""
    return _offered(split, "gather")


def without_input(split: object, index: int) -> Example | None:
    """An example whose input is None and was not even loaded; None where the split knows no such way."""
    describe = _offered(split, "without_input")
    return None if describe is None else describe(index)


def end_to_end(split: object, bos: int) -> np.ndarray | None:
    """All documents' symbols in one array (N,), the symbol `bos` before each; None where the split has none such."""
    joined = _offered(split, "end_to_end")
    return None if joined is None else joined(bos)


def _offered(split: object, name: str) -> Any:
    """A method of the split, unless a subclass of its owner gives other examples than its owner knows."""
    for owner in type(split).__mro__:
        if name in vars(owner):
            return getattr(split, name)
        if "__getitem__" in vars(owner):
            return None
    return None


@dataclass
class Batch:
    """What a step receives: padded tensors and true lengths.

    Attributes:
        ids: the examples' ids, in row order.
        inputs: (B, T, ...) as the input specification says, padded with pad_id or zeros.
        input_lengths: int64 (B,).
        targets: as `Target.layout` says, padded.
        target_lengths: int64 (B,).
        reset_state: of streams only, whether rows start a new document, so that carried state is dropped
            before this batch; one flag for all rows, since all rows of such a batch begin together.
    """

    ids: tuple[str, ...]
    inputs: torch.Tensor
    input_lengths: torch.Tensor
    targets: torch.Tensor
    target_lengths: torch.Tensor
    reset_state: bool = True
    _host_lengths: tuple[torch.Tensor, torch.Tensor] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths_on_host(self) -> tuple[torch.Tensor, torch.Tensor]:
        """`input_lengths` and `target_lengths` where they were before `to`: reading them waits for no accelerator."""
        return self._host_lengths or (self.input_lengths, self.target_lengths)

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on another device; copies of pinned memory do not wait for each other."""
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """The same batch in memory that an accelerator reads by itself."""
        return self._each(lambda tensor: tensor.pin_memory())

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
        return replace(
            self,
            inputs=change(self.inputs),
            input_lengths=change(self.input_lengths),
            targets=change(self.targets),
            target_lengths=change(self.target_lengths),
            _host_lengths=self.lengths_on_host,
        )


def _symbols(arrays: Sequence[Any]) -> Ragged | None:
    """One-dimensional whole numbers end to end, int64; None where that is not what they are."""
    if all(isinstance(a, np.ndarray) and a.ndim == 1 and a.dtype.kind in "iu" for a in arrays):
        return Ragged.of([a.astype(np.int64, copy=False) for a in arrays])
    return None


def _length(value: Any) -> int:
    """Time steps of an input or target; 1 for a scalar."""
    return len(value) if getattr(value, "ndim", 0) else 1
