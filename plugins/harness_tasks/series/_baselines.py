"""Forecasts without a network: the last value, the last season, and a ridge regression on the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from harness.contract.batch import Split, gatherer
from harness.contract.metric import Prediction
from harness.contract.task import TaskData
from harness.targets import ForecastTarget
from harness_tasks.series._windows import WindowTable

_CHUNK = 256
RIDGES = (1e-6, 1e-4, 1e-3, 1e-2, 1e-1)
"""Penalties that are tried, in mean squares of the regressors."""


def repeat_last(data: TaskData, seed: int) -> list[Prediction]:
    """The last value of the window at every step."""
    return _predictions(data, lambda past: np.repeat(past[:, -1:], _target(data).horizon, axis=1))


def seasonal_naive(data: TaskData, table: WindowTable, season: int) -> list[Prediction]:
    """What the series was the last time at the same place of the season; the last value of the window in its gaps.

    A season may be longer than the window: the series before it is known at the time of the forecast.
    """
    target, s = _target(data), table.encoder.settings
    rows = {str(name): row for row, name in enumerate(np.datetime_as_string(table.times))}
    steps = np.arange(s.horizon)
    back = season * (1 + steps // season)
    found = []
    for index in range(len(data.test)):
        name = data.test[index].id
        first = rows[name]
        values = table.past[np.maximum(first + steps - back, 0), : target.dim]  # (horizon, dim)
        last = table.past[first - 1, : target.dim]
        found.append(Prediction(name, np.where(np.isnan(values), last, values).tolist()))
    return found


def linear(data: TaskData, seed: int) -> list[Prediction]:
    """Ridge regression of each variable, from its window less the last value to the differences from that value.

    This is NLinear (Zeng et al. 2023) with weights of its own for each variable, solved instead of trained. The
    penalty is chosen on the last fifth of the training windows.
    """
    target = _target(data)
    count = len(data.train)
    sums, later = _Sums(target), _Sums(target)
    for some in _windows(data.train, target):
        early = some.positions < 0.8 * count
        sums.add(some.past[early], some.future[early])
        later.add(some.past[~early], some.future[~early])
    errors = [later.error(sums.weights(ridge)) for ridge in RIDGES] if later.count and sums.count else [[0.0]]
    best = [RIDGES[int(i)] for i in np.argmin(np.array(errors).reshape(len(errors), -1), axis=0)]
    weights = np.stack([(sums + later).weights(ridge)[k] for k, ridge in enumerate((best * target.dim)[: target.dim])])

    def forecast(past: np.ndarray) -> np.ndarray:
        made: np.ndarray = np.einsum("bld,dlh->bhd", _regressors(past), weights) + past[:, -1:]
        return made

    return _predictions(data, forecast)


class _Sums:
    """Products of regressors and differences of each variable, summed over windows."""

    def __init__(self, target: ForecastTarget) -> None:
        self._target = target
        self.count = 0
        self.squares: np.ndarray | float = 0.0  # (dim, R, R)
        self.products: np.ndarray | float = 0.0  # (dim, R, horizon)
        self.own: np.ndarray | float = 0.0  # (dim,)

    def add(self, past: np.ndarray, future: np.ndarray) -> None:
        if not len(past):
            return
        x = _regressors(past).transpose(2, 0, 1)  # (dim, B, R)
        y = (future - past[:, -1:]).transpose(2, 0, 1)  # (dim, B, horizon)
        self.count += len(past)
        self.squares = self.squares + x.swapaxes(1, 2) @ x
        self.products = self.products + x.swapaxes(1, 2) @ y
        self.own = self.own + (y * y).sum((1, 2))

    def __add__(self, other: _Sums) -> _Sums:
        both = _Sums(self._target)
        both.count = self.count + other.count
        both.squares, both.products = self.squares + other.squares, self.products + other.products
        both.own = self.own + other.own
        return both

    def weights(self, ridge: float) -> np.ndarray:
        """(dim, R, horizon)."""
        squares = np.asarray(self.squares)
        size = np.trace(squares, axis1=1, axis2=2) / squares.shape[1] + 1e-12
        penalty = (ridge * size)[:, None, None] * np.eye(squares.shape[1])
        return np.linalg.solve(squares + penalty, np.asarray(self.products))

    def error(self, weights: np.ndarray) -> np.ndarray:
        """Sum of squared errors of each variable, (dim,)."""
        fitted = np.asarray(self.squares) @ weights
        found: np.ndarray = self.own - 2 * (weights * self.products).sum((1, 2)) + (weights * fitted).sum((1, 2))
        return found


def _regressors(past: np.ndarray) -> np.ndarray:
    """(B, R, dim): the window less its last value, and a constant."""
    return np.concatenate([past[:, :-1] - past[:, -1:], np.ones_like(past[:, :1])], axis=1)


class _Some(NamedTuple):
    """Windows side by side: ids, positions (B,), past float64 (B, T, dim), future float64 (B, horizon, dim)."""

    ids: tuple[str, ...]
    positions: np.ndarray
    past: np.ndarray
    future: np.ndarray


def _windows(split: Split, target: ForecastTarget) -> Iterator[_Some]:
    """All windows of a split in order, some at a time."""
    gather = gatherer(split)
    for start in range(0, len(split), _CHUNK):
        positions = np.arange(start, min(start + _CHUNK, len(split)))
        found = None if gather is None else gather(positions, 0, 0)
        if found is None:
            examples = [split[int(i)] for i in positions]
            inputs = np.stack([np.asarray(e.input) for e in examples])
            futures, ids = np.stack([e.target for e in examples]), tuple(e.id for e in examples)
        else:
            inputs, futures, ids = found.inputs, found.targets, found.ids
        past = target.past(inputs.astype(np.float64))
        yield _Some(ids, positions, past, futures.astype(np.float64))


def _predictions(data: TaskData, forecast: Callable[[np.ndarray], np.ndarray]) -> list[Prediction]:
    found: list[Prediction] = []
    for some in _windows(data.test, _target(data)):
        found += [Prediction(i, table.tolist()) for i, table in zip(some.ids, forecast(some.past), strict=True)]
    return found


def _target(data: TaskData) -> ForecastTarget:
    assert isinstance(data.target_spec, ForecastTarget)
    return data.target_spec
