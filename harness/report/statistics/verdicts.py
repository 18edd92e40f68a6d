"""The verdict on one comparison in a sentence: which model has the best mean, and how well that is supported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.report.statistics.seed_tests import SeedTest, SeedTests, compare_seeds
from harness.terminal import one_line

_LONGEST_NAME, _NAMED = 60, 3


@dataclass(frozen=True)
class Verdict:
    """Which model has the best mean, and how well that is supported, in plain words.

    Attributes:
        best: its name; None if no model has a value.
        contested: whether another model has a worse mean, so that being best is meaningful.
        supported: whether the seed tests show that it is better than every other.
        sentence: for the reader.
        leaders: all models with the best mean, the named one first.
    """

    best: str | None
    contested: bool
    supported: bool
    sentence: str
    leaders: tuple[str, ...] = ()


def judge(samples: Mapping[str, Mapping[int, float]], *, higher_is_better: bool) -> Verdict:
    """Name the best mean and say whether the seeds support that it is better than each of the others.

    Args:
        samples: by label, value by seed; a model with one that is not finite, NaN included, counts as diverged.
        higher_is_better: which means are better.
    """
    family = compare_seeds(samples, higher_is_better=higher_is_better)
    return verdict_on(family)


def verdict_on(family: SeedTests) -> Verdict:
    """The verdict derived from the tests of all pairs."""
    if not family.order:
        return Verdict(None, False, False, "No model has finished.")
    best = family.order[0]
    if best in family.diverged:
        return Verdict(None, False, False, f"No mean is finite: {listed(family.diverged)}.")
    name, leaders = shown(best), family.leaders
    rivals = [t for t in family.of(best) if not {t.first, t.second} & set(family.diverged)]
    left_out = f" Left out, since a value is not finite: {listed(family.diverged)}." if family.diverged else ""
    if not rivals:
        return Verdict(best, bool(left_out), False, f"{name} is the only model with a result.{left_out}", leaders)
    contested = len(leaders) <= len(rivals) or bool(left_out)
    open_ = [t for t in rivals if not (t.decided and t.first == best)]
    if not open_:
        against = shown(rivals[0].second) if len(rivals) == 1 else "every other model"
        sentence = f"{name} is better than {against} ({_tests(rivals, family)})."
        return Verdict(best, True, True, sentence + left_out, leaders)
    open_ = [t for t in open_ if t.decided or not {t.first, t.second} <= set(leaders)]
    claim, they, them = f"{name} has the best mean", "it is", "it"
    if len(leaders) > len(rivals):
        claim, they, them = f"{listed(leaders)} have the same mean", "they are", "them"
    elif len(leaders) > 1:
        claim, they, them = f"{listed(leaders)} share the best mean", "they are", "them"
    unable = [t for t in open_ if family.undecidable(t)]
    clauses = []
    if unable:
        least = min(t.seeds for t in unable)
        count = "one seed" if least == 1 else f"{least} seeds" if least else "seeds that are not shared"
        clauses.append(f"{count} cannot show that {they} ahead of {listed(_others(unable, best))}{_needed(unable)}")
    ahead = [t for t in open_ if t.decided]
    if ahead:
        words = (
            f"{listed(_others(ahead, best))} {'is' if len(ahead) == 1 else 'are'} better over the seeds that both have"
        )
        clauses.append(f"{words} ({_tests(ahead, family)})")
    told = [t for t in open_ if t not in unable and not t.decided]
    if told:
        others = listed(_others(told, best))
        clauses.append(f"{others} cannot be told from {them} ({_tests(told, family)}{_needed(told)})")
    doubts = f", but {', and '.join(clauses)}" if clauses else ""
    return Verdict(best, contested, False, f"{claim}{doubts}.{left_out}", leaders)


def shown(label: str) -> str:
    """A label in running text: on one line, harmless, not too long."""
    text = one_line(label)
    return text if len(text) <= _LONGEST_NAME else text[:_LONGEST_NAME] + "…"


def p_words(p: float) -> str:
    """p with two significant digits."""
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.2g}"


def seeds_words(number: int | None) -> str:
    """The approximate number of seeds needed."""
    return "more than 1,000" if number is None else f"about {number}"


def _others(tests: Sequence[SeedTest], best: str) -> list[str]:
    return [t.second if t.first == best else t.first for t in tests]


def listed(labels: Sequence[str]) -> str:
    """Labels in running text: "a, b and c"; only the first three of many."""
    names = [shown(label) for label in labels]
    if len(names) > _NAMED + 1:
        names = [*names[:_NAMED], f"{len(names) - _NAMED} others"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _tests(tests: Sequence[SeedTest], family: SeedTests) -> str:
    """The method in brackets: "paired t tests over 5 seeds, Holm-corrected over 15 pairs, largest p = 0.03"."""
    known = [t for t in tests if t.adjusted is not None]
    if not known:
        return "no test"
    methods = " and ".join(dict.fromkeys(t.method for t in known))
    low, high = min(t.seeds for t in known), max(t.seeds for t in known)
    text = f"{methods} test{'s' if len(known) > 1 else ''} over {low if low == high else f'{low} to {high}'} seeds"
    if family.tested > 1:
        text += f", Holm-corrected over {family.tested} pairs"
    values = [t.adjusted for t in known if t.adjusted is not None]
    if len(values) == 1:
        return f"{text}, {p_words(values[0])}"
    decided = all(t.decided for t in known)
    return f"{text}, {'largest' if decided else 'smallest'} {p_words((max if decided else min)(values))}"


def _needed(tests: Sequence[SeedTest]) -> str:
    """The number of seeds that would distinguish all of these, in words; "" if unknown."""
    known = [t for t in tests if t.difference != 0 or t.needed is not None]
    if not known:
        return ""
    numbers = [t.needed for t in known]
    if None in numbers:
        return "; more than 1,000 seeds would be needed"
    most = max(n for n in numbers if n is not None)
    guess = "at least" if all(t.seeds < 2 for t in known) else "about"
    return f"; {guess} {most} would be needed"
