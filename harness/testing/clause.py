"""A clause of a contract as data: what it promises, how it is checked, and what to change when it fails."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Subject = TypeVar("Subject")
"""What a clause is checked on: a `ModelSubject`, a `TaskSubject` or a `DatasetSubject`."""


def everywhere(subject: Any) -> str:
    """The reason why a clause says nothing of a subject: none."""
    return ""


@dataclass(frozen=True)
class Clause(Generic[Subject]):
    """One promise that a plug-in makes.

    Attributes:
        name: lower-case identifier, part of test ids ("padding_invariance").
        advice: what an author changes when it fails.
        check: raises AssertionError with what was expected and what was found.
        inapplicable: why the clause says nothing of a subject, known before it is checked; empty: it applies.
        once: it is about the plug-in as a whole, so one case is enough.
        shortest: for models, the fewest steps of time in which a fault can show; 0: no batch can show it.
    """

    name: str
    advice: str
    check: Callable[[Subject], None]
    inapplicable: Callable[[Subject], str] = everywhere
    once: bool = False
    shortest: int = 1

    @property
    def promise(self) -> str:
        """What holds where the check passes: the first paragraph of its docstring."""
        return " ".join((inspect.getdoc(self.check) or "").split("\n\n")[0].split())

    def unless(self, reason: Callable[[Subject], str]) -> Clause[Subject]:
        """The same clause, which also says nothing of subjects for which there is a reason."""
        return dataclasses.replace(self, inapplicable=lambda subject: reason(subject) or self.inapplicable(subject))

    def __call__(self, subject: Subject) -> None:
        """Check the subject.

        Raises:
            AssertionError: it breaks this clause.
        """
        self.check(subject)


def clause(
    advice: str,
    *,
    inapplicable: Callable[[Any], str] = everywhere,
    once: bool = False,
    shortest: int = 1,
) -> Callable[[Callable[[Any], None]], Clause[Any]]:
    """Turn a check into the clause that bears its name."""

    def make(check: Callable[[Any], None]) -> Clause[Any]:
        return Clause(check.__name__, advice, check, inapplicable, once, shortest)

    return make
