"""Generated series for tests: two waves of a day with a slow drift, and noise (synthetic)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from harness_tasks.series.series import Series
from harness_tasks.time_series import TimeSeries, in_parts

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import GeneratedSource, Source
from harness.data.splitting import Shares, in_time_order

HARNESS_CONTRACT = 2


@dataclass
class Waves(TimeSeries):
    """Hourly values: a wave of a day and its delayed square, both on a slow drift, with noise.

    Fields:
        rows: hours.
        noise: deviation of the noise, where the waves have an amplitude of 1.
        data_seed: of the noise.
    """

    name: ClassVar[str] = "waves"

    rows: int = 4_000
    noise: float = 0.1
    data_seed: int = 0

    def __post_init__(self) -> None:
        if self.rows < 100:
            raise ValueError(f"task.rows is {self.rows}; at least 100 are needed.")

    def sources(self) -> tuple[Source, ...]:
        """The recipe."""
        recipe = {"rows": self.rows, "noise": self.noise, "seed": self.data_seed, "version": 1}
        return (GeneratedSource("waves", recipe, "Waves of a day on a slow drift."),)

    def read(self) -> RawData:
        """70 % for training, 10 % for validation, 20 % for test, in the order of time."""
        rng = np.random.default_rng(self.data_seed)
        hours = np.arange(self.rows)
        drift = np.cumsum(rng.normal(0, 0.02, self.rows))
        wave = np.sin(2 * np.pi * hours / 24)
        values = np.stack([wave + drift, np.sin(2 * np.pi * (hours - 3) / 24) ** 2 + drift], axis=1)
        values += rng.normal(0, self.noise, values.shape)
        values = values * [10.0, 5.0] + [20.0, 50.0]
        times = np.datetime64("2020-01-01T00", "s") + hours.astype("timedelta64[h]")
        series = Series(("wave", "square"), values, times.astype("datetime64[s]"), ("°C", "%"))
        return in_parts(series, in_time_order(self.rows, Shares(0.1, 0.2)))

    @classmethod
    def of_few(cls) -> Waves:
        """320 hours."""
        return cls(rows=320)

    def tiny(self) -> Waves:
        """320 hours."""
        return replace(self, rows=320)


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Waves]
