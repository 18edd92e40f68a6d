"""Pictures of digits read pixel by pixel: what the data sets of that kind share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from harness_tasks.labelled_series import LabelledSeries

from harness.contract.batch import Split
from harness.contract.metric import Prediction
from harness.contract.options import option
from harness.contract.raw import RawData, RawExample
from harness.contract.task import Baseline, TaskData
from harness.data.lazy_sequence import LazySequence
from harness.data.splitting import Shares, stratified
from harness_datasets.series_classification._pixel_orders import ORDERS, USUAL_SEED, pixel_order
from harness_datasets.series_classification.bumps import Bumps

DIGITS = tuple("0123456789")

VALIDATION = 0.1

_AT_ONCE = 500  # test pictures that are compared with training


@dataclass(frozen=True)
class Pictures:
    """Pictures with their classes.

    Attributes:
        values: uint8 (N, Y, X), 0 for paper.
        classes: (N,) places in `DIGITS`.
        prefix: of their ids, which are numbered.
    """

    values: np.ndarray
    classes: np.ndarray
    prefix: str


@dataclass
class PixelSeries(LabelledSeries):
    """Base: a series is a picture's pixels in a fixed order, one a step, from 0 (paper) to 1 (ink).

    The order is the same for every picture, split and model. Splits are decided by the pictures, so they are the same
    for every order.

    Class variables:
        full: the value of ink.

    Fields:
        order: "rows"; "permuted", by a random permutation of a fixed seed; or "bit_reversed".
        permutation_seed: of "permuted", for numpy's RandomState.
        pool: 2: each square of 2 × 2 pixels is averaged first, which makes series a quarter as long.
    """

    aligned: ClassVar[bool] = True
    full: ClassVar[int]

    order: str = option("rows", choices=ORDERS)
    permutation_seed: int = option(USUAL_SEED, at_least=0, at_most=2**32 - 1)
    pool: int = option(1, at_least=1, at_most=2)

    def __post_init__(self) -> None:
        if self.order not in ORDERS:
            raise ValueError(f"task.order is '{self.order}'; it must be one of {', '.join(ORDERS)}.")
        if self.pool not in (1, 2):
            raise ValueError(f"task.pool is {self.pool}; it must be 1 or 2.")

    @property
    def label(self) -> str:
        """With the order, and with pooling: "mnist.permuted.pooled"."""
        return ".".join([self.name, *([self.order] if self.order != "rows" else []), *self._pooled])

    def tiny(self) -> Bumps:
        """Generated bumps."""
        return Bumps.of_few()

    def baselines(self) -> tuple[Baseline, ...]:
        """The nearest picture, which no order of pixels makes harder."""
        return (
            Baseline(
                "nearest_picture",
                "the training picture with the nearest pixels (Euclidean), whatever their order",
                nearest_picture,
            ),
        )

    def published(self, train: Pictures, test: Pictures) -> RawData:
        """A published split, with a tenth of each class of its training part for validation."""
        half = Shares(VALIDATION / 2, VALIDATION / 2)  # both parts that are held out are for validation
        parts = stratified(_contents(self._pool(train.values)), train.classes.tolist(), half)
        val = np.sort(np.concatenate([parts.val, parts.test]))
        rule = f"validation: {VALIDATION:.0%} of each class of the training part, by the hash of the content"
        everything = np.arange(len(test.classes))
        return self._raw([(train, parts.train), (train, val), (test, everything)], f"published; {rule}")

    def divided(self, pictures: Pictures, why: str) -> RawData:
        """Pictures without a published split, divided 80/10/10 % within each class."""
        parts = stratified(_contents(self._pool(pictures.values)), pictures.classes.tolist())
        return self._raw([(pictures, one) for one in (parts.train, parts.val, parts.test)], f"{why}: {parts.rule}")

    @property
    def _pooled(self) -> list[str]:
        return ["pooled"] if self.pool > 1 else []

    def _pool(self, values: np.ndarray) -> np.ndarray:
        """Sums over squares of `pool` × `pool` pixels, uint16 (N, Y / pool, X / pool)."""
        count, height, width = values.shape
        squares = values.reshape(count, height // self.pool, self.pool, width // self.pool, self.pool)
        return squares.sum(axis=(2, 4), dtype=np.uint16)

    def _raw(self, parts: Sequence[tuple[Pictures, np.ndarray]], split: str) -> RawData:
        """Training, validation and test, each as pictures and which of them it has."""
        height, width = (size // self.pool for size in parts[0][0].values.shape[1:])
        order = pixel_order(self.order, height * width, self.permutation_seed)
        shown = f"a picture of {height} × {width} pixels"
        train, val, test = (self._series(pictures, chosen, order, shown) for pictures, chosen in parts)
        words = (
            f"permuted by seed {self.permutation_seed}" if self.order == "permuted" else self.order.replace("_", " ")
        )
        return RawData(train, val, test, labels=DIGITS, notes={"split": split, "order of pixels": words})

    def _series(self, pictures: Pictures, chosen: np.ndarray, order: np.ndarray, shown: str) -> Sequence[RawExample]:
        """The chosen pictures as series, each made when it is asked for: as float64 they take eight times the room."""
        flat = self._pool(pictures.values[chosen]).reshape(len(chosen), -1)  # (N, T)
        ink = float(self.full * self.pool**2)

        def made(i: int) -> RawExample:
            values = flat[i, order][:, None] / ink  # (T, 1)
            return RawExample(f"{pictures.prefix}-{chosen[i]:05d}", values, DIGITS[pictures.classes[chosen[i]]], shown)

        return LazySequence(made, len(chosen))


def nearest_picture(data: TaskData, seed: int) -> list[Prediction]:
    """The class of the training picture at the least Euclidean distance; of equally near ones the first."""
    known, labels = _flat(data.train), [int(example.target) for example in _each(data.train)]
    squares = (known**2).sum(1)
    nearest: list[int] = []
    asked = _flat(data.test)
    for start in range(0, len(asked), _AT_ONCE):
        nearest += (squares - 2 * asked[start : start + _AT_ONCE] @ known.T).argmin(1).tolist()
    return [Prediction(example.id, labels[k]) for example, k in zip(_each(data.test), nearest, strict=True)]


def _flat(split: Split) -> np.ndarray:
    """float32 (N, T)."""
    return np.stack([np.asarray(example.input)[:, 0] for example in _each(split)])


def _each(split: Split) -> Iterable:
    return (split[i] for i in range(len(split)))


def _contents(pictures: np.ndarray) -> list[str]:
    return [picture.tobytes().hex() for picture in pictures]
