"""Connected digits composed from recordings of single ones, so that every string is long enough for CTC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from harness.contract.batch import Example
from harness.contract.gathering import Gathered, Ragged, stretches
from harness_tasks._transcripts import Alphabet, frames_needed

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ALPHABET = Alphabet("".join(WORDS) + " ")


@dataclass(frozen=True)
class Recording:
    """One spoken digit: frames float32 (T, F)."""

    id: str
    digit: int
    frames: np.ndarray


@dataclass(frozen=True)
class Composition:
    """How strings are made of recordings.

    Attributes:
        strings: how many; None: each recording once, alone ("isolated digits").
        max_digits: a string has 1 to so many digits, each number equally often.
        pause: fewest and most frames of a pause, drawn uniformly: before the first digit and after each.
        subsampling: every string stays feasible for CTC when time is shortened by this factor.
    """

    strings: int | None
    max_digits: int = 7
    pause: tuple[int, int] = (1, 4)
    subsampling: int = 2


class DigitStrings:
    """A split of digit strings (a `harness.contract.batch.Split`), put together when asked for.

    The recordings are used in shuffled order, all of them before any comes again. Pauses are frames drawn from
    `quiet`, real frames of the same split. A digit with the pause after it lasts at least
    `subsampling` × (letters + 1 for each doubled letter + 1 for the blank) frames: where the drawn pause is too
    short for that, it is lengthened; so a string is always feasible, digit by digit.

    Args:
        split: its name, the first part of every example's id.
        recordings: of this split only.
        composition: the rule.
        quiet: float32 (N, F), the frames that pauses are made of.
        seed: of the composition; the same strings for every run.
    """

    def __init__(
        self, split: str, recordings: Sequence[Recording], composition: Composition, quiet: np.ndarray, seed: int
    ) -> None:
        self._split, self._recordings, self._quiet = split, recordings, quiet
        draw = np.random.default_rng(seed)
        sizes = _sizes(len(recordings), composition, draw)
        order = _cycles(len(recordings), int(sizes.sum()), draw, shuffled=composition.strings is not None)
        self._members = np.split(order, np.cumsum(sizes)[:-1])
        frames = np.array([len(r.frames) for r in recordings])
        needed = [composition.subsampling * (frames_needed(ALPHABET.encode(word)) + 1) for word in WORDS]
        shortest = np.array([needed[r.digit] for r in recordings]) - frames  # a pause after each recording
        self._pauses = [_draw_pauses(shortest[m], composition.pause, len(quiet), draw) for m in self._members]
        self.input_lengths = np.array(
            [frames[m].sum() + sum(map(len, p)) for m, p in zip(self._members, self._pauses, strict=True)],
            dtype=np.int64,
        )
        self._labels = _labels(np.array([r.digit for r in recordings])[order], sizes)
        self.target_lengths = self._labels.lengths

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, index: int) -> Example:
        members, pauses = self._members[index], self._pauses[index]
        parts = [self._quiet[pauses[0]]]
        for member, pause in zip(members, pauses[1:], strict=True):
            parts += [self._recordings[member].frames, self._quiet[pause]]
        return replace(self.without_input(index), input=np.concatenate(parts))  # (T, F)

    def without_input(self, index: int) -> Example:
        """A string that is not put together."""
        members = self._members[index]
        text = self._text(members)
        return Example(
            id=f"{self._split}/{index:05}",
            input=None,
            target=ALPHABET.encode(text),
            references=(text,),
            source=" + ".join(self._recordings[m].id for m in members),
        )

    def gather(self, positions: np.ndarray, input_pad: int, target_pad: int) -> Gathered:
        """Strings put together at once: every frame of the batch is looked up in one table."""
        rows, input_lengths = self._rows.padded(positions, len(self._table) - 1)
        targets, target_lengths = self._labels.padded(positions, target_pad)
        ids = tuple(f"{self._split}/{index:05}" for index in positions.tolist())
        return Gathered(ids, self._table.take(rows, axis=0), input_lengths, targets, target_lengths)

    @cached_property
    def _table(self) -> np.ndarray:
        """All frames that strings are made of, float32 (N, F): recordings, quiet frames, and the zeros of padding."""
        zeros = np.zeros((1, self._quiet.shape[1]), dtype=self._quiet.dtype)
        return np.concatenate([*(r.frames for r in self._recordings), self._quiet, zeros])

    @cached_property
    def _rows(self) -> Ragged:
        """Every string as rows of `_table`."""
        frames = np.array([len(r.frames) for r in self._recordings])
        starts = np.cumsum(frames) - frames
        members, pauses = np.concatenate(self._members), [p for pauses in self._pauses for p in pauses]
        # A pause, a digit, a pause, ..., a pause: the digits of a string have the odd places among its parts.
        counts = 2 * np.array([len(m) for m in self._members]) + 1
        odd = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) & 1 == 1
        sizes = np.empty(len(odd), dtype=np.int64)
        sizes[odd], sizes[~odd] = frames[members], [len(p) for p in pauses]
        places = np.cumsum(sizes) - sizes
        rows = np.empty(int(sizes.sum()), dtype=np.int32)
        rows[stretches(places[odd], sizes[odd])] = stretches(starts[members], sizes[odd])
        rows[stretches(places[~odd], sizes[~odd])] = int(frames.sum()) + np.concatenate(pauses)
        return Ragged(rows, self.input_lengths)

    def _text(self, members: np.ndarray) -> str:
        return " ".join(WORDS[self._recordings[m].digit] for m in members)


def quiet_frames(recordings: Sequence[Recording], energy: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """float32 (N, F): the quietest tenth of the frames of all recordings; `energy` maps (N, F) to (N,)."""
    frames = np.concatenate([r.frames for r in recordings])
    loudness = energy(frames)
    return frames[loudness <= np.quantile(loudness, 0.1)]


def _sizes(recordings: int, composition: Composition, draw: np.random.Generator) -> np.ndarray:
    """How many digits each string has; every number equally often, in random order."""
    if composition.strings is None:
        return np.ones(recordings, dtype=np.int64)
    sizes = np.arange(composition.strings) % composition.max_digits + 1
    draw.shuffle(sizes)
    return sizes


def _labels(digits: np.ndarray, sizes: np.ndarray) -> Ragged:
    """The labels of every string: its words with a blank between, for all digits in order and each string's number."""
    words = [ALPHABET.encode(f"{word} ") for word in WORDS]
    lengths = np.array([len(word) for word in words])
    starts = np.cumsum(lengths) - lengths
    ends = np.cumsum(sizes)
    taken = lengths[digits]
    taken[ends - 1] -= 1  # no blank after the last word
    values = np.concatenate(words)[stretches(starts[digits], taken)]
    return Ragged(values, np.add.reduceat(taken, ends - sizes))


def _draw_pauses(
    shortest: np.ndarray, pause: tuple[int, int], quiet: int, draw: np.random.Generator
) -> list[np.ndarray]:
    """Positions among `quiet` frames: of the pause before the first digit, then of that after each.

    Args:
        shortest: (digits,), the fewest frames of the pause after each digit; may be negative.
        pause: fewest and most frames to draw.
        quiet: how many quiet frames there are.
        draw: advanced by this call.
    """
    lengths = draw.integers(pause[0], pause[1] + 1, size=len(shortest) + 1)
    lengths[1:] = np.maximum(lengths[1:], shortest)
    return [draw.integers(quiet, size=length) for length in lengths]


def _cycles(recordings: int, uses: int, draw: np.random.Generator, shuffled: bool) -> np.ndarray:
    """Indices of recordings: complete rounds, each in its own random order."""
    rounds = -(-uses // recordings)
    orders = [draw.permutation(recordings) if shuffled else np.arange(recordings) for _ in range(rounds)]
    return np.concatenate(orders)[:uses]
