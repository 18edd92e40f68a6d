"""What a verdict depends on: differences between the models of a comparison that could have decided it.

The guards say everything that a reader may want to know of a number, in notes under the tables. Only what bears on who
is said to be best, or may be, stands beside the verdict.
"""

from __future__ import annotations

from harness.report import guards, promises
from harness.report.comparisons import Comparison, Entry
from harness.report.standing import Judgement
from harness.store.checks import FAILED


def cautions(comparison: Comparison, judgement: Judgement) -> list[str]:
    """Sentences, the gravest first; empty where nothing is compared or nothing differs.

    Unequal tuning and size count only if they favour the model with the best mean. Seeds that are missing are in the
    verdict itself.
    """
    if len(judgement.pairs.models) < 2:
        return []
    entries = {e.label: e for e in comparison.entries}
    leader, *rivals = (entries[label] for label in judgement.pairs.models)
    status = promises.of_model(leader)
    timed = (comparison.conditions.budget or "").startswith("seconds")
    size, tuning = guards.size_sentence(comparison), guards.tuning_sentence(comparison)
    larger = _size(leader) > min(map(_size, rivals)) * (1 + guards.MATCHED_WITHIN)
    found = [
        promises.sentence(comparison, FAILED) if status is not None and status.state == FAILED else "",
        guards.code_sentence(comparison),
        tuning if any(_tuned_more(leader, rival) for rival in rivals) else "",
        size if "not matched" in size and larger else "",
        guards.contended_sentence(comparison) if timed else "",
        guards.seeds_sentence(comparison) if not judgement.missing and not judgement.unstable else "",
    ]
    return [sentence for sentence in found if sentence]


def _tuned_more(one: Entry, other: Entry) -> bool:
    """Whether the first had more trials, or a longer search with as many."""
    trials, hours = ([f(e.finished[0]) for e in (one, other)] for f in (guards.trials_of, guards.hours_of))
    return trials[0] > trials[1] or (trials[0] == trials[1] and hours[0] > guards.MORE_TUNED * hours[1] > 0)


def _size(entry: Entry) -> float:
    return max((r.summary.parameters for r in entry.finished if r.summary), default=0)
