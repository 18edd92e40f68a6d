"""Raw examples: what a data set reads, as a person would write it, before its task encodes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        counts: what metrics need of it beside that, as `Example.units` has it: its length, what it is asked of.
    """

    id: str
    input: Any
    target: Any
    source: str = ""
    seconds: float | None = None
    counts: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def units(self) -> dict[str, float]:
        """As `Example.units`: the counts, and the seconds where they are known."""
        return {**({} if self.seconds is None else {"seconds": self.seconds}), **self.counts}


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
