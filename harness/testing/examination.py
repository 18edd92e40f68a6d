"""Checking a plug-in against the clauses of its contract: one finding for each clause and case.

A failure comes with the smallest example that shows it, found by trying ever larger ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.testing.clause import Clause


@dataclass(frozen=True)
class Finding:
    """What came of one clause on one case.

    Attributes:
        plugin: "model.lstm".
        clause: its name.
        case: the kind of task, or of data.
        held: True, False, or None where the clause does not apply.
        message: expected and found where it failed; the reason where it does not apply; empty where it held.
        example: the smallest example that fails; empty where none is smaller than the whole.
        advice: what to change; empty unless it failed.
        error: what the check raised.
    """

    plugin: str
    clause: str
    case: str
    held: bool | None
    message: str = ""
    example: str = ""
    advice: str = ""
    error: Exception | None = field(default=None, compare=False, repr=False)

    @property
    def report(self) -> str:
        """A failure in full, for a test's message."""
        lines = [self.message]
        if self.example:
            lines.append(f"smallest example that fails: {self.example}")
        if self.advice:
            lines.append(f"what to change: {self.advice}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """What `harness check --json` prints of it."""
        return {
            "plugin": self.plugin,
            "clause": self.clause,
            "case": self.case,
            "held": self.held,
            "message": self.message,
            "example": self.example,
            "advice": self.advice,
        }


def pairs(clauses: Sequence[Clause[Any]], subjects: Sequence[Any]) -> Iterator[tuple[Clause[Any], Any, str]]:
    """(clause, subject, why it does not apply) for all that there is to check.

    A clause that concerns the plug-in as a whole is paired with one subject for each way in which the input reaches
    it; a clause that applies to no subject is paired with the first, so that it is not forgotten.
    """
    for one in clauses:
        chosen = list({s.way_in: s for s in reversed(subjects)}.values())[::-1] if one.once else subjects
        reasons = [(subject, _inapplicable(one, subject)) for subject in chosen]
        applicable = [(subject, reason) for subject, reason in reasons if not reason]
        for subject, reason in applicable or reasons[:1]:
            yield one, subject, reason


def _inapplicable(one: Clause[Any], subject: Any) -> str:
    """Why a clause says nothing of a subject; it applies where the plug-in raises instead, and its check then tells."""
    try:
        return one.inapplicable(subject)
    except Exception:
        return ""


def examine(one: Clause[Any], subject: Any, plugin: str = "", reason: str | None = None) -> Finding:
    """Check one clause on one subject.

    Whatever a plug-in raises is a failure of it: a check that cannot end has not held.
    """
    if reason is None:
        reason = one.inapplicable(subject)
    if reason:
        return Finding(plugin, one.name, subject.case_name, None, reason)
    error = _error(one, subject)
    if error is None:
        return Finding(plugin, one.name, subject.case_name, True)
    message, example = _message(error), subject.example()
    for smaller in subject.smaller(one.shortest):
        found = _error(one, smaller)
        if found is not None and _kind(found) == _kind(error):
            message, example, error = _message(found), smaller.example(), found
            break
    return Finding(plugin, one.name, subject.case_name, False, message, example, one.advice, error)


def _error(one: Clause[Any], subject: Any) -> Exception | None:
    try:
        with subject.surroundings():
            one(subject)
    except Exception as error:
        return error
    return None


def _message(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, AssertionError) and text else f"{type(error).__name__}: {text}"


def _kind(error: Exception) -> str:
    """The message without its figures, up to the first colon: a smaller batch must fail for the same reason."""
    return re.sub(r"[\d.,e+\-\[\] ]+", "#", f"{type(error).__name__} {str(error).partition(':')[0]}")
