"""Electricity transformer temperature (ETT): the user's copy of its csv files, with the published split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from harness_tasks.series.series import Series
from harness_tasks.time_series import TimeSeries, in_parts

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.contract.task import Reference
from harness.data.sources import FolderSource, Source
from harness.data.splitting import SplitPositions
from harness.data.text_files import read_text
from harness.errors import DataError
from harness_datasets.forecasting._tables import columns_of, numbers
from harness_datasets.forecasting.waves import Waves

HARNESS_CONTRACT = 2

FILES = ("ETTh1", "ETTh2", "ETTm1", "ETTm2")
_MONTHS = (12, 4, 4)  # of 30 days
_COLUMNS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
_ZENG = "cure-lab/LTSF-Linear, LTSF-Benchmark.md (Zeng et al. 2023)"


def _published(horizon: int, value: float, system: str, source: str, protocol: str) -> Reference:
    return Reference("mse", value, system, source, f"ett.ETTh1.{horizon}.multivariate", protocol=protocol)


def _zeng(system: str, values: tuple[float, ...]) -> tuple[Reference, ...]:
    return tuple(
        _published(horizon, value, system, _ZENG, "best input length of each method, 336 for linear ones")
        for horizon, value in zip((96, 192, 336, 720), values, strict=True)
    )


@dataclass
class Ett(TimeSeries):
    """Oil temperature and six loads of a transformer; 12 months for training, 4 for validation, 4 for test.

    Fields:
        root: a folder with ETTh1.csv, ETTh2.csv, ETTm1.csv or ETTm2.csv.
        file: which of them.
    """

    name: ClassVar[str] = "ett"
    defaults: ClassVar = {"lookback": 336, "horizon": 96, "calendar": False}
    references: ClassVar[tuple[Reference, ...]] = (
        *_zeng("NLinear", (0.374, 0.408, 0.429, 0.440)),
        *_zeng("DLinear", (0.375, 0.405, 0.439, 0.472)),
        *_zeng("Autoformer", (0.449, 0.500, 0.521, 0.514)),
        *_zeng("Informer", (0.865, 1.008, 1.107, 1.181)),
        _published(24, 0.650, "LSTMa", "Autoformer (Wu et al. 2021), Table 5", "input length 96"),
    )

    root: Path | None = None
    file: str = "ETTh1"

    def __post_init__(self) -> None:
        self.root = None if self.root is None else Path(self.root)
        if self.file not in FILES:
            raise ValueError(f"task.file is '{self.file}'; it must be one of {', '.join(FILES)}.")

    @property
    def label(self) -> str:
        """With the file: "ett.ETTh1"."""
        return f"{self.name}.{self.file}"

    def sources(self) -> tuple[Source, ...]:
        """The folder."""
        return (self._folder(),)

    def read(self) -> RawData:
        """The published split; rows after the 20th month are not part of it.

        Raises:
            DataError: the folder or the file is missing, or the file is not as it was published.
        """
        source = self._folder()
        path = next((p for p in source.files() if p.name == f"{self.file}.csv"), None)
        if path is None:
            raise DataError(f"The folder {source.root} has no {self.file}.csv. Expected: {source.description}.")
        table = columns_of(read_text(path))
        absent = [name for name in ("date", *_COLUMNS) if name not in table]
        if absent:
            raise DataError(f"{path} has no column '{absent[0]}'; expected date, {', '.join(_COLUMNS)}.")
        hours = 4 if self.file.startswith("ETTm") else 1
        sizes = [months * 30 * 24 * hours for months in _MONTHS]
        times = np.array(table["date"], dtype="datetime64[s]")
        if len(times) < sum(sizes):
            raise DataError(f"{path} has {len(times)} rows; the published split takes {sum(sizes)}.")
        values = np.stack([numbers(table[name], name) for name in _COLUMNS], axis=1)
        series = Series(_COLUMNS, values, times, ("",) * 6 + ("°C",)).part(0, sum(sizes))
        places = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:2])
        rule = "12, 4 and 4 months of 30 days, in the order of time, as published"
        return in_parts(
            series, SplitPositions(places[0], places[1], places[2], rule), {"rows not used": len(times) - sum(sizes)}
        )

    def tiny(self) -> Waves:
        """Generated waves."""
        return Waves.of_few()

    def _folder(self) -> FolderSource:
        return FolderSource(
            name="ett",
            root=self.root,
            licence="CC BY-ND 4.0",
            description="ETTh1.csv, ETTh2.csv, ETTm1.csv or ETTm2.csv, as zhouhaoyi/ETDataset publishes them",
            patterns=(f"{self.file}.csv", f"*/{self.file}.csv"),
        )


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Ett]
