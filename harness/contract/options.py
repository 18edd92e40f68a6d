"""What an option means: the metadata of a dataclass field that is part of a run's configuration.

Everything that the harness does with an option follows from its field: the help, the reference, completion, the key,
what a report compares and tells apart. `option` makes such a field. Plug-ins may use it for `help`; their own options
are always part of the key, no condition, and shown.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

ANYWHERE, AROUND_A_RUN, IN_EXPERIMENTS = "anywhere", "around", "experiment"

LARGEST = 2**63 - 1
"""The largest whole number that the store and torch can hold."""

_METADATA = "harness"


@dataclass(frozen=True)
class Option:
    """The meaning of an option.

    Attributes:
        help: what it does, for people.
        in_key: whether it can change a result, and so is part of the run's key.
        condition: whether results are compared only where it is equal.
        shown: whether it tells configurations of one model apart in lists and reports.
        where: "anywhere"; "around" (how runs are watched and started: no part of a run, nor of the command that repeats
            it); or "experiment" (files in conf/experiment only).
        choices: the values that a text may have; empty: any.
        single_run: those of `choices` that a sweep refuses.
        begins: how values begin, for completion ("epochs:").
        at_least, above, at_most, below: the numbers allowed, each in a list likewise.
        several: whether a list of `choices` may be given too.
        short: another name, without the section, that commands take too.
        group: whether it chooses one of several configurations (task=NAME).
        listed: whether `harness run --help` explains it among the words rather than naming it in a section.
    """

    help: str = ""
    in_key: bool = True
    condition: bool = False
    shown: bool = True
    where: str = ANYWHERE
    choices: tuple[str, ...] = ()
    single_run: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    several: bool = False
    short: str = ""
    group: bool = False
    listed: bool = False

    @property
    def variant(self) -> bool:
        """Whether two results under equal conditions that differ in it are of two configurations of a model."""
        return self.in_key and self.shown and not self.condition

    def refusal(self, value: Any) -> str:
        """What is wrong with a value, or with one in a list, as the end of a sentence; empty if nothing is."""
        if isinstance(value, Sequence) and not isinstance(value, str):
            return next(filter(None, map(self.refusal, value)), "")
        if self.choices and value is not None and value not in self.choices:
            return f"does not exist; choose one of: {', '.join(self.choices)}"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return ""
        if isinstance(value, int) and abs(value) > LARGEST:
            return f"is too large: whole numbers go to 2^63 - 1, {LARGEST:,}"
        # Comparisons with NaN are false.
        allowed = [
            ("{:g} or more", self.at_least, operator.ge),
            ("above {:g}", self.above, operator.gt),
            ("{:g} or less", self.at_most, operator.le),
            ("below {:g}", self.below, operator.lt),
        ]
        if all(bound is None or holds(value, bound) for _, bound, holds in allowed):
            return ""
        return f"must be {' and '.join(text.format(bound) for text, bound, _ in allowed if bound is not None)}"


ORDINARY = Option()
"""The meaning of a field that says nothing."""


def option(default: Any = dataclasses.MISSING, *, factory: Callable[[], Any] | None = None, **meaning: Any) -> Any:
    """A dataclass field with its meaning.

    Args:
        default: of the field; or `factory`, called for each new object.
        meaning: the attributes of `Option`.
    """
    metadata = {_METADATA: Option(**meaning)}
    if factory is not None:
        return dataclasses.field(default_factory=factory, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def meaning(field: dataclasses.Field[Any]) -> Option:
    """The meaning of a field."""
    found = field.metadata.get(_METADATA, ORDINARY)
    assert isinstance(found, Option)
    return found


def options(cls: type, prefix: str = "") -> Iterator[tuple[str, Option]]:
    """(dotted name, meaning) of every option of a dataclass, those of nested dataclasses after their section's name.

    A section whose own meaning says so takes all its options out of the key.
    """
    for field in dataclasses.fields(cls):
        name, own = f"{prefix}{field.name}", meaning(field)
        nested = field.default_factory if field.default_factory is not dataclasses.MISSING else None
        if isinstance(nested, type) and dataclasses.is_dataclass(nested):
            for inner, of_inner in options(nested, f"{name}."):
                yield inner, of_inner if own.in_key else dataclasses.replace(of_inner, in_key=False)
        else:
            yield name, own
