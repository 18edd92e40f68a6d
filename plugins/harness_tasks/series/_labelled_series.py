"""How series with a class become examples: normalised by training, gaps filled from before."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harness.contract.batch import Example
from harness.contract.preprocessing import Preprocessing
from harness.contract.raw import RawExample
from harness.data.tables import read_table
from harness.errors import DataError
from harness_tasks.series.series import filled

if TYPE_CHECKING:
    import torch

_FILE = "series.json"


@dataclass(frozen=True)
class SeriesScale:
    """Mean and deviation of each variable over all steps of the training series, (F,)."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @classmethod
    def fit(cls, series: Sequence[np.ndarray]) -> SeriesScale:
        """Over steps that are not missing.

        Raises:
            DataError: a variable is missing everywhere.
        """
        steps = np.concatenate(series)
        known = (~np.isnan(steps)).sum(0)
        if (known == 0).any():
            raise DataError(f"Variable {int(np.argmin(known)) + 1} of the series has no value in training.")
        deviations = np.nanstd(steps, axis=0)
        deviations[deviations < 1e-12] = 1.0  # one that does not vary
        return cls(tuple(np.nanmean(steps, axis=0).tolist()), tuple(deviations.tolist()))


class LabelledSeriesEncoder(Preprocessing):
    """Series and names of classes."""

    def __init__(self, scale: SeriesScale, classes: tuple[str, ...]) -> None:
        self.scale, self.classes = scale, classes
        self._means, self._deviations = np.array(scale.means), np.array(scale.deviations)

    @property
    def takes(self) -> str:
        """An array, or a table."""
        return f"a series: an array (T, {len(self.scale.means)}), or the path of a table with a row a step"

    def encode(self, source: Any) -> np.ndarray:
        """float32 (T, F): in deviations from the mean of training; a gap is the value before it, at first the mean.

        Raises:
            DataError: no series, or one of other variables.
        """
        if isinstance(source, str | Path):
            source = values_of_table(Path(source))
        if not isinstance(source, np.ndarray):
            raise DataError(f"series classification takes {self.takes}, not {type(source).__name__}.")
        values = source[:, None] if source.ndim == 1 else source
        if values.ndim != 2 or values.shape[1] != len(self._means) or not len(values):
            raise DataError(f"an array of shape {source.shape} holds no series of (T, {len(self._means)}).")
        scaled = (values.astype(np.float64) - self._means) / self._deviations
        made: np.ndarray = np.nan_to_num(filled(scaled, len(scaled)), nan=0.0).astype(np.float32)
        return made

    def encode_target(self, answer: Any) -> int:
        """The number of a class.

        Raises:
            DataError: there is no such class.
        """
        if answer not in self.classes:
            raise DataError(f"there is no class '{answer}' in training; classes: {', '.join(self.classes)}.")
        return self.classes.index(answer)

    def example(self, raw: RawExample) -> Example:
        """A raw series, encoded; its source says how long it is."""
        values = np.asarray(raw.input)
        shown = raw.source or f"{len(values)} steps of {values.shape[-1]} variables"
        return replace(super().example(raw), source=shown)

    def decode(self, ids: Sequence[int]) -> str:
        """Names of classes."""
        return " ".join(self.classes[i] for i in ids)

    def save(self, folder: Path) -> None:
        """Write `series.json`."""
        content = {"means": self.scale.means, "deviations": self.scale.deviations, "classes": self.classes}
        (folder / _FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LabelledSeriesEncoder:
        """Read what `save` wrote."""
        content = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        scale = SeriesScale(tuple(content["means"]), tuple(content["deviations"]))
        return cls(scale, tuple(content["classes"]))


def jitter(deviation: float) -> Callable[[Example, torch.Generator], Example]:
    """Noise on every value of a training series, in deviations of its variable (Um et al. 2017)."""

    def varied(example: Example, generator: torch.Generator) -> Example:
        import torch

        assert example.input is not None
        noise = torch.randn(example.input.shape, generator=generator).numpy()
        return replace(example, input=(example.input + deviation * noise).astype(np.float32))

    return varied


def values_of_table(path: Path) -> np.ndarray:
    """float64 (T, F): the columns of numbers of a table, a row a step; NaN where missing.

    Raises:
        DataError: it cannot be read, or has no column of numbers.
    """
    table = read_table(path)
    names = [column.name for column in table.columns if column.kind == "number"]
    if not names:
        kinds = ", ".join(f"{column.name} ({column.kind})" for column in table.columns)
        raise DataError(f"{path} has no column of numbers; a series has a row a step. Columns: {kinds}.")
    return np.stack([table.numbers(name) for name in names], axis=1)
