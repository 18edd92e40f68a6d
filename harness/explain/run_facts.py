"""What is said of the run that an explanation is about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.config.settings import RunSettings


@dataclass(frozen=True)
class RunFacts:
    """A run in words.

    Attributes:
        key, task, dataset, model, seed: of the run.
    """

    key: str
    task: str
    dataset: str
    model: str
    seed: int

    @classmethod
    def of(cls, key: str, settings: RunSettings) -> RunFacts:
        """Those of a run's settings."""
        return cls(key, settings.task.name, settings.task.dataset_name, settings.model.name, settings.seed)

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"key": self.key, "task": self.task, "dataset": self.dataset, "model": self.model, "seed": self.seed}

    def pairs(self) -> list[tuple[str, str]]:
        """Terms and texts for a page."""
        return [("task", f"{self.task} ({self.dataset})"), ("model", self.model), ("seed", str(self.seed)),
                ("run", self.key[:12])]  # fmt: skip


def rounded(values: np.ndarray | float, digits: int = 5) -> Any:
    """Numbers as plain data with so many significant digits; None where one is not finite."""
    if isinstance(values, np.ndarray) and values.ndim:
        return [rounded(part, digits) for part in values]
    number = float(values)
    return float(f"{number:.{digits}g}") if math.isfinite(number) else None


def in_figures(value: float) -> str:
    """Two decimals, or that there is no number."""
    return "undefined" if math.isnan(value) else f"{value:.2f}".replace("-", "−")
