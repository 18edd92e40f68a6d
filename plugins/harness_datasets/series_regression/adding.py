"""The adding problem: the sum of two marked numbers among T random ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.series_with_number import SeriesWithNumber

from harness.contract.dataset import Dataset
from harness.contract.hookspecs import hookimpl
from harness.contract.options import option
from harness.contract.task import Reference

HARNESS_CONTRACT = 2

_BAI = "Bai et al. 2018, arXiv 1803.01271, Table 1"
_T600 = {f"task.{name}": 600 for name in ("min_length", "max_length", "test_min_length", "test_max_length")}


@dataclass
class Adding(SeriesWithNumber):
    """Random numbers from 0 to 1, two of them marked by a 1 beside them; the answer is the sum of these two.

    Always saying 1 has a squared error of 1/6 (Hochreiter and Schmidhuber 1997; Le et al. 2015; Arjovsky et al. 2016;
    Bai et al. 2018). One place is drawn from the first half and one from the second, or both from anywhere.

    Fields:
        places: "halves": one marked number in each half; "anywhere".
    """

    name: ClassVar[str] = "adding"
    variables: ClassVar[int] = 2
    description: ClassVar[str] = "Random numbers, two of them marked, and the sum of these two."
    references: ClassVar[tuple[Reference, ...]] = tuple(
        Reference(
            "mse",
            value,
            f"{model.upper()}, 70,000 parameters",
            _BAI,
            "adding",
            model=model,
            protocol="T = 600 in training and test",
            options=_T600,
            synthetic=True,
        )
        for model, value in (("lstm", 0.164), ("gru", 5.3e-5))
    )

    places: str = option("halves", choices=("halves", "anywhere"))

    def draw(self, length: int, generator: np.random.Generator) -> tuple[np.ndarray, float]:
        """Uniform numbers and places."""
        series = np.zeros((length, 2), dtype=np.float32)
        series[:, 0] = generator.random(length, dtype=np.float32)
        half = length // 2
        if self.places == "halves":
            marked = np.array([generator.integers(0, half), generator.integers(half, length)])
        else:
            one = generator.integers(0, length)
            marked = np.array([one, (one + generator.integers(1, length)) % length])
        series[marked, 1] = 1.0
        return series, float(series[marked, 0].sum(dtype=np.float64))


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Adding]
