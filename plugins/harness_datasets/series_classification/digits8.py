"""Handwritten digits of 8 × 8 pixels, read pixel by pixel; installed with scikit-learn."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import InstalledSource, Source
from harness.data.text_files import read_bytes
from harness_datasets.series_classification._pixel_series import Pictures, PixelSeries

HARNESS_CONTRACT = 2


@dataclass
class Digits8(PixelSeries):
    """1,797 pictures of 8 × 8 pixels in 17 shades, 64 steps each, divided 80/10/10 % within each class.

    The test part of UCI's "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998), by 13 writers, who
    are in every split. Nothing is downloaded.
    """

    name: ClassVar[str] = "digits8"
    full: ClassVar[int] = 16

    def sources(self) -> tuple[Source, ...]:
        """The file in scikit-learn."""
        return (self._file(),)

    def read(self) -> RawData:
        """A row a picture: 64 pixels, then the digit.

        Raises:
            DataError: the file is missing, or not the published one.
        """
        rows = np.loadtxt(io.BytesIO(read_bytes(self._file().fetch())), delimiter=",").astype(np.uint8)  # (N, 65)
        return self.divided(Pictures(rows[:, :-1].reshape(-1, 8, 8), rows[:, -1], "row"), "none is published")

    def _file(self) -> InstalledSource:
        return InstalledSource(
            name="digits8",
            package="sklearn",
            member="datasets/data/digits.csv.gz",
            sha256="09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22",
            licence="CC BY 4.0 (UCI); the package BSD-3-Clause",
            description="1,797 handwritten digits of 8 × 8 pixels (Alpaydin and Kaynak 1998)",
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Digits8]
