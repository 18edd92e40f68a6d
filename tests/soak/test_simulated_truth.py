"""Simulated truth: stores in which it is known whether models differ, judged by the report's own words.

Every world goes the way of a real report: rows in a SQLite file, `load`, `judge`, `evidence.panels`; what is counted is
what the tables and sentences say. With 200 worlds in `pytest --all`, with 2,000 in `make soak`; the seeds stand here
and were fixed before the first run. `test_simulated_claims` has the rule alone, in 20,000 worlds a case.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from simulated_truth import World, errors_world, forecasts_world, normal, one_split_world, seeds_world, write

from harness.report import evidence, results
from harness.report.load import Comparison, load
from harness.report.panels import Panel, PanelContext
from harness.report.standing import Judgement, sentence
from harness.report.statistics import SeedSample
from harness.report.statistics.power import power
from harness.report.tables import TableRow
from harness.store import Store

SEED = 20251125
SIZES = [
    pytest.param(200, id="200", marks=pytest.mark.exhaustive),
    pytest.param(2000, id="2000", marks=pytest.mark.soak),
]
_A_STORE = 100

pytestmark = pytest.mark.parametrize("worlds", SIZES)


@dataclass
class Judged:
    """A world and what the report says of it."""

    world: World
    comparison: Comparison
    judgement: Judgement
    panel: Panel

    def rows(self, kind: str) -> list[TableRow]:
        """Rows of the table of pairs: "models" or "examples"."""
        return next(t.rows for t in self.panel.tables if t.name.endswith(kind))

    def claims(self, kind: str = "models") -> list[tuple[str, str]]:
        """(better, worse) of every pair that is called different."""
        return [(r.header.text, r.cells[0].text) for r in self.rows(kind) if r.cells[1].text.endswith("better")]

    @property
    def winner(self) -> str | None:
        """The model that the first sentence calls better than every other."""
        first, _, rest = sentence(self.judgement).partition(" is better than ")
        return first if rest else None


def judged(
    folder: Path, make: Callable[[np.random.Generator], World], worlds: int, number: int, metric: str = "accuracy"
) -> Iterator[Judged]:
    """Worlds through files of a hundred each; `number` tells the experiments' draws apart."""
    for start in range(0, worlds, _A_STORE):
        made = [make(np.random.default_rng((SEED, number, i))) for i in range(start, start + _A_STORE)]
        path = folder / f"{start}.db"
        with Store.open(f"sqlite:///{path}") as store:
            write(store, made, metric, higher_is_better=metric == "accuracy")
            for world, comparison in zip(made, load(store).comparisons, strict=True):
                context = PanelContext.judged(store, comparison, "e", {})
                (panel,) = evidence.panels(context)
                yield Judged(world, comparison, context.judgement, panel)
        path.unlink()


def at_most(hits: int, worlds: int, share: float, what: str) -> None:
    """A rate of false claims: no more than promised and two standard errors."""
    limit = share + 2 * math.sqrt(share * (1 - share) / worlds)
    print(f"{what}: {hits / worlds:.4f} (at most {limit:.4f})")
    assert hits / worlds <= limit


def about(hits: int, worlds: int, share: float, what: str) -> None:
    """A rate that must be met from both sides, within two standard errors."""
    error = 2 * math.sqrt(share * (1 - share) / worlds)
    print(f"{what}: {hits / worlds:.4f} ({share:.4f} ± {error:.4f})")
    assert abs(hits / worlds - share) <= error


def covered(row: TableRow, cell: int, truth: float) -> bool:
    """Whether a row's interval holds the true difference of its models, m0 minus m1."""
    value, half = row.cells[cell].value, row.cells[cell].half_width
    assert value is not None
    assert half is not None
    return abs(value - (truth if row.header.text == "m0" else -truth)) <= half


def mean_is_covered(one: Judged, truth: float) -> bool:
    """Whether the first model's 95 % interval holds its true mean."""
    found = results.primary_summary(one.comparison.entries[0]).interval
    assert found is not None
    return found[0] <= truth <= found[1]


def test_equal_models_are_called_different_in_at_most_5_percent(worlds, tmp_path):
    claims = winners = means = missed = 0
    for one in judged(tmp_path, lambda dice: seeds_world(dice, [0, 0], 5), worlds, 1):
        claims += bool(one.claims())
        winners += one.winner is not None
        means += mean_is_covered(one, 10.0)
        missed += not covered(one.rows("models")[0], 2, 0.0)
    at_most(claims, worlds, 0.05, "equal models, 5 seeds: different")
    assert winners == claims
    about(means, worlds, 0.95, "Student-t interval of a mean over 5 seeds")
    at_most(missed, worlds, 0.05, "interval of a difference over 5 seeds misses it")


def test_seeds_that_affect_all_models_alike_make_it_cautious(worlds, tmp_path):
    claims = sum(
        bool(one.claims()) for one in judged(tmp_path, lambda d: seeds_world(d, [0, 0], 5, common=0.25), worlds, 6)
    )
    at_most(claims, worlds, 0.05, "equal models, a third of the variance is the seed's: different")


def test_different_models_are_told_apart_as_often_as_predicted(worlds, tmp_path):
    claims = wrong = missed = 0
    for one in judged(tmp_path, lambda dice: seeds_world(dice, [1.5, 0], 5), worlds, 2):
        claims += one.claims() == [("m0", "m1")]
        wrong += one.claims() == [("m1", "m0")]
        missed += not covered(one.rows("models")[0], 2, 1.5)
    half = SeedSample((-0.5, 0.5))  # of variance 1/2
    about(claims, worlds, power(1.5, half, half, 5, 0.05, 0.0, 0), "1.5 standard deviations, 5 seeds: power")
    assert wrong <= worlds * 0.001
    at_most(missed, worlds, 0.05, "interval of a true difference misses it")


def test_a_family_of_equal_models_has_one_wrong_claim_in_at_most_5_percent(worlds, tmp_path):
    families = winners = 0
    for one in judged(tmp_path, lambda d: seeds_world(d, [0] * 5, 5), worlds, 3):
        families += bool(one.claims())
        winners += one.winner is not None
    at_most(families, worlds, 0.05, "5 equal models, 10 pairs: any different")
    at_most(winners, worlds, 0.05, "5 equal models: one is called best")


def test_true_differences_do_not_open_the_door_to_false_ones(worlds, tmp_path):
    """Holm rejects more where some pairs differ; among the equal ones wrong claims stay as rare."""
    wrong = missing = 0
    for one in judged(tmp_path, lambda dice: seeds_world(dice, [6, 0, 0, 0], 5), worlds, 4):
        wrong += any("m0" not in pair for pair in one.claims())
        missing += "m0" not in one.judgement.may_be_best
    at_most(wrong, worlds, 0.05, "1 better and 3 equal models: any of the equal ones different")
    assert missing == 0


def test_a_best_model_that_is_hardly_ahead_is_seldom_missing_from_those_that_may_be_best(worlds, tmp_path):
    missing = 0
    for one in judged(tmp_path, lambda d: seeds_world(d, [0.3, 0, 0], 3, spreads=[1.0, 5.0, 20.0]), worlds, 10):
        missing += "m0" not in one.judgement.may_be_best
    at_most(missing, worlds, 0.05, "the best of 3 models, hardly ahead, is said not to be the best")


def test_many_seeds_have_a_bootstrap_interval_that_covers(worlds, tmp_path):
    claims = means = 0
    for one in judged(tmp_path, lambda dice: seeds_world(dice, [0, 0], 25), worlds, 5):
        assert results.primary_summary(one.comparison.entries[0]).method == "bootstrap"
        claims += bool(one.claims())
        means += mean_is_covered(one, 10.0)
    at_most(claims, worlds, 0.05, "equal models, 25 seeds: different")
    about(means, worlds, 0.95, "bootstrap interval of a mean over 25 seeds")


@pytest.mark.parametrize("spreads", [[1.0, 3.0], [1.0, 20.0], [1.0, 5.0, 20.0]], ids=["3", "20", "three models"])
def test_models_that_spread_unequally_are_not_called_different_more_often(worlds, spreads, tmp_path):
    claims = winners = 0
    for one in judged(tmp_path, lambda dice: seeds_world(dice, [0.0] * len(spreads), 5, spreads=spreads), worlds, 6):
        claims += bool(one.claims())
        winners += one.winner is not None
    at_most(claims, worlds, 0.05, f"5 seeds, spreads {spreads}: different")
    at_most(winners, worlds, 0.055, f"5 seeds, spreads {spreads}: one is called best")


@pytest.mark.parametrize("seeds", [3, 10])
def test_models_equal_on_new_examples_are_not_called_different_for_one_test_split(worlds, seeds, tmp_path):
    every = judged(tmp_path, lambda dice: one_split_world(dice, seeds, 100), worlds, 11)
    claims = sum(bool(one.claims()) for one in every)
    at_most(claims, worlds, 0.05, f"equally good on new examples, {seeds} seeds, 100 examples: different")


NOISES = {
    "heavy tails": lambda dice, n: dice.standard_t(3, n) / math.sqrt(3),
    "skewed": lambda dice, n: dice.exponential(1.0, n) - 1,
    "coarse": lambda dice, n: np.round(normal(dice, n)),
}


@pytest.mark.parametrize("noise", NOISES)
def test_noise_that_is_not_normal_makes_no_more_false_claims(worlds, noise, tmp_path):
    """The difference of two equal models is symmetric whatever the noise is, which is what t needs most."""
    claims = sum(
        bool(one.claims())
        for one in judged(tmp_path, lambda d: seeds_world(d, [0, 0], 5, draw=NOISES[noise]), worlds, 7)
    )
    at_most(claims, worlds, 0.05, f"equal models, {noise} noise, 5 seeds: different")


@pytest.mark.parametrize("models", [2, 4])
def test_equal_checkpoints_are_called_different_in_at_most_5_percent(worlds, models, tmp_path):
    claims = differences = 0
    for one in judged(tmp_path, lambda dice: errors_world(dice, [0.2] * models, 200), worlds, 8, "wer"):
        claims += bool(one.claims("examples"))
        differences += covered_between(one.rows("examples")[0], 0.0) if models == 2 else 0
        assert not one.claims("models")  # one seed shows nothing of models
    at_most(claims, worlds, 0.05, f"{models} equal checkpoints, 200 utterances: any different")
    if models == 2:
        about(differences, worlds, 0.95, "bootstrap interval of a difference of word error rates")


def test_different_checkpoints_are_told_apart_as_often_as_predicted(worlds, tmp_path):
    """Of a mean over many examples, randomisation has the power of the paired t test."""
    claims = differences = 0
    for one in judged(tmp_path, lambda dice: forecasts_world(dice, 0.3, 100), worlds, 9, "mae"):
        claims += one.claims("examples") == [("m0", "m1")]
        differences += covered_between(one.rows("examples")[0], -0.3)
    about(claims, worlds, paired_power(0.3, 100), "0.3 standard deviations, 100 examples: power")
    about(differences, worlds, 0.95, "bootstrap interval of a true difference of checkpoints")


def paired_power(effect: float, number: int) -> float:
    """Of the two-sided paired t test at 5 % (Cohen 1988), by the noncentral t distribution."""
    critical = stats.t.ppf(0.975, number - 1)
    shift = effect * math.sqrt(number)
    return float(stats.nct.sf(critical, number - 1, shift) + stats.nct.cdf(-critical, number - 1, shift))


def covered_between(row: TableRow, truth: float) -> bool:
    """As `covered`, for an interval that need not lie evenly around the difference: read from the cell's text."""
    truth = truth if row.header.text == "m0" else -truth
    low, high = row.cells[2].text.replace("−", "-").partition("(")[2].rstrip(")").split(" to ")
    return float(low) <= truth <= float(high)
