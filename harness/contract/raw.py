"""Raw examples: what a data set reads, as a person would write it, before its task encodes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RawExample:
    """One item of a split before the task encodes it; the base class of the task's data sets says what its parts are.

    Attributes:
        id: stable across machines and seeds.
        input: a text, frames, a clip ...; None where the task derives it from the target.
        target: the answer: a text, a class name ...
        source: the input as a person would read it, for sample tables, where it is no text.
        seconds: how long the recording or the film is; None: not known, or it takes no time.
    """

    id: str
    input: Any
    target: Any
    source: str = ""
    seconds: float | None = None

    @property
    def units(self) -> dict[str, float]:
        """As `Example.units`: the seconds, where they are known."""
        return {} if self.seconds is None else {"seconds": self.seconds}


@dataclass
class RawData:
    """What `Dataset.read` returns.

    Attributes:
        train, val, test: fixed, disjoint splits; lists, or any sequence that makes examples when they are asked for.
        labels: class names, or characters of the answers, in the order of their labels; empty: those of training.
        prompts: texts from which a generating task draws samples.
        notes: what the report should say of this data ("files skipped": 2).
    """

    train: Sequence[RawExample]
    val: Sequence[RawExample]
    test: Sequence[RawExample]
    labels: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    notes: dict[str, str | int | float] = field(default_factory=dict)
