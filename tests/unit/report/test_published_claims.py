"""Published claims: how an experiment states one, and what the seeds say about each of its cells."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.config.folders import conf_dir
from harness.errors import ConfigError
from harness.report.load import load
from harness.report.pages import pages_of_report
from harness.report.published_claims import files
from harness.report.published_claims.claim import parse
from harness.report.published_claims.files import claims_of
from harness.report.published_claims.verdicts import CellVerdict, ClaimOutcome, judge_claim
from harness.report.sections import compose
from harness.store import Store

CLAIM: dict[str, Any] = {
    "statement": "An LSTM does it.",
    "source": "A paper, Table 1",
    "cells": [{"of": {"model": "lstm"}, "published": 31, "at_least": 30}],
}


@pytest.fixture
def runs(store: Store, made_up: Any) -> Any:
    """Finishes runs of a model with these values, by seed."""

    def finish(model: str, *values: float, sweep: str = "s", **settings: Any) -> None:
        for seed, value in enumerate(values):
            plan = made_up.plan("translation", model, seed, sweep=sweep, **settings)
            made_up.done(store, plan, value=value)

    return finish


def verdict(store: Store, cell: dict[str, Any], **more: Any) -> CellVerdict:
    claim = parse("s", {**CLAIM, **more, "cells": [cell]}, "conf/x.yaml")
    (found,) = judge_claim(claim, load(store).comparisons).cells
    return found


@pytest.mark.parametrize(
    ("bound", "outcome", "words"),
    [
        ({"at_least": 29.0}, ClaimOutcome.REPRODUCED, "at least 29 was expected"),
        ({"at_least": 32.0}, ClaimOutcome.NOT_REPRODUCED, "at least 32 was expected"),
        ({"at_most": 32.0}, ClaimOutcome.REPRODUCED, "at most 32 was expected"),
        ({"at_most": 30.5}, ClaimOutcome.UNDECIDED, "on both sides"),
    ],
)
def test_the_interval_of_the_mean_is_held_against_the_bound(store, runs, bound, outcome, words):
    runs("lstm", 30.0, 30.4, 30.8)  # mean 30.4, 95 % interval 29.41 to 31.39
    found = verdict(store, {"of": {"model": "lstm"}, **bound})
    assert found.outcome is outcome
    assert words in found.why
    assert (found.value, found.low, found.high) == pytest.approx((30.4, 29.41, 31.39), abs=0.01)


def test_a_difference_and_a_ratio_have_the_interval_of_welch(store, runs):
    runs("lstm", 30.0, 30.4, 30.8)
    runs("rnn", 20.0, 20.2, 20.7)
    sides = {"of": {"model": "lstm"}, "against": {"model": "rnn"}}
    difference = verdict(store, {**sides, "at_least": 9.0})
    assert difference.outcome is ClaimOutcome.REPRODUCED
    assert difference.value == pytest.approx(10.1)
    ratio = verdict(store, {**sides, "as": "ratio", "at_most": 1.6})
    assert ratio.outcome is ClaimOutcome.REPRODUCED
    assert ratio.low < 30.4 / 20.3 < ratio.high
    assert verdict(store, {**sides, "as": "ratio", "at_least": 2.0}).outcome is ClaimOutcome.NOT_REPRODUCED


def test_a_baseline_that_no_seed_changes_needs_one_run(store, runs, made_up):
    runs("lstm", 30.0, 30.4, 30.8)
    plan = replace(made_up.plan("translation", "copy", 0, sweep="s"), kind="baseline")
    made_up.done(store, plan, value=18.0)
    assert verdict(store, {"of": {"model": "copy"}, "at_least": 18}).outcome is ClaimOutcome.REPRODUCED
    against = verdict(store, {"of": {"model": "lstm"}, "against": {"model": "copy"}, "at_least": 12})
    assert (against.value, against.low) == pytest.approx((12.4, 11.41), abs=0.01)
    assert against.outcome is ClaimOutcome.UNDECIDED


def test_equal_seeds_decide_without_any_spread(store, runs):
    runs("lstm", 100.0, 100.0, 100.0)
    assert verdict(store, {"of": {"model": "lstm"}, "at_least": 100}).outcome is ClaimOutcome.REPRODUCED


@pytest.mark.parametrize(
    ("values", "words"), [((31.0, 32.0), "2 seeds: 3 are the fewest"), ((31.0, math.nan, 32.0), "no finite")]
)
def test_too_few_seeds_or_values_leave_a_cell_undecided(store, runs, values, words):
    runs("lstm", *values)
    found = verdict(store, {"of": {"model": "lstm"}, "at_least": 1})
    assert found.outcome is ClaimOutcome.UNDECIDED
    assert words in found.why


def test_a_metric_that_no_run_has_leaves_a_cell_undecided(store, runs):
    runs("lstm", 30.0, 30.4, 30.8)
    found = verdict(store, {"of": {"model": "lstm"}, "metric": "nothing", "at_least": 1})
    assert (found.outcome, found.why) == (ClaimOutcome.UNDECIDED, "0 seeds: 3 are the fewest that count")


def test_a_run_that_diverged_leaves_a_cell_undecided(store, runs, made_up):
    runs("lstm", 31.0, 31.1, 31.2)
    plan = made_up.plan("translation", "lstm", 7, sweep="s")
    run_id = store.start(plan, made_up.here, owner_pid=os.getpid())
    store.fail(run_id, "the loss became nan", "", "", "diverged")
    found = verdict(store, {"of": {"model": "lstm"}, "at_least": 1})
    assert (found.outcome, found.why) == (ClaimOutcome.UNDECIDED, "1 run diverged or exceeded a limit")


@pytest.mark.parametrize("cell", [{"at_most": 35}, {"at_least": 35}])
def test_a_low_score_of_a_model_that_does_not_fit_its_training_is_undertrained(store, runs, cell):
    runs("lstm", 30.0, 30.4, 30.8)
    fits = {"metric": "bleu", "at_least": 95}
    found = verdict(store, {"of": {"model": "lstm"}, **cell}, fits=fits)
    assert found.outcome is ClaimOutcome.UNDERTRAINED
    assert found.why.startswith("bleu 30.4 is below 95: it has not learnt")
    assert verdict(store, {"of": {"model": "lstm"}, "at_least": 20}, fits=fits).outcome is ClaimOutcome.REPRODUCED


def test_runs_are_told_apart_by_their_options_and_those_of_other_sweeps_do_not_count(store, runs):
    runs("lstm", 30.0, 30.4, 30.8, budget="steps:5")
    runs("lstm", 60.0, 60.4, 60.8, budget="steps:9")
    assert (
        verdict(store, {"of": {"model": "lstm", "budget": "steps:9"}, "at_least": 50}).outcome
        is ClaimOutcome.REPRODUCED
    )
    both = verdict(store, {"of": {"model": "lstm"}, "at_least": 50})
    assert both.outcome is ClaimOutcome.UNDECIDED
    assert both.why.startswith("2 groups of runs")
    other = parse("elsewhere", CLAIM, "conf/x.yaml")
    assert judge_claim(other, load(store).comparisons).outcome is ClaimOutcome.NOT_RUN


def test_a_claim_is_reproduced_only_if_every_cell_is(store, runs):
    runs("lstm", 30.0, 30.4, 30.8)
    cells = [{"of": {"model": "lstm"}, "at_least": at} for at in (20, 30.5, 40)]
    for chosen, outcome in (
        (cells[:1], ClaimOutcome.REPRODUCED), (cells[:2], ClaimOutcome.UNDECIDED), (cells, ClaimOutcome.NOT_REPRODUCED)
    ):  # fmt: skip
        assert judge_claim(parse("s", {**CLAIM, "cells": chosen}, "x"), load(store).comparisons).outcome is outcome


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"statement": ""}, "no 'statement'"),
        ({"sauce": "x"}, "'sauce', which is none of"),
        ({"cells": []}, "no 'cells'"),
        ({"cells": [{"at_least": 1}]}, "Cell 1 .* does not say which runs"),
        ({"cells": [{"of": {"model": "a"}}]}, "has 0 bounds"),
        ({"cells": [{"of": {"model": "a"}, "at_least": 1, "at_most": 2}]}, "has 2 bounds"),
        ({"cells": [{"of": {"model": "a"}, "at_least": "x"}]}, "at_least is 'x'; it must be a number"),
        ({"cells": [{"of": {"model": "a"}, "as": "ratio", "at_least": 1}]}, "as=ratio"),
        ({"cells": ["a"]}, "must be a table"),
        ({"fits": {"at_least": 95}}, "fits needs a metric"),
    ],
)
def test_a_mistake_in_a_claim_is_named_with_its_file(change, words):
    with pytest.raises(ConfigError, match=words) as error:
        parse("s", {**CLAIM, **change}, "conf/experiment/claims/x.yaml")
    assert "conf/experiment/claims/x.yaml" in str(error.value)


def test_the_page_shows_claims_of_the_reported_sweeps(store, runs, monkeypatch, tmp_path: Path):
    runs("lstm", 30.0, 30.4, 30.8)
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "x.yaml").write_text(
        "sweep: s\nclaim:\n  statement: An LSTM does it.\n  source: A paper\n"
        "  cells: [{of: {model: lstm}, published: 31, at_least: 29}]\n"
    )
    monkeypatch.setattr(files, "conf_dir", lambda: tmp_path)
    report = compose(store, load(store))
    assert [one.sentence for one in report.claims] == ["s: reproduced (1 reproduced)"]
    pages = dict(pages_of_report(report))
    for words in ("An LSTM does it.", "A paper", "30.40 (29.41 to 31.39)", "30.80, 30.40, 30.00"):
        assert words in pages["claims.html"]
    assert 'href="claims.html"' in pages["index.html"]
    monkeypatch.setattr(files, "conf_dir", lambda: tmp_path / "none")
    assert "claims.html" not in dict(pages_of_report(compose(store, load(store))))


def test_the_claims_of_the_built_in_experiments_can_be_read_and_their_sweeps_say_so():
    names = [path.stem for path in (conf_dir() / "experiment" / "claims").glob("*.yaml")]
    found = claims_of({f"claim_{name}" for name in names})
    assert {claim.sweep.removeprefix("claim_") for claim in found} == set(names) - {"state_tracking_protocol"}
