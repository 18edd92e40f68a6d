"""Connected digits composed from recordings of single ones, so that every string is long enough for CTC."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from harness_tasks.sound.composed_frames import ComposedFrames
from harness_tasks.spoken_text import SpokenText

from harness.contract.dataset import RawData
from harness.contract.gathering import Ragged, stretches
from harness_datasets.speech_recognition._speech_audio import check_least

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CHARACTERS = tuple(sorted(set("".join(WORDS) + " ")))
_SPLITS = ("train", "val", "test")
_PAUSES_S = (0.025, 0.1)
"""Shortest and longest pause between digits; the wheel's frames are 25 ms apart."""


@dataclass(frozen=True)
class Recording:
    """One spoken digit: frames float32 (T, F)."""

    id: str
    digit: int
    frames: np.ndarray


Splits = dict[str, list[Recording]]
Notes = dict[str, str | int | float]


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


@dataclass
class SpokenDigits(SpokenText):
    """Recordings of single digits, and strings composed of them.

    Fields:
        strings: compose strings of 1 to `max_digits` digits; False: each recording alone, once.
        max_digits: the most digits of a string.
        train_strings, val_strings, test_strings: how many are composed; a string only uses recordings of its own
            split.
        data_seed: of the composition.
    """

    subsampling: int = 2
    strings: bool = True
    max_digits: int = 7
    train_strings: int = 8_000
    val_strings: int = 600
    test_strings: int = 1_000
    data_seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_least(self, max_digits=1, train_strings=1, val_strings=1, test_strings=1, data_seed=0)

    @abstractmethod
    def recordings(self) -> tuple[Splits, Notes]:
        """Single digits, with what the report should say of them."""

    @property
    def frame_hop_ms(self) -> float:
        """From the start of one frame to the next."""
        return 25.0

    @property
    def seconds_per_frame(self) -> float:
        """As `frame_hop_ms` says."""
        return self.frame_hop_ms / 1000

    def energy(self, frames: np.ndarray) -> np.ndarray:
        """Loudness of frames (N, F), (N,): the first cepstral coefficient."""
        return frames[:, 0]

    def prepare(self) -> None:
        """Fetch the recordings and compute their features, once.

        Raises:
            DataError: they are missing, out of reach or cannot be used.
        """
        super().prepare()
        self.recordings()

    def read(self) -> RawData:
        """Strings, or single digits.

        Raises:
            DataError: as for `prepare`.
        """
        recordings, notes = self.recordings()
        hop = self.seconds_per_frame
        sizes = {"train": self.train_strings, "val": self.val_strings, "test": self.test_strings}
        splits: dict[str, ComposedFrames] = {}
        for number, split in enumerate(_SPLITS):
            composition = Composition(
                strings=sizes[split] if self.strings else None,
                max_digits=self.max_digits,
                # Alone, a recording stays as it is, but for what feasibility asks.
                pause=(round(_PAUSES_S[0] / hop), round(_PAUSES_S[1] / hop)) if self.strings else (0, 0),
                subsampling=self.subsampling,
            )
            mine = recordings[split]
            quiet = quiet_frames(mine, self.energy)
            splits[split] = compose(split, mine, composition, quiet, self.data_seed * 3 + number)
            notes[f"{split} recordings"] = len(mine)
            notes[f"{split} examples"] = len(splits[split])
        return RawData(splits["train"], splits["val"], splits["test"], labels=CHARACTERS, notes=notes)


def compose(
    split: str, recordings: Sequence[Recording], composition: Composition, quiet: np.ndarray, seed: int
) -> ComposedFrames:
    """A split of digit strings, the same for the same seed.

    The recordings are used in shuffled order, all of them before any comes again. Pauses are frames drawn from
    `quiet`, real frames of the same split. A digit with the pause after it lasts at least
    `subsampling` × (letters + 1 for each doubled letter + 1 for the blank) frames: where the drawn pause is too
    short for that, it is lengthened; so a string is always feasible, digit by digit.

    Args:
        split: its name, the first part of every example's id.
        recordings: of this split only.
        composition: the rule.
        quiet: float32 (N, F), the frames that pauses are made of.
        seed: of the composition.
    """
    draw = np.random.default_rng(seed)
    sizes = _sizes(len(recordings), composition, draw)
    order = _cycles(len(recordings), int(sizes.sum()), draw, shuffled=composition.strings is not None)
    members = np.split(order, np.cumsum(sizes)[:-1])
    frames = np.array([len(r.frames) for r in recordings])
    needed = [composition.subsampling * (frames_needed(word) + 1) for word in WORDS]
    shortest = np.array([needed[r.digit] for r in recordings]) - frames  # a pause after each recording
    pauses = [_draw_pauses(shortest[m], composition.pause, len(quiet), draw) for m in members]
    return ComposedFrames(
        table=np.concatenate([*(r.frames for r in recordings), quiet]),
        recorded=int(frames.sum()),
        rows=_rows(frames, members, pauses),
        ids=[f"{split}/{index:05}" for index in range(len(members))],
        texts=[" ".join(WORDS[recordings[m].digit] for m in mine) for mine in members],
        sources=[" + ".join(recordings[m].id for m in mine) for mine in members],
    )


def _rows(frames: np.ndarray, members: Sequence[np.ndarray], pauses: Sequence[Sequence[np.ndarray]]) -> Ragged:
    """Every string as rows of a table that holds the recordings, `frames` (N,) long, and then the quiet frames."""
    starts = np.cumsum(frames) - frames
    digits, drawn = np.concatenate(members), [p for mine in pauses for p in mine]
    # A pause, a digit, a pause, ..., a pause: the digits of a string have the odd places among its parts.
    counts = 2 * np.array([len(m) for m in members]) + 1
    odd = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) & 1 == 1
    sizes = np.empty(len(odd), dtype=np.int64)
    sizes[odd], sizes[~odd] = frames[digits], [len(p) for p in drawn]
    places = np.cumsum(sizes) - sizes
    rows = np.empty(int(sizes.sum()), dtype=np.int32)
    rows[stretches(places[odd], sizes[odd])] = stretches(starts[digits], sizes[odd])
    rows[stretches(places[~odd], sizes[~odd])] = int(frames.sum()) + np.concatenate(drawn)
    return Ragged(rows, np.add.reduceat(sizes, np.cumsum(counts) - counts))


def frames_needed(word: str) -> int:
    """Fewest frames that CTC can align a word with: one a letter, and a blank between two equal neighbours."""
    return len(word) + sum(a == b for a, b in pairwise(word))


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
