"""Prices of four shares, month by month, 2000 to 2010; in a wheel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import numpy as np
from harness_tasks.series.series import Series
from harness_tasks.time_series import TimeSeries, in_parts

from harness.contract.dataset import Dataset, RawData
from harness.contract.hookspecs import hookimpl
from harness.data.sources import Source
from harness.data.splitting import Shares, in_time_order
from harness_datasets.forecasting._tables import columns_of
from harness_datasets.forecasting._vega import vega
from harness_datasets.forecasting.waves import Waves

HARNESS_CONTRACT = 2

_SYMBOLS = ("MSFT", "AMZN", "IBM", "AAPL")  # Google's share came late, in 2004
_WHEEL = vega("stocks", "Monthly prices of MSFT, AMZN, IBM and AAPL, 123 months.")


@dataclass
class Stocks(TimeSeries):
    """Prices in dollars; 60 % of the months for training, 15 % for validation, the last 25 % for test.

    A price is nearly the price before, so any forecast close to the last price has a small error: what would be worth
    knowing is the return, and that is hard. Expect repeating the last price to beat most models.
    """

    name: ClassVar[str] = "stocks"
    defaults: ClassVar = {"lookback": 12, "horizon": 3}

    def sources(self) -> tuple[Source, ...]:
        """The wheel."""
        return (_WHEEL,)

    def read(self) -> RawData:
        """Months in the order of time.

        Raises:
            DataError: the wheel is out of reach or damaged.
        """
        table = columns_of(_WHEEL.read_member("vega_datasets/_data/stocks.csv").decode("utf-8"))
        cells = zip(table["symbol"], table["date"], table["price"], strict=True)
        prices = {(symbol, datetime.strptime(date, "%b %d %Y")): float(price) for symbol, date, price in cells}
        months = sorted({month for symbol, month in prices if symbol in _SYMBOLS})
        values = np.array([[prices.get((symbol, month), np.nan) for symbol in _SYMBOLS] for month in months])
        series = Series(_SYMBOLS, values, np.array(months, dtype="datetime64[s]"), ("$",) * len(_SYMBOLS))
        note = "levels follow the last price; returns are what is hard, and repeating the last price beats most models"
        return in_parts(series, in_time_order(len(series), Shares(0.15, 0.25)), {"prices": note})

    def tiny(self) -> Waves:
        """Generated waves."""
        return Waves.of_few()


@hookimpl
def harness_datasets() -> list[type[Dataset]]:
    """The data set of this plug-in."""
    return [Stocks]
