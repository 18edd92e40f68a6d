"""The panel of evidence: what it claims, which runs it points to, and when it says that nothing can be said."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from simulated_truth import World, errors_world, seeds_world, write

from harness.report import evidence
from harness.report.load import load
from harness.report.panels import Panel, PanelContext
from harness.report.standing import judge, sentence
from harness.store import Store


def panel_of(store: Store, world: World, metric: str = "accuracy") -> Panel:
    write(store, [world], metric, higher_is_better=metric == "accuracy")
    return shown_of(store)


def shown_of(store: Store) -> Panel:
    (comparison,) = load(store).comparisons
    (panel,) = evidence.panels(PanelContext.judged(store, comparison, "task-evidence", {}))
    return panel


def dice() -> np.random.Generator:
    return np.random.default_rng(17)


def rows(panel: Panel, number: int = 0) -> list[list[str]]:
    return [[r.header.text, *(c.text for c in r.cells)] for r in panel.tables[number].rows]


def test_every_pair_has_a_row_and_leads_to_its_runs(store):
    panel = panel_of(store, seeds_world(dice(), [9, 0, 0.2], 5))
    (comparison,) = load(store).comparisons
    table = panel.tables[0]
    assert panel.folded
    pairs = {frozenset(pair) for pair in itertools.combinations(("m0", "m1", "m2"), 2)}
    assert {frozenset(row[:2]) for row in rows(panel)} == pairs
    assert rows(panel)[0][0] == "m0"
    assert len(table.rows) == 3
    keys = {e.label: tuple(r.key for r in e.finished) for e in comparison.entries}
    for row in table.rows:
        assert row.header.links == keys[row.header.text]
        assert row.cells[0].links == keys[row.cells[0].text]
        assert len(row.header.links) == 5
    assert {r[2] for r in rows(panel)} == {"m0 better", "cannot be told apart"}


def test_the_panel_and_the_first_screen_say_the_same(store):
    panel = panel_of(store, seeds_world(dice(), [9, 0, 0.2], 5))
    (comparison,) = load(store).comparisons
    assert panel.text[0] == f"Better model? {sentence(judge(store, comparison))}"
    assert "m0 is better than every other model" in panel.text[0]


def test_the_method_and_its_assumptions_are_written_out(store):
    text = " ".join(panel_of(store, seeds_world(dice(), [1, 0, 0], 5)).text)
    assert "two-sided Welch tests, fixed in advance" in text
    assert "corrected by Holm over the 3 pairs of models" in text
    assert "test examples are not in it, so claims hold for these test examples only" in text


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_decide_nothing(store, seeds):
    panel = panel_of(store, seeds_world(dice(), [1, 0], seeds))
    last = panel.tables[0].rows[0].cells[1]
    assert (last.text, last.note) == ("not tested", "too few seeds")
    assert "No pair of models has 3 seeds" in panel.text[2]


def test_models_that_cannot_be_told_apart_say_how_many_seeds_would(store):
    last = panel_of(store, seeds_world(dice(), [0.5, 0], 5)).tables[0].rows[0].cells[1]
    assert last.text == "cannot be told apart"
    assert last.note.endswith("needed")


def test_a_difference_says_how_much_of_its_error_the_test_examples_are(store):
    world = errors_world(dice(), [0.1, 0.3], 80)
    for label, values in world.values.items():
        world.values[label] = {0: values[0], 1: values[0] + 1, 2: values[0] + 2}
    row = panel_of(store, world, "wer").tables[0].rows[0]
    assert 0 < (row.cells[5].value or 0) < 1
    assert row.cells[2].note == "3 seeds"


def test_a_baseline_is_a_rival_in_the_table(store, made_up):
    for seed in range(3):
        made_up.done(store, made_up.plan("translation", "lstm", seed), value=20.0 + seed / 10)
    made_up.done(store, made_up.plan("translation", "copy", kind="baseline"), value=14.0)
    (row,) = shown_of(store).tables[0].rows
    assert (row.header.text, row.cells[0].text, row.cells[1].text) == ("lstm", "copy", "lstm better")
    assert row.cells[4].text == "–"


def test_one_model_has_nothing_to_compare(store):
    write(store, [seeds_world(dice(), [0], 5)], "accuracy", higher_is_better=True)
    (comparison,) = load(store).comparisons
    assert evidence.panels(PanelContext.judged(store, comparison, "e", {})) == []


def test_many_models_print_the_pairs_of_the_best_and_correct_over_all(store):
    panel = panel_of(store, seeds_world(dice(), [20.0 - i for i in range(13)], 4))
    assert len(panel.tables[0].rows) == 12
    assert {r[0] for r in rows(panel)} == {"m0"}
    assert "78 pairs were tested" in panel.tables[0].caption
    assert "Holm over the 78 pairs" in panel.text[2]


def test_many_seeds_are_linked_once(store):
    table = panel_of(store, seeds_world(dice(), [0, 0], 11)).tables[0]
    assert table.rows[0].header.links == ()
    assert "linked in the table of the runs" in table.footnotes[table.rows[0].header.footnote - 1]


# -- checkpoints ---------------------------------------------------------------------------------------


def test_checkpoints_are_compared_and_models_are_not(store):
    panel = panel_of(store, errors_world(dice(), [0.1, 0.3, 0.3], 300), "wer")
    seeds, examples = panel.tables
    assert all(r.cells[1].text == "not tested" for r in seeds.rows)
    assert [r[2] for r in rows(panel, 1)] == [
        "m0’s checkpoint better",
        "m0’s checkpoint better",
        "cannot be told apart",
    ]
    text = " ".join(panel.text)
    assert "Of the checkpoints of seed 0, m0’s is better than the 2 others." in text
    assert "nothing about another training, so it can never show that a model is better" in text
    (comparison,) = load(store).comparisons
    keys = {e.label: (e.finished[0].key,) for e in comparison.entries}
    assert all(r.header.links == keys[r.header.text] for r in examples.rows)
    assert judge(store, comparison).best is None


def test_few_examples_decide_nothing(store):
    panel = panel_of(store, errors_world(dice(), [0.05, 0.6], 4), "wer")
    assert "m0’s scores best, but 4 test examples are too few to tell it from m1." in panel.text[1]
    verdict = panel.tables[1].rows[0].cells[1]
    assert verdict.text == "cannot be decided"
    assert verdict.note.startswith("only ")
    assert "fewer than 20 examples are too few for intervals" in panel.text[-1]


def test_checkpoints_that_cannot_be_told_apart_are_named(store):
    text = panel_of(store, errors_world(dice(), [0.2, 0.2], 100), "wer").text[1]
    assert "’s scores best, but m" in text
    assert text.endswith(" cannot be told from it.")


def test_the_seed_compared_is_the_lowest_that_most_have(store):
    world = errors_world(dice(), [0.1, 0.3, 0.2], 100)
    m0, m1, late = (by_seed[0] for by_seed in world.values.values())
    world.values = {"m0": {3: m0, 4: 11.0}, "m1": {3: m1, 4: 31.0}, "m2": {4: late}}
    world.examples["m3"] = world.examples["m1"]
    world.values["m3"] = {3: m1}
    panel = panel_of(store, world, "wer")
    text = " ".join(panel.text)
    assert (
        "Of the checkpoints of seed 3, m0’s is better than the 2 others. Left out: m2 has not finished with seed 3."
        in text
    )
    assert {r[0] for r in rows(panel, 1)} | {r[1] for r in rows(panel, 1)} == {"m0", "m1", "m3"}


def test_a_score_that_the_examples_do_not_give_is_not_tested(store):
    world = errors_world(dice(), [0.1, 0.3, 0.3], 100)
    world.values["m0"] = {0: 12.34}
    panel = panel_of(store, world, "wer")
    text = " ".join(panel.text)
    assert "m0, seed 0: its examples give " in text
    assert "but its stored score is 12.34" in text
    assert [r[:2] for r in rows(panel, 1)] in ([["m1", "m2"]], [["m2", "m1"]])


def test_statistics_of_a_metric_of_its_own_are_not_tested(store):
    world = errors_world(dice(), [0.1, 0.3], 50)
    world.examples = {m: [{"votes": r["edits"]} for r in rows] for m, rows in world.examples.items()}
    panel = panel_of(store, world, "wer")
    assert len(panel.tables) == 1
    assert panel.text[1] == (
        "Better checkpoint? Not tested: the metric wer keeps its own statistics, without a formula here."
    )


def test_other_examples_are_not_compared(store):
    world = errors_world(dice(), [0.1, 0.3, 0.3], 50)
    world.examples["m1"] = world.examples["m1"][:40]
    text = " ".join(panel_of(store, world, "wer").text)
    assert "m1, seed 0 was not tested on the same examples" in text


def test_undefined_statistics_leave_their_model_out(store):
    world = errors_world(dice(), [0.1, 0.3, 0.3], 50)
    undefined: Any = None
    world.examples["m2"][3] = {"edits": undefined, "reference_length": 4}
    panel = panel_of(store, world, "wer")
    assert "Left out: m2, seed 0: a statistic of it is undefined or not finite." in " ".join(panel.text)
    assert len(panel.tables[1].rows) == 1


def test_without_examples_nothing_is_said_of_checkpoints(store):
    panel = panel_of(store, seeds_world(dice(), [0, 1], 3))
    assert panel.text[1] == "Better checkpoint? Not tested: m1 has 0 test examples, so there is nothing to compare."


def test_names_from_the_store_are_not_obeyed(store):
    hostile = "<script>alert(1)</script>\x1b[31m\u202e|$&%#_{}" + "x" * 80
    world = seeds_world(dice(), [5, 0], 4)
    world.values = {hostile: world.values["m0"], "b": world.values["m1"]}
    panel = panel_of(store, world)
    assert "\x1b" not in " ".join(panel.text)
    assert "\u202e" not in panel.tables[0].rows[0].cells[1].text
    assert "<script>" not in panel.tables[0].markdown()


def test_the_same_store_gives_the_same_panel(store):
    first = panel_of(store, errors_world(dice(), [0.2, 0.2, 0.25], 120), "wer")
    assert shown_of(store) == first
