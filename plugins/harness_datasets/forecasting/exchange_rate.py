"""Exchange rates of eight countries, day by day: the user's copy of exchange_rate.txt.gz (Lai et al. 2018)."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from harness_tasks.series.series import Series
from harness_tasks.time_series import TimeSeries, in_parts

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.foreign import reading
from harness.data.sources import FolderSource, Source
from harness.data.splitting import SplitPositions
from harness.errors import DataError
from harness_datasets.forecasting.waves import Waves

HARNESS_CONTRACT = 2

_COUNTRIES = ("Australia", "Britain", "Canada", "Switzerland", "China", "Japan", "New Zealand", "Singapore")
_ZENG = "cure-lab/LTSF-Linear, LTSF-Benchmark.md (Zeng et al. 2023)"


def _published(system: str, values: tuple[float, ...]) -> tuple[Reference, ...]:
    return tuple(
        Reference("mse", value, system, _ZENG, f"exchange_rate.{horizon}.multivariate", protocol="best input length")
        for horizon, value in zip((96, 192, 336, 720), values, strict=True)
    )


@dataclass
class ExchangeRate(TimeSeries):
    """Rates to the dollar from 1990 on, 7,588 days; 70 % for training, 10 % for validation, 20 % for test.

    The file has no dates; days are counted from 1990-01-01, as published comparisons do. Repeating the last rate is
    hard to beat, as for all prices.

    Fields:
        root: a folder with exchange_rate.txt.gz or exchange_rate.txt.
    """

    name: ClassVar[str] = "exchange_rate"
    defaults: ClassVar = {"lookback": 96, "horizon": 96, "calendar": False}
    references: ClassVar[tuple[Reference, ...]] = (
        *_published("repeating the last value", (0.081, 0.167, 0.305, 0.823)),
        *_published("NLinear", (0.081, 0.157, 0.305, 0.643)),
        *_published("DLinear", (0.089, 0.180, 0.331, 1.033)),
        *_published("Informer", (0.847, 1.204, 1.672, 2.478)),
    )

    root: Path | None = None

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split.

        Raises:
            DataError: the folder or the file is missing, or a row is not eight numbers.
        """
        path = self._folder().files()[0]
        with reading(path, "an exchange rate table"):
            data = path.read_bytes()
            text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("ascii")
        rows = [line.split(",") for line in text.split("\n") if line.strip()]
        for number, row in enumerate(rows, 1):
            if len(row) != len(_COUNTRIES):
                raise DataError(f"{path}, line {number}: {len(row)} cells; expected eight rates, separated by commas.")
        try:
            values = np.array(rows, dtype=np.float64)
        except ValueError as error:
            raise DataError(f"{path}: {error}; expected eight rates a line, separated by commas.") from error
        times = np.datetime64("1990-01-01", "s") + np.arange(len(values)) * np.timedelta64(86_400, "s")
        train, test = int(len(values) * 0.7), int(len(values) * 0.2)
        places = np.split(np.arange(len(values)), [train, len(values) - test])
        rule = "70/10/20 % in the order of time, as published"
        return in_parts(Series(_COUNTRIES, values, times), SplitPositions(places[0], places[1], places[2], rule))

    def tiny(self) -> Waves:
        """Generated waves."""
        return Waves.of_few()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="exchange_rate",
            root=self.root,
            licence="unstated",
            description="exchange_rate.txt.gz, as laiguokun/multivariate-time-series-data publishes it",
            patterns=("exchange_rate.txt.gz", "exchange_rate.txt", "*/exchange_rate.txt.gz", "*/exchange_rate.txt"),
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [ExchangeRate]
