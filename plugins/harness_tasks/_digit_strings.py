"""Connected digits composed from recordings of single ones, so that every string is long enough for CTC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.batch import Example
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
    """A split of digit strings (a `harness.batch.Dataset`), put together when asked for.

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
        self._pauses = [self._draw_pauses(members, composition, draw) for members in self._members]
        frames = np.array([len(r.frames) for r in recordings])
        self.input_lengths = np.array(
            [frames[m].sum() + sum(map(len, p)) for m, p in zip(self._members, self._pauses, strict=True)],
            dtype=np.int64,
        )
        self.target_lengths = np.array([len(self._text(m)) for m in self._members], dtype=np.int64)

    def __len__(self) -> int:
        return len(self._members)

    def __getitem__(self, index: int) -> Example:
        members, pauses = self._members[index], self._pauses[index]
        parts = [self._quiet[pauses[0]]]
        for member, pause in zip(members, pauses[1:], strict=True):
            parts += [self._recordings[member].frames, self._quiet[pause]]
        text = self._text(members)
        return Example(
            id=f"{self._split}/{index:05}",
            input=np.concatenate(parts),  # (T, F)
            target=ALPHABET.encode(text),
            references=(text,),
            source=" + ".join(self._recordings[m].id for m in members),
        )

    def _text(self, members: np.ndarray) -> str:
        return " ".join(WORDS[self._recordings[m].digit] for m in members)

    def _draw_pauses(
        self, members: np.ndarray, composition: Composition, draw: np.random.Generator
    ) -> list[np.ndarray]:
        """Positions in the pool of quiet frames: of the pause before the first digit, then of that after each."""
        fewest, most = composition.pause
        lengths = draw.integers(fewest, most + 1, size=len(members) + 1)
        for position, member in enumerate(members, start=1):
            recording = self._recordings[member]
            least = composition.subsampling * (frames_needed(ALPHABET.encode(WORDS[recording.digit])) + 1)
            lengths[position] = max(lengths[position], least - len(recording.frames))
        return [draw.integers(len(self._quiet), size=length) for length in lengths]


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


def _cycles(recordings: int, uses: int, draw: np.random.Generator, shuffled: bool) -> np.ndarray:
    """Indices of recordings: complete rounds, each in its own random order."""
    rounds = -(-uses // recordings)
    orders = [draw.permutation(recordings) if shuffled else np.arange(recordings) for _ in range(rounds)]
    return np.concatenate(orders)[:uses]
