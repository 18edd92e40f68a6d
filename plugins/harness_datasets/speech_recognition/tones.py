"""Generated digits for tests: each letter a fixed vector, held for two or three frames, with noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness_datasets.speech_recognition._digit_strings import WORDS, Notes, Recording, Splits, SpokenDigits

HARNESS_CONTRACT = 2


@dataclass
class Tones(SpokenDigits):
    """Four training recordings of each digit, two for each other split, 8 features."""

    name: ClassVar[str] = "tones"

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        return (GeneratedSource("tones", {"seed": self.data_seed, "version": 1}, "Letters as noisy fixed vectors."),)

    def recordings(self) -> tuple[Splits, Notes]:
        """As the recipe says."""
        return tone_recordings(4, 8, self.data_seed), {}

    @classmethod
    def of_few(cls, strings: bool = True) -> Tones:
        """Strings of one or two digits, 48 for training and 8 for each other split."""
        return cls(strings=strings, max_digits=2, train_strings=48, val_strings=8, test_strings=8)

    def tiny(self) -> Tones:
        """Few strings."""
        return self.of_few(self.strings)


def tone_recordings(per_digit: int, feature_dim: int, data_seed: int) -> Splits:
    """Generated stand-ins: each letter a fixed vector held for two or three frames, with noise.

    `per_digit` recordings of each digit for training, and half as many (at least one) for each other split.
    """
    draw = np.random.default_rng([data_seed, 17])
    letters = {letter: draw.normal(size=feature_dim) for letter in sorted(set("".join(WORDS)))}

    def one(name: str, digit: int) -> Recording:
        held = [np.tile(letters[letter], (int(draw.integers(2, 4)), 1)) for letter in WORDS[digit]]
        frames = np.concatenate(held)
        return Recording(name, digit, (frames + 0.1 * draw.normal(size=frames.shape)).astype(np.float32))

    sizes = {"train": per_digit, "val": max(per_digit // 2, 1), "test": max(per_digit // 2, 1)}
    return {
        split: [one(f"{WORDS[digit]}-{split}-{n}", digit) for digit in range(len(WORDS)) for n in range(size)]
        for split, size in sizes.items()
    }


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Tones]
