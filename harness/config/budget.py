"""How long a run trains: epochs, steps, seconds of training time, or real target tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.errors import ConfigError

KINDS = ("epochs", "steps", "seconds", "tokens")
_COUNTERS = {"epochs": "epoch", "steps": "step", "seconds": "seconds", "tokens": "units"}  # of `BudgetProgress`


@dataclass(frozen=True)
class Budget:
    """A parsed budget, such as "epochs:3" or "steps:400"."""

    kind: str
    amount: float

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Parse "KIND:AMOUNT".

        Raises:
            ConfigError: unknown kind, or an amount that is not a positive number (whole, except for seconds).
        """
        kind, _, amount = str(text).partition(":")
        if kind not in KINDS:
            raise ConfigError(f"budget '{text}' is not understood: write one of {', '.join(f'{k}:N' for k in KINDS)}.")
        try:
            value = float(amount)
        except ValueError:
            value = -1.0
        if not 0 < value < float("inf") or (kind != "seconds" and value != int(value)):
            number = "a positive number" if kind == "seconds" else "a positive whole number"
            raise ConfigError(
                f"budget '{text}' is not understood: '{amount}' is not {number}, as in 'budget={kind}:3'."
            )
        return cls(kind, value)

    def __str__(self) -> str:
        return f"{self.kind}:{self.amount:g}"


@dataclass
class BudgetProgress:
    """What a run has used of its budget so far.

    Attributes:
        step: optimizer steps. epoch: epochs, with the fraction of the current one.
        seconds: training time (validation and checkpoints excluded). units: real target tokens (or the task's
            unit of work). examples: examples seen.
    """

    step: int = 0
    epoch: float = 0.0
    seconds: float = 0.0
    units: int = 0
    examples: int = 0

    def fraction(self, budget: Budget) -> float:
        """Share of the budget used, 0 to 1."""
        used: float = getattr(self, _COUNTERS[budget.kind])
        return min(1.0, used / budget.amount)


def learning_rate_factor(fraction: float, warmup: float, schedule: str) -> float:
    """Share of the peak learning rate at a fraction of the budget: linear warm-up, then cosine to 1 % or constant.

    Source of the cosine: Loshchilov and Hutter 2017, eq. 5, without restarts.

    Raises:
        ConfigError: unknown schedule.
    """
    if schedule not in ("cosine", "constant"):
        raise ConfigError(f"optimizer.schedule '{schedule}' does not exist; choose 'cosine' or 'constant'.")
    if warmup > 0 and fraction < warmup:
        return max(fraction / warmup, 0.01)
    if schedule == "constant":
        return 1.0
    done = (fraction - warmup) / max(1e-9, 1.0 - warmup)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))
