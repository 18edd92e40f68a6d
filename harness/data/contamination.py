"""The contamination guard: which held-out examples also occur in a split that models are trained or selected on.

The content of an example is its input. Two examples are the same if one of these agrees:

    tokens with a source text     the text without case, punctuation and spaces (symbols may stand for several words)
    every other input             the array, value by value
    frames (not of forecasts)     also any FRAMES_IN_A_ROW frames, not all equal: a recording reused within another;
                                  not where the data says that whole inputs alone count (`TaskData.whole_inputs`)
    next token                    the document; and every passage of PASSAGE characters that occurs there verbatim

An empty sentence is no copy of another. Modified copies (noise, another crop, a paraphrase) are not recognised.
Passages are counted, and a document counts as a copy if they cover more than MOST_OF_IT of it: two texts in one
language naturally share some phrases.

Does not import torch.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from harness.contract.batch import Example, Split
from harness.contract.specs import FrameInput, TokenInput
from harness.contract.task import TaskData

SPLITS = ("train", "val", "test")

PASSAGE = 100
"""Consecutive characters (for symbols without text: symbols) that two documents must share to count as a passage."""

FRAMES_IN_A_ROW = 8
"""Consecutive frames that two inputs must share to count as one recording."""

MOST_OF_IT = 0.5
"""The share of a document in shared passages above which it counts as a copy."""

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2**64
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))


@dataclass(frozen=True)
class Duplicate:
    """A held-out example and the example whose content it shares.

    Attributes:
        id, split: the held-out example.
        twin, twin_split: the other; `twin` is empty if only passages of several examples agree.
        what: the shared part ("input", "text", "frames", "passages").
    """

    id: str
    split: str
    twin: str
    twin_split: str
    what: str

    def __str__(self) -> str:
        other = f"'{self.twin}' of {self.twin_split}" if self.twin else self.twin_split
        return f"'{self.id}' of {self.split} has the {self.what} of {other}"


@dataclass(frozen=True)
class Findings:
    """The results of the guard.

    Attributes:
        compared: examples of each split.
        duplicates: held-out examples whose content occurs in an earlier split, in order.
        passage: length of a passage; 0 if passages are meaningless.
        unit: unit of the length: "characters", "frames", or "" without passages.
        shared: by held-out split, the share (0..1) of its characters, symbols or frames in passages that occur
            verbatim in an earlier split.
    """

    compared: dict[str, int]
    duplicates: tuple[Duplicate, ...]
    passage: int = 0
    unit: str = ""
    shared: dict[str, float] = field(default_factory=dict)

    def of(self, split: str) -> list[Duplicate]:
        """The duplicates among a split's examples."""
        return [duplicate for duplicate in self.duplicates if duplicate.split == split]


@dataclass(frozen=True)
class _Kind:
    """What is compared for an example.

    Attributes:
        keys: (name, digest) of everything that must differ from other examples.
        units: the sequence searched for passages, uint64 (N,).
        length: of a passage, in units; 0: no search.
        tolerated: the share of an example in passages up to which it is not a copy.
        unit: the unit of the length.
    """

    keys: Callable[[Example], list[tuple[str, bytes]]]
    units: Callable[[Example], np.ndarray] = lambda example: np.zeros(0, dtype=np.uint64)
    length: int = 0
    tolerated: float = 0.0
    unit: str = ""


class _Keys:
    """The contents of earlier splits."""

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[str, str]] = {}
        self._mine: dict[bytes, tuple[str, str]] = {}

    def twin(self, example: Example, split: str, keys: list[tuple[str, bytes]]) -> Duplicate | None:
        """A duplicate of the example in an earlier split, if any."""
        for _, key in keys:
            self._mine.setdefault(key, (example.id, split))
        for what, key in keys:
            if key in self._seen:
                return Duplicate(example.id, split, *self._seen[key], what)
        return None

    def end_split(self) -> None:
        """Add the contents seen so far; the first example with a content is the one reported."""
        self._seen = self._mine | self._seen
        self._mine = {}


class _Passages:
    """The passages of earlier splits, and how much of the current one they cover."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._known = np.zeros(0, dtype=np.uint64)  # sorted
        self._mine: list[np.ndarray] = []
        self._covered = self._total = 0

    def share(self, units: np.ndarray) -> float:
        """The share of an example's units in passages from an earlier split."""
        if len(units) < self._length:
            self._total += len(units)
            return 0.0
        found = rolling(units, self._length)
        self._mine.append(found)
        inside = int(_inside(_held(found, self._known), self._length).sum())
        self._covered, self._total = self._covered + inside, self._total + len(units)
        return inside / len(units)

    def end_split(self) -> float:
        """As `_Keys.end_split`; returns the share of the whole split."""
        known = np.unique(np.concatenate([self._known, *self._mine]))
        self._known = known[known != 0]  # 0: the same unit throughout
        share = self._covered / max(1, self._total)
        self._mine, self._covered, self._total = [], 0, 0
        return share


def examine(data: TaskData, on_example: Callable[[], object] | None = None) -> Findings:
    """Compare validation with training, and test with both.

    Args:
        data: as returned by `Task.setup`.
        on_example: called for every example read, for a progress display.
    """
    kind = _kind(data)
    keys, passages = _Keys(), _Passages(kind.length)
    duplicates: list[Duplicate] = []
    shared: dict[str, float] = {}
    for split in SPLITS:
        for example in _examples(getattr(data, split)):
            found = keys.twin(example, split, kind.keys(example))
            if kind.length and passages.share(kind.units(example)) > kind.tolerated:
                what = kind.unit if kind.unit == "frames" else "passages"
                found = found or Duplicate(example.id, split, "", "train or val" if split == "test" else "train", what)
            if found is not None:
                duplicates.append(found)
            if on_example is not None:
                on_example()
        keys.end_split()
        if kind.length:
            share = passages.end_split()
            shared |= {} if split == "train" else {split: share}
    compared = {split: len(getattr(data, split)) for split in SPLITS}
    return Findings(compared, tuple(duplicates), kind.length, kind.unit, shared)


def rolling(units: np.ndarray, length: int) -> np.ndarray:
    """A hash of every run of `length` units, uint64 (N - length + 1,); 0 for a run of identical units.

    Equal runs have equal hashes; others collide with probability 2**-64 per pair.
    """
    with np.errstate(over="ignore"):
        # The sum of a run has the power of its first unit as a factor, which the inverse power removes.
        sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(_mixed(units) * _powers(_BASE, len(units)))])
        runs = sums[length:] - sums[:-length]
        hashes = _mixed(runs * _powers(_INVERSE, len(runs)))
    changes = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(units[1:] != units[:-1])])
    hashes[changes[length - 1 :] == changes[: len(runs)]] = 0
    return hashes


def _powers(base: np.uint64, count: int) -> np.ndarray:
    """base**0 ... base**(count - 1) modulo 2**64."""
    factors = np.full(count, base, dtype=np.uint64)
    factors[:1] = 1
    return np.multiply.accumulate(factors)


def plain(text: str) -> str:
    """The text in normalised Unicode without case, punctuation and spaces; unchanged if nothing would remain."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum()) or text


def _held(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """bool (N,): which values occur in a sorted array."""
    if not len(known):
        return np.zeros(len(values), dtype=bool)
    places = np.searchsorted(known, values)
    return known[np.minimum(places, len(known) - 1)] == values


def _inside(held: np.ndarray, length: int) -> np.ndarray:
    """bool (N,): which units are in a known run (marked in `held` by its first unit)."""
    edges = np.zeros(len(held) + length, dtype=np.int64)
    edges[: len(held)] += held
    edges[length:] -= held
    return np.cumsum(edges)[:-1] > 0


def _kind(data: TaskData) -> _Kind:
    if data.target_spec.needs.streams:
        return _Kind(_document, _characters, PASSAGE, MOST_OF_IT, "characters")
    match data.input_spec:
        case TokenInput():
            return _Kind(_input_and_text)
        case FrameInput() if not (data.target_spec.overlapping or data.whole_inputs):
            return _Kind(_input, _frames, FRAMES_IN_A_ROW, 0.0, "frames")
    return _Kind(_input)


def _document(example: Example) -> list[tuple[str, bytes]]:
    return [("text", _digest(_characters(example)))]


def _input(example: Example) -> list[tuple[str, bytes]]:
    return [("input", _digest(np.asarray(example.input)))]


def _input_and_text(example: Example) -> list[tuple[str, bytes]]:
    if not example.source and example.references and example.input is not None and len(example.input) <= 1:
        return []  # an empty sentence and its end: nothing to know from another split
    if example.source:
        return [("text", _digest(_code_points(plain(example.source))))]
    return _input(example)


def _characters(example: Example) -> np.ndarray:
    """Lower-case characters of the document with white space collapsed; symbols if it has no text."""
    if not example.references:
        return np.asarray(example.target).astype(np.uint64)
    return _code_points(" ".join(example.references[0].lower().split()))


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)


def _frames(example: Example) -> np.ndarray:
    """A hash of every frame of the input (T, F), uint64 (T,)."""
    values = np.ascontiguousarray(np.asarray(example.input, dtype=np.float32) + np.float32(0))  # no negative zero
    digits = values.view(np.uint32).astype(np.uint64)  # (T, F)
    weights = _mixed(np.arange(1, digits.shape[1] + 1, dtype=np.uint64))
    with np.errstate(over="ignore"):
        return (_mixed(digits) * weights).sum(axis=1, dtype=np.uint64)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Mix every uint64 into a random-looking one (the finaliser of splitmix64, Steele et al. 2014)."""
    with np.errstate(over="ignore"):
        z = values + _BASE
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def _digest(array: np.ndarray) -> bytes:
    """Digest of number type, shape and values."""
    if np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float32) + np.float32(0)
    head = f"{array.shape}{array.dtype.kind}".encode()
    return hashlib.blake2b(head + np.ascontiguousarray(array).tobytes(), digest_size=16).digest()


def _examples(dataset: Split) -> Iterator[Example]:
    return (dataset[i] for i in range(len(dataset)))
