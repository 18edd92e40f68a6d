"""Claims that continuous integration insists on: their grammar, and whether a comparison supports them.

    TASK[ (WORDS)]: A > B              A is shown to be better than B
    TASK[ (WORDS)]: A >= B             both have results, and A is not shown to be worse than B
    TASK[ (WORDS)]: A is best          the report names A as best
    TASK[ (WORDS)]: A beats baselines  A is shown to be better than every baseline

A and B are labels of models or baselines. WORDS choose among a task's comparisons: those whose heading contains them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

from harness.errors import ConfigError, UnknownNameError

Kind = Literal[">", ">=", "is best", "beats baselines"]

_CLAIM = re.compile(
    r"\s*(?P<task>[^:()]+?)\s*(?:\((?P<words>[^()]*(?:\([^()]*\)[^()]*)*)\))?\s*:\s*(?P<first>\S.*?)\s*"
    r"(?:(?P<pair>>=|>)\s*(?P<second>\S.*?)|\s(?P<alone>is\s+best|beats\s+baselines))\s*"
)
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_FORMS = "'TASK: A > B', 'TASK: A >= B', 'TASK: A is best' or 'TASK: A beats baselines'"


@dataclass(frozen=True)
class Claim:
    """A claim as it was typed.

    Attributes:
        text: the whole.
        task: name of a task.
        words: part of the comparison's heading; empty: any comparison of the task.
        first, second: labels; `second` is empty unless two are compared.
        kind: what is claimed.
    """

    text: str
    task: str
    words: str
    first: str
    kind: Kind
    second: str = ""


@dataclass(frozen=True)
class PairResult:
    """What is known of two contenders.

    Attributes:
        better, worse: whether the first is shown to be better, or worse, at the report's level.
        words: difference, p, seeds; or why nothing is shown.
        unknown: whether one of them has no result, or diverged, so that not even "not worse" can be said.
    """

    better: bool
    worse: bool
    words: str
    unknown: bool = False


class Contest(Protocol):
    """A comparison as claims see it."""

    @property
    def task(self) -> str:
        """Name of the task."""

    @property
    def heading(self) -> str:
        """Of the comparison."""

    @property
    def models(self) -> Sequence[str]:
        """Labels of the models."""

    @property
    def baselines(self) -> Sequence[str]:
        """Labels of the baselines."""

    @property
    def best(self) -> str | None:
        """The model that the report names as best."""

    @property
    def verdict(self) -> str:
        """The report's sentence about the comparison."""

    def pair(self, first: str, second: str) -> PairResult:
        """What the tests say of two of them."""


def parse(text: str) -> Claim:
    """Read a claim.

    Raises:
        ConfigError: it has none of the four forms.
    """
    found = _CLAIM.fullmatch(text)
    if found is None:
        raise ConfigError(f"'{text}' is no claim; write {_FORMS}, with A and B as the report names them.")
    kind = _KINDS[found["pair"] or " ".join(found["alone"].split())]
    return Claim(
        text.strip(), found["task"], (found["words"] or "").strip(), found["first"], kind, found["second"] or ""
    )


def failures(claims: Sequence[Claim], contests: Sequence[Contest]) -> list[str]:
    """One sentence a claim and comparison that does not support it.

    Args:
        claims: all are checked against every comparison that they are about.
        contests: of the report.

    Raises:
        UnknownNameError: a claim names a task, model or baseline that the report does not have.
        ConfigError: no comparison of the task has the words of a claim in its heading.
    """
    chosen = [(claim, contest) for claim in claims for contest in _about(claim, contests)]
    for claim, contest in chosen:
        _check_names(claim, contest)
    found = ((claim, contest, _why_not(claim, contest)) for claim, contest in chosen)
    return [f"Does not hold: {claim.text}: {why} ({contest.heading})." for claim, contest, why in found if why]


def _about(claim: Claim, contests: Sequence[Contest]) -> list[Contest]:
    of_task = [c for c in contests if c.task == claim.task]
    if not of_task:
        raise UnknownNameError("task", claim.task, {c.task for c in contests}, "the runs of this report")
    found = [c for c in of_task if claim.words.lower() in c.heading.lower()]
    if not found:
        headings = "; ".join(f"'{c.heading}'" for c in of_task)
        raise ConfigError(f"No comparison of {claim.task} has '{claim.words}' in its heading; there are: {headings}.")
    return found


def _check_names(claim: Claim, contest: Contest) -> None:
    known = [*contest.models, *contest.baselines]
    for name in (claim.first, claim.second):
        if name and name not in known:
            raise UnknownNameError("model", name, known, f"the comparison '{contest.heading}'")


def _why_not(claim: Claim, contest: Contest) -> str:
    """Why a comparison does not support a claim; empty if it does."""
    if claim.kind == "is best":
        return "" if contest.best == claim.first else contest.verdict.removesuffix(".")
    if claim.kind == "beats baselines":
        if not contest.baselines:
            return "there is no baseline"
        results = [(name, contest.pair(claim.first, name)) for name in contest.baselines]
        return "; ".join(f"against {name}: {r.words}" for name, r in results if not r.better)
    result = contest.pair(claim.first, claim.second)
    holds = result.better if claim.kind == ">" else not (result.worse or result.unknown)
    return "" if holds else result.words
