"""Generated series for tests: where in a noisy series a bump stands, and which way it points (synthetic)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.labelled_series import LabelledSeries

from harness.contract.dataset import Dataset, RawData, RawExample
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source

HARNESS_CONTRACT = 2

CLASSES = ("early up", "early down", "late up", "late down")


@dataclass
class Bumps(LabelledSeries):
    """A bump in the first or the second half of a series of 10 to 20 steps, in one of two variables up or down.

    Fields:
        train_series, val_series, test_series: how many are generated.
        noise: its deviation, where a bump is 1 high.
        data_seed: of the series.
    """

    name: ClassVar[str] = "bumps"

    train_series: int = 400
    val_series: int = 80
    test_series: int = 200
    noise: float = 0.2
    data_seed: int = 0

    def __post_init__(self) -> None:
        for name in ("train_series", "val_series", "test_series"):
            if getattr(self, name) < len(CLASSES):
                raise ValueError(f"task.{name} is {getattr(self, name)}; it must be at least {len(CLASSES)}.")

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        return (GeneratedSource("bumps", {"seed": self.data_seed, "version": 1}, "Bumps in noise."),)

    def read(self) -> RawData:
        """Each split from a stream of its own."""
        counts = (("train", self.train_series), ("val", self.val_series), ("test", self.test_series))
        train, val, test = (
            [self._one(split, i, np.random.default_rng([self.data_seed, number, i])) for i in range(count)]
            for number, (split, count) in enumerate(counts)
        )
        return RawData(train, val, test, labels=CLASSES)

    @classmethod
    def of_few(cls) -> Bumps:
        """64 series for training and 16 for each other split."""
        return cls(train_series=64, val_series=16, test_series=16)

    def tiny(self) -> Bumps:
        """Few series."""
        return self.of_few()

    def _one(self, split: str, index: int, rng: np.random.Generator) -> RawExample:
        label = CLASSES[index % len(CLASSES)]
        steps = int(rng.integers(10, 21))
        values = rng.normal(0, self.noise, (steps, 2))
        place = steps // 4 if label.startswith("early") else 3 * steps // 4
        values[place - 1 : place + 2, 0] += 1.0 if label.endswith("up") else -1.0
        return RawExample(f"{split}-{index:05d}", values * [3.0, 0.5] + [10.0, -1.0], label)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Bumps]
