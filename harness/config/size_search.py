"""The width of a model at which something that grows with it is nearest to N: the search behind `match`.

Importing this module imports no torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from harness.contract.signature import TaskSignature
from harness.errors import ConfigError

if TYPE_CHECKING:
    from harness.contract.model import Model

TOLERANCE = 0.02
"""By how much of N the amount may differ from N."""

PREFERRED_STEP = 8
"""Widths that are multiples of it are taken where one is near enough: vector units compute them no slower."""

_LARGEST = 1 << 20  # where the search gives up
COUNTED = {
    "params": "parameters in encoder and decoder",
    "total": "parameters, embedding and head included",
    "state": "numbers of state",
}
"""What each kind of match counts."""


class MatchError(ConfigError):
    """No width of this model has N of what is counted; the message names the nearest that exist."""


@dataclass(frozen=True)
class Match:
    """A parsed `match`.

    Attributes:
        kind: "params" (weights of encoder and decoder), "total" (of embedding and head too) or "state" (numbers that
            are carried from one position to the next).
        amount: N.
    """

    kind: str
    amount: int

    @classmethod
    def parse(cls, text: str) -> Match:
        """Read "KIND:N"; N may be written 500000, 500_000 or 5e5.

        Raises:
            ConfigError: unknown kind, or N is no positive whole number.
        """
        kind, _, amount = str(text).partition(":")
        if kind not in COUNTED:
            raise ConfigError(
                f"match={text!r} is not understood: write params:N, total:N or state:N, as in params:500000."
            )
        try:
            value = float(amount)
        except ValueError:
            value = -1.0
        if not 1 <= value < float("inf") or value != int(value):
            raise ConfigError(
                f"match={text!r} is not understood: '{amount}' is not a positive whole number, as in "
                f"'match={kind}:500000'."
            )
        return cls(kind, int(value))

    def counted(self, total: int, model: int, state: int | None = None) -> int:
        """The amount that this match is about.

        Args:
            total: parameters of the whole network.
            model: those of encoder and decoder.
            state: numbers that are carried; None: none are.
        """
        return {"total": total, "params": model, "state": state or 0}[self.kind]

    def near(self, amount: int) -> bool:
        """Whether an amount is within the tolerance of N."""
        return abs(amount - self.amount) <= TOLERANCE * self.amount

    def __str__(self) -> str:
        return f"{self.kind}:{self.amount}"


class MatchedSize(NamedTuple):
    """A hidden size and what it amounts to."""

    hidden_size: int
    amount: int


def solve(match: Match, model: Model, signature: TaskSignature, count: Callable[[int], int]) -> MatchedSize:
    """The width whose amount is nearest to N: a multiple of 8 if one is near enough, else of the model's step.

    Args:
        match: N and what it counts.
        model: whose capabilities name the field of its size and its granularity.
        signature: of the task.
        count: hidden size -> amount; grows with it. A ValueError means that the model refuses the size.

    Raises:
        MatchError: the model names no size field, the field does not decide its size, or no size is near enough.
    """
    capabilities = model.capabilities(signature)
    name, step = capabilities.size_field, capabilities.size_step
    if not isinstance(getattr(model, name, None), int):
        raise MatchError(
            f"match={match}: model '{model.name}' names '{name}' as the option that sets its size "
            "(Capabilities.size_field), but has no such option with a whole number."
        )
    around: list[MatchedSize] = []
    for granularity in dict.fromkeys((math.lcm(step, PREFERRED_STEP), step)):
        around = _around(_Widths(match, model.name, name, step, count), granularity)
        best = min(around, key=lambda size: abs(size.amount - match.amount))
        if match.near(best.amount):
            return best
    nearest = " and ".join(
        f"{name}={s.hidden_size} with {s.amount:,} ({100 * (s.amount / match.amount - 1):+.2f} %)" for s in around
    )
    limited = (
        f"; {name} is a multiple of {step} (the model's Capabilities.size_step; 1 allows every width)"
        if step > 1
        else ""
    )
    raise MatchError(
        f"match={match}: no {name} of model '{model.name}' on task '{signature.task}' gives {match.amount:,} "
        f"{COUNTED[match.kind]}, to within {TOLERANCE * 100:g} %. The nearest are {nearest}{limited}."
    )


@dataclass(frozen=True)
class _Widths:
    """The widths of a model, with its words for messages."""

    match: Match
    model: str
    name: str
    size_step: int
    count: Callable[[int], int]

    def at(self, hidden_size: int) -> MatchedSize:
        """A width that the model should accept."""
        try:
            return MatchedSize(hidden_size, self.count(hidden_size))
        except ValueError as error:
            raise MatchError(
                f"match={self.match}: model '{self.model}' refuses {self.name}={hidden_size}, although its size_step "
                f"allows it: {error}. Its capabilities must say which widths it accepts: "
                f"Capabilities(size_step=N) for multiples of N (now {self.size_step})."
            ) from error

    def smallest(self, step: int) -> MatchedSize:
        """The smallest multiple of the step that the model accepts."""
        refusal: ValueError | None = None
        for hidden_size in range(step, 17 * step, step):
            try:
                return MatchedSize(hidden_size, self.count(hidden_size))
            except ValueError as error:
                refusal = error
        raise MatchError(f"match={self.match}: model '{self.model}' accepts no small {self.name}: {refusal}.")


def _around(widths: _Widths, step: int) -> list[MatchedSize]:
    """The two neighbouring multiples of the step between whose amounts N lies; the two smallest if N is below all."""
    match = widths.match
    low = widths.smallest(step)
    high = widths.at(low.hidden_size + step)
    while high.amount < match.amount:
        if high.hidden_size > _LARGEST or high.amount < low.amount:
            raise MatchError(
                f"match={match}: the option '{widths.name}' of model '{widths.model}', which it names as its size "
                f"field, does not decide its size: {low.hidden_size} gives {low.amount:,} {COUNTED[match.kind]} and "
                f"{high.hidden_size} gives {high.amount:,}."
            )
        low, high = high, widths.at(2 * high.hidden_size)
    while high.hidden_size - low.hidden_size > step:
        middle = widths.at((low.hidden_size + high.hidden_size) // 2 // step * step)
        low, high = (middle, high) if middle.amount < match.amount else (low, middle)
    return [low, high]
