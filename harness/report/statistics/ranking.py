"""Which contender is best, and which may be: rank verification.

The model with the best mean is called best if it is shown to be better than each rival, model or baseline, by its own
test at the full two-sided level. No correction for the number of rivals is needed: if the model is not truly best, one
rival is at least as good, and the claim must pass the test against that one too (Gutmann and Maymin 1987, "Is the
selected population the best?"; Hung and Fithian 2019, "Rank verification for exponential families").

The list of those that may be best leaves out whoever some rival is shown to beat, here corrected for the number of
rivals (Bonferroni), since one rival suffices to leave a model out.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.report.statistics.pair_tests import LEVEL, PairTest, PairTests, same_mean


@dataclass(frozen=True)
class Ranking:
    """What the tests support.

    Attributes:
        leaders: models with the best mean of the models, several where means are equal.
        best: the model that is shown to be better than every rival; None if none is.
        may_be_best: models that no rival is shown to beat, best mean first; only `best` if there is one.
        open: pairs of the first leader and a rival that the tests do not tell apart, in its favour.
        ahead: baselines whose value is at least as good as the first leader's mean, best first.
        level: of every test.
    """

    leaders: tuple[str, ...]
    best: str | None
    may_be_best: tuple[str, ...]
    open: tuple[PairTest, ...]
    ahead: tuple[str, ...]
    level: float


def rank_verified(pairs: PairTests, looks: int = 1) -> Ranking:
    """Verify the best mean.

    Args:
        pairs: all tests of a comparison.
        looks: how many times the results were planned to be looked at, seeds being added in between; each look has
            an equal share of the level.
    """
    level = LEVEL / max(looks, 1)
    if not pairs.models:
        return Ranking((), None, (), (), (), level)
    first = pairs.models[0]
    means = {label: sample.mean for label, sample in pairs.samples.items()}
    leaders = tuple(label for label in pairs.models if same_mean(means[label], means[first]))
    ahead = tuple(
        label
        for label in pairs.order
        if label not in pairs.models
        and (pairs.order.index(label) < pairs.order.index(first) or same_mean(means[label], means[first]))
    )
    of_first = pairs.of(first)
    unclear = tuple(t for t in of_first if t.other(first) not in ahead and not t.shown(level))
    best = first if of_first and not unclear and not ahead else None
    strict = level / max(len(pairs.models) - 1, 1)
    beaten = {t.second for t in pairs.tests if t.second in pairs.models and t.first in pairs.models and t.shown(strict)}
    may_be = (best,) if best else tuple(label for label in pairs.models if label not in beaten)
    return Ranking(leaders, best, may_be, unclear, ahead, level)
