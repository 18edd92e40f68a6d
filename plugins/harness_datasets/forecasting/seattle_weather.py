"""Weather in Seattle, day by day, 2012 to 2015; in a wheel."""

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
from harness_datasets.forecasting._tables import columns_of, numbers
from harness_datasets.forecasting._vega import vega
from harness_datasets.forecasting.waves import Waves

HARNESS_CONTRACT = 2

_UNITS = {"precipitation": "mm", "temp_max": "°C", "temp_min": "°C", "wind": "m/s"}
_WHEEL = vega("seattle_weather", "Daily precipitation, temperatures and wind in Seattle, 1,461 days (NOAA).")


@dataclass
class SeattleWeather(TimeSeries):
    """Four figures of a day; two years for training, one for validation, one for test."""

    name: ClassVar[str] = "seattle_weather"
    season: ClassVar[int] = 365
    defaults: ClassVar = {"lookback": 28, "horizon": 7}

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (_WHEEL,)

    def read(self) -> RawData:
        """Days in the order of time.

        Raises:
            DataError: the wheel is out of reach or damaged.
        """
        table = columns_of(_WHEEL.read_member("vega_datasets/_data/seattle-weather.csv").decode("utf-8"))
        times = np.array([cell.replace("/", "-") for cell in table["date"]], dtype="datetime64[s]")
        values = np.stack([numbers(table[name], name) for name in _UNITS], axis=1)
        series = Series(tuple(_UNITS), values, times, tuple(_UNITS.values()))
        return in_parts(series, in_time_order(len(series), Shares(0.25, 0.25)))

    def tiny(self) -> Waves:
        """Generated waves."""
        return Waves.of_few()


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [SeattleWeather]
