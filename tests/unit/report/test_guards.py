"""What makes a figure weaker than it looks is said where the figure stands."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from made_up_results import ELSEWHERE, finish, plan_of

from harness.report import guards, learning, overview
from harness.report.comparisons import Comparison, compare
from harness.report.costs import panels as cost_panels
from harness.report.load import load
from harness.report.panels import PanelContext
from harness.report.sections import compose
from harness.report.tables import Table
from harness.report.task_tables import phase_table, spread_table, task_table
from harness.store import Store, query
from harness.store.query import RunView

Change = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture
def runs(store: Store) -> list[RunView]:
    """Two models of three seeds."""
    for model, skill in (("lstm", 0.8), ("rnn", 0.5)):
        for seed in range(3):
            finish(store, plan_of("translation", model, seed), skill=skill)
    return query.runs(store)


def changed(runs: list[RunView], changes: Change) -> Comparison:
    """The comparison of runs, some with other fields: those of a summary by their names, others with `run_` before."""
    made = []
    for run in runs:
        fields = changes.get((run.model, run.seed), {})
        assert run.summary is not None
        summary = replace(run.summary, **{k: v for k, v in fields.items() if not k.startswith("run_")})
        rest = {k.removeprefix("run_"): v for k, v in fields.items() if k.startswith("run_")}
        made.append(replace(run, summary=summary, **rest))
    (comparison,) = compare(made)
    return comparison


def cell(table: Table, model: str, column: str) -> tuple[str, str, str]:
    """Text, note and footnote of a cell."""
    row = next(r for r in table.rows if r.header.text == model)
    found = row.header if not column else row.cells[[c.title for c in table.columns].index(column)]
    return found.text, found.note, table.footnotes[found.footnote - 1] if found.footnote else ""


def tabled(comparison: Comparison) -> Table:
    return task_table(comparison, "t", "results")


def test_equal_runs_need_no_word(runs: list[RunView]) -> None:
    comparison = changed(runs, {})
    assert guards.kinds(comparison) == []
    assert tabled(comparison).footnotes == ["Source: pytorch-seq2seq, notebook 3"]


def test_contended_times_are_marked_in_their_cells_and_scores_are_not(runs: list[RunView]) -> None:
    busy = {"machine": {"contended": True, "other_cpu_share": 0.34}, "to_target_s": 5.0}
    table = tabled(changed(runs, {("lstm", 1): busy}))
    for column in ("training time", "time to target", "throughput"):
        _, note, footnote = cell(table, "lstm", column)
        assert "over 2 of 3 runs, the others were contended" in note, column
        assert "they used up to 34 % of its cores" in footnote
        assert "The budget is in seconds" in footnote  # which the made-up runs have
    assert "contended" not in cell(table, "rnn", "training time")[1]
    assert "contended" not in cell(table, "lstm", "BLEU")[1]
    every = tabled(changed(runs, {("lstm", s): busy for s in range(3)}))
    assert cell(every, "lstm", "training time")[1] == "contended, not ranked"
    assert "contended times" in guards.kinds(changed(runs, {("lstm", 1): busy}))


def on(runs: list[RunView], lstm: str | None, rnn: str | None, **others: Any) -> Comparison:
    """The comparison with these backends in the details; None: of an older run, which recorded none."""
    named = {"lstm": lstm, "rnn": rnn}
    of_all = {"run_config": runs[0].config | {"budget": "epochs:3"}, **others}
    return changed(runs, {(r.model, r.seed): {"details": {"backend": named[r.model]}, **of_all} for r in runs})


@pytest.mark.parametrize(
    ("lstm", "rnn", "shown", "parts"),
    [
        ("oneDNN", "oneDNN", ("oneDNN", "oneDNN"), ""),
        (None, None, ("not recorded", "not recorded"), ""),
        ("oneDNN", "fused Python", ("oneDNN", "fused Python"), "(oneDNN: lstm; fused Python: rnn)"),
        ("oneDNN", None, ("oneDNN", "not recorded"), "(oneDNN: lstm; not recorded: rnn)"),
    ],
    ids=["one", "none", "two", "one-and-none"],
)
def test_speeds_of_different_backends_are_never_shown_without_saying_so(
    store: Store, runs: list[RunView], lstm: str | None, rnn: str | None, shown: tuple[str, str], parts: str
) -> None:
    comparison = on(runs, lstm, rnn, to_target_s=5.0)
    sentence, table = guards.backend_sentence(comparison), tabled(comparison)
    assert bool(sentence) == bool(parts)
    if parts:
        assert sentence.startswith(f"Backends differ {parts}: differences in speed")
    assert (cell(table, "lstm", "backend")[0], cell(table, "rnn", "backend")[0]) == shown
    for model in ("lstm", "rnn"):
        for column in ("training time", "time to target", "throughput"):
            assert cell(table, model, column)[2] == sentence, column
        assert cell(table, model, "BLEU")[2] == ""
    assert ("different backends" in guards.kinds(comparison)) == bool(parts)
    (panel,) = cost_panels.panels(PanelContext.judged(store, comparison, "c", {"lstm": 0, "rnn": 1}))
    assert [t.footnotes for t in panel.tables] == [[sentence] if parts else []] * 2  # costs, and time to target
    (by_time,) = [f for f in panel.figures if "against training time" in f.caption]
    assert by_time.caption.endswith(sentence)
    assert ("Backends differ" in by_time.caption) == bool(parts)
    phases = phase_table(comparison, "p")
    assert phases is not None
    assert phases.footnotes == ([sentence] if parts else [])


def test_a_busy_machine_and_another_backend_are_both_said(runs: list[RunView]) -> None:
    comparison = on(runs, "oneDNN", "fused Python", machine={"contended": True})
    _, note, footnote = cell(tabled(comparison), "lstm", "throughput")
    assert note == "contended, not ranked"
    assert footnote == f"{guards.contended_sentence(comparison)} {guards.backend_sentence(comparison)}"


def test_curves_over_time_name_the_backends(store: Store, runs: list[RunView]) -> None:
    comparison = on(runs, "oneDNN", "fused Python")
    drawn = learning.curves(PanelContext.judged(store, comparison, "n", {"lstm": 0, "rnn": 1}), "bleu").values()
    marked = [f.name for f in drawn if guards.backend_sentence(comparison) in f.caption]
    assert len(drawn) == 3
    assert marked == ["n-bleu-by-seconds"]


def sized(runs: list[RunView], lstm: int, rnn: int, match: str | None, encoder: int = 0, state: int = 0) -> Comparison:
    changes: Change = {}
    for run in runs:
        size = {"lstm": lstm, "rnn": rnn}[run.model]
        config = run.config | ({"asked": {"match": match}} if match else {})
        changes[run.model, run.seed] = {
            "parameters": size,
            "encoder_parameters": (encoder or size) // 2,
            "decoder_parameters": (encoder or size) - (encoder or size) // 2,
            "run_config": config,
            **({"details": {"state_size": state}} if state else {}),
        }
    return changed(runs, changes)


@pytest.mark.parametrize(
    ("lstm", "rnn", "match", "said"),
    [
        (1_000_000, 1_019_000, None, ""),
        (1_000_000, 1_100_000, None, "Parameters are not matched: from 1.00 M (lstm) to 1.10 M (rnn), 1.1 times"),
        (4_000_000, 1_000_000, None, "are not matched: from 1.00 M (rnn) to 4.00 M (lstm), 4 times as many"),
        (1_000_000, 1_010_000, "total:1M", "matched by match=total:1M: all parameters together are 1.00 M to 1.01 M"),
        (1_000_000, 3_000_000, "total:1M", "Parameters are not matched"),
        (0, 0, None, ""),
        (0, 5, None, "Parameters are not matched: from 0 (lstm) to 5 (rnn). A"),
    ],
)
def test_sizes_that_are_not_matched_are_pointed_out(
    runs: list[RunView], lstm: int, rnn: int, match: str | None, said: str
) -> None:
    comparison = sized(runs, lstm, rnn, match)
    sentence = guards.size_sentence(comparison)
    assert said in sentence
    assert bool(sentence) == bool(said)
    assert cell(tabled(comparison), "lstm", "parameters")[2] == sentence
    assert ("models of unequal size" in guards.kinds(comparison)) == ("not matched" in said)


def test_match_of_params_compares_what_it_matched(runs: list[RunView]) -> None:
    comparison = sized(runs, 2_000_000, 3_000_000, "params:1M", encoder=1_000_000)
    assert "encoder and decoder have 1.00 M" in guards.size_sentence(comparison)


def test_match_of_states_says_so_and_still_points_out_unequal_parameters(runs: list[RunView]) -> None:
    comparison = sized(runs, 2_000_000, 3_000_000, "state:512", state=512)
    sentence = guards.size_sentence(comparison)
    assert sentence.startswith("Carried states are matched by match=state:512: 512 numbers. Parameters are not matched")
    assert cell(tabled(comparison), "lstm", "parameters")[1].endswith("encoder; state 512")


def test_a_model_that_is_trained_in_its_own_way_is_marked(runs: list[RunView]) -> None:
    details = {
        "parameter_groups": {"slow": {"parameters": 1_200, "lr_factor": 0.5, "decay_factor": 0.0}},
        "auxiliary": {"ahead": 0.3},
        "after_step": True,
    }
    comparison = changed(runs, {("lstm", seed): {"details": details} for seed in range(3)})
    said = cell(tabled(comparison), "lstm", "")[2]
    assert said == (
        "Trained in its own way: parameter groups: slow (1,200 parameters, learning rate × 0.5, weight decay × 0); "
        "auxiliary loss: ahead × 0.3, in training only; after each step: the model changes its weights."
    )
    assert "Trained" not in cell(tabled(comparison), "rnn", "")[2]
    assert "models trained in a way of their own" in guards.kinds(comparison)


def test_fewer_seeds_are_marked_at_the_model(runs: list[RunView]) -> None:
    fewer = [r for r in runs if (r.model, r.seed) != ("rnn", 2)]
    table = tabled(changed(fewer, {}))
    assert cell(table, "rnn", "")[2].startswith("Different numbers of seeds (3 seeds: lstm; 2 seeds: rnn)")
    assert cell(table, "lstm", "")[2] == ""
    other = [replace(r, seed=9) if (r.model, r.seed) == ("rnn", 2) else r for r in runs]
    assert "different seeds" in guards.seeds_sentence(changed(other, {}))


def test_tuning_stands_beside_the_results_and_unequal_effort_is_said(runs: list[RunView]) -> None:
    assert cell(tabled(changed(runs, {})), "lstm", "tuning") == ("4 trials", "6 min 36 s", "")
    untuned: Change = {("rnn", seed): {"run_tuning": {}} for seed in range(3)}
    table = tabled(changed(runs, untuned))
    assert cell(table, "rnn", "tuning")[:2] == ("none", "")
    assert "Tuning effort differs (4 trials: lstm; none: rnn)" in cell(table, "lstm", "tuning")[2]
    assert table.csv().splitlines()[2].split(",")[:2] == ["rnn", ""]


def test_runs_by_other_code_are_marked(runs: list[RunView]) -> None:
    old = {"engine_digest": "1" * 64, "plugin_digests": {"task": "t"}}
    new = {"engine_digest": "2" * 64, "plugin_digests": {"task": "t"}}
    changes: Change = {(r.model, r.seed): {"run_identity": new} for r in runs}
    assert guards.code_sentence(changed(runs, changes)) == ""
    changes["lstm", 0] = {"run_identity": old}
    comparison = changed(runs, changes)
    assert guards.other_code(comparison) == {"lstm"}
    assert "Not all runs are by the same code: those of lstm" in cell(tabled(comparison), "lstm", "")[2]
    changes["lstm", 0] = {"run_identity": new | {"plugin_digests": {"task": "t", "model": "other"}}}
    assert guards.other_code(changed(runs, changes)) == {"lstm"}


def test_a_target_that_was_not_reached_is_said(runs: list[RunView]) -> None:
    asked = {"run_config": runs[0].config | {"target": "bleu:90"}}
    changes: Change = {(r.model, r.seed): dict(asked) for r in runs}
    table = tabled(changed(runs, changes))
    assert cell(table, "lstm", "time to target")[0] == "not reached"
    assert "not reached" in table.csv()
    changes["lstm", 1]["to_target_s"] = 12.0
    table = tabled(changed(runs, changes))
    assert cell(table, "lstm", "time to target")[:2] == (
        "12.0 s", "median of the 1 of 3 seeds that did"
    )  # fmt: skip
    assert next(c.note for c in table.columns if c.title == "time to target") == "bleu:90"


def test_training_that_stopped_early_is_said(runs: list[RunView]) -> None:
    comparison = changed(runs, {("rnn", 0): {"details": {"stopped_early": True}}})
    assert "1 stopped early" in cell(tabled(comparison), "rnn", "")[1]
    assert "training that stopped early" in guards.kinds(comparison)


def test_a_seed_that_is_no_number_is_no_part_of_the_mean_and_is_said(runs: list[RunView]) -> None:
    comparison = changed(runs, {("rnn", 0): {"primary_value": float("nan")}})
    assert "3 seeds, 1 without a value" in cell(tabled(comparison), "rnn", "")[1]


@pytest.mark.parametrize(("higher", "best", "worst"), [(True, 3.0, 1.0), (False, 1.0, 3.0)])
def test_best_median_and_worst_follow_the_direction(
    runs: list[RunView], higher: bool, best: float, worst: float
) -> None:
    unit = {"name": "bleu", "unit": "", "higher_is_better": higher}
    changes: Change = {
        (r.model, r.seed): {"primary_value": 1.0 + r.seed, "run_primary": unit, "run_units": {"bleu": unit}}
        for r in runs
    }
    comparison = changed(runs, changes)
    table = spread_table(comparison, "s")
    assert table is not None
    assert [c.value for c in table.rows[0].cells] == [best, 2.0, worst, 1.0, None]
    assert f"best {best:.2f}, median 2.00" in tabled(comparison).rows[0].cells[0].note
    assert spread_table(changed([r for r in runs if r.seed == 0], {}), "s") is None


@pytest.mark.parametrize(
    ("change", "heading"),
    [
        ({"run_identity": {"data_fingerprint": "b" * 64}}, "data version bbbbbbbbbbbb"),
        ({"run_identity": {"data_fingerprint": "a" * 64, "record_version": 2}}, "record version 2"),
        ({"run_primary": {"name": "chrf", "unit": "chrF", "higher_is_better": True}}, "metric chrf"),
        ({"split": "val"}, "validation split"),
        ({"run_environment": ELSEWHERE.hash}, "machine B"),
    ],
)
def test_what_makes_figures_incomparable_is_a_table_of_its_own(
    store: Store, runs: list[RunView], change: dict[str, Any], heading: str
) -> None:
    made = []
    for each in runs:
        run = replace(each, identity={"data_fingerprint": "a" * 64, "record_version": 1})
        if (run.model, run.seed) == ("rnn", 2):
            summary = {k: v for k, v in change.items() if not k.startswith("run_")}
            assert run.summary is not None
            rest = {k.removeprefix("run_"): v for k, v in change.items() if k.startswith("run_")}
            if "identity" in rest:
                rest["identity"] = run.identity | rest["identity"]
            made.append(replace(run, summary=replace(run.summary, **summary), **rest))
        else:
            made.append(run)
    one, two = compare(made)
    assert [len(e.finished) for e in one.entries] == [3, 2]
    assert [len(e.finished) for e in two.entries] == [0, 1]
    data = replace(load(store), comparisons=[one, two])
    machines = {r.environment or "": "machine B" if r.environment == ELSEWHERE.hash else "machine A" for r in made}
    assert heading in overview.heading(two, data, machines)
    assert any("do not compare across them" in w for w in overview.warnings(data))


def test_synthetic_data_stands_in_every_heading(store: Store) -> None:
    finish(store, plan_of("action_recognition", "lstm"))
    report = compose(store, load(store))
    assert report.sections[0].title == "Action recognition (synthetic data)"
    assert report.sections[0].blocks[0].heading == "Action recognition (synthetic data)"
    assert report.summary.columns[0].title == "Action recognition (synthetic data)"
    assert "synthetic data" in report.sections[0].blocks[0].table.caption
