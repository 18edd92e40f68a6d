"""What the report says across tasks: which results enter, what few tasks and seeds allow, hostile names."""

from __future__ import annotations

import math
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from harness.report import across
from harness.report.across.grid import select
from harness.report.load import load
from harness.report.standing import judge

TASKS = ("translation", "text_generation", "speech_recognition", "action_recognition")
BETTER = {"translation": 1, "text_generation": -1, "speech_recognition": -1, "action_recognition": 1}
SKILL = {"lstm": 3.0, "rnn": 1.0, "cnn_lstm": 2.0}


def fill(store, made_up, tasks=TASKS, models=SKILL, seeds=3, **settings):
    """Every model the better the more skill it has, seeds apart by less."""
    for task in tasks:
        for model, skill in models.items():
            for seed in range(seeds):
                value = 50 + BETTER[task] * (10 * skill + seed)
                made_up.done(store, made_up.plan(task, model, seed, **settings), value=value)


def shown(store):
    data = load(store)
    headings = [f"{c.task} {i}" for i, c in enumerate(data.comparisons)]
    colours = {label: i for i, label in enumerate(data.models)}
    return across.panels(data, headings, colours, [judge(None, c) for c in data.comparisons])


def grid_of(store):
    data = load(store)
    return select(data, [f"{c.task} {i}" for i, c in enumerate(data.comparisons)])


def words(panels):
    return "\n".join(t for p in panels for t in [p.title, *p.text])


def table(panels, name):
    return next(t for p in panels for t in p.tables if t.name == name)


def test_ranks_follow_the_declared_direction(store, made_up):
    fill(store, made_up)
    ranks = table(shown(store), "across-ranks")
    assert [r.header.text for r in ranks.rows] == ["lstm", "cnn_lstm", "rnn"]
    assert [[c.value for c in r.cells] for r in ranks.rows] == [[1.0] * 5, [2.0] * 5, [3.0] * 5]


def test_every_part_is_there_with_names_of_its_own(filled):
    panels = shown(filled)
    names = [p.name for p in panels] + [t.name for p in panels for t in p.tables]
    names += [f.name for p in panels for f in p.figures]
    assert len(names) == len(set(names))
    assert {
        "across-ranks", "across-critical-difference", "across-scores", "across-normalisation", "across-profiles",
        "across-improvement", "across-improvement-chart", "across-columns", "across-left-out",
    } <= set(names)  # fmt: skip
    for figure in (f for p in panels for f in p.figures):
        ElementTree.fromstring(figure.svg)
        assert figure.png.startswith(b"\x89PNG")
        assert figure.caption
        assert figure.alt


def test_models_without_a_result_somewhere_are_named_with_the_reason(filled, made_up):
    panels = shown(filled)
    left_out = {r.header.text: r.cells[0].text for r in table(panels, "across-left-out").rows}
    assert set(left_out) == {"rnn", "bilstm"}
    assert "speech_recognition" in left_out["rnn"]
    assert "the training loss became nan" in left_out["rnn"]
    assert made_up.reason in left_out["bilstm"]
    assert "rnn, bilstm" in words(panels)
    assert {"rnn", "bilstm"}.isdisjoint(r.header.text for r in table(panels, "across-ranks").rows)


@pytest.mark.parametrize("number", [0, 1])
def test_one_task_is_not_compared_across_tasks(store, made_up, number):
    fill(store, made_up, TASKS[:number])
    store.plan(made_up.plan("translation", "lstm", 9))
    assert shown(store) == []


def test_one_model_is_not_compared(store, made_up):
    fill(store, made_up, models={"lstm": 1.0})
    assert shown(store) == []


def test_nothing_is_concluded_from_two_tasks(store, made_up):
    fill(store, made_up, TASKS[:2])
    panels = shown(store)
    assert "Nothing can be concluded from 2 tasks" in words(panels)
    assert "3 models need at least 3 tasks" in words(panels)
    assert "told apart" not in words(panels).lower()
    assert "No bars" in next(p for p in panels if p.name == "across-ranks-panel").figures[0].caption


def test_four_tasks_cannot_tell_two_models_apart_and_three_models_can(store, made_up):
    fill(store, made_up, models={"lstm": 3.0, "rnn": 1.0})
    said = words(shown(store))
    assert "Cannot be decided with 4 tasks and 2 models" in said
    assert "p would be 0.12. At least 6 tasks are needed" in said
    fill(store, made_up, models={"cnn_lstm": 2.0})
    said = words(shown(store))
    assert "lstm before rnn (p = 0.0046)" in said  # (3 * 2) ** -3
    assert "cnn_lstm before" not in said


def test_one_seed_has_no_interval_and_the_words_say_so(store, made_up):
    fill(store, made_up, seeds=1)
    panels = shown(store)
    assert "No model has an interval, which needs 3 seeds on every task; some results are of one seed" in words(panels)
    assert "±" not in words(panels)
    assert [r.cells[0].half_width for r in table(panels, "across-scores").rows] == [None] * 3
    assert all(r.cells[2].value is None for r in table(panels, "across-improvement").rows)
    assert "there is no interval" in next(f for p in panels for f in p.figures if f.name == "across-profiles").caption


def test_a_model_with_fewer_seeds_has_no_interval_and_the_others_keep_theirs(store, made_up):
    fill(store, made_up, models={"lstm": 3.0, "rnn": 1.0})
    fill(store, made_up, models={"cnn_lstm": 2.0}, seeds=2)
    panels = shown(store)
    half_widths = {r.header.text: r.cells[0].half_width for r in table(panels, "across-scores").rows}
    assert half_widths["cnn_lstm"] is None
    assert half_widths["lstm"] > 0
    assert "Not all models have an interval" in words(panels)
    assert "± is half the 95 % interval" in words(panels)


def test_three_seeds_have_intervals_within_their_task_alone(store, made_up):
    fill(store, made_up)
    panels = shown(store)
    for row in table(panels, "across-scores").rows:
        assert 0 < row.cells[0].half_width < 0.2  # seeds differ by a twentieth of the scale, models by a half
    note = table(panels, "across-improvement").footnotes
    assert note == ["All pairs of seeds agree on every task; resampling them cannot say how sure that is."]


def test_runs_under_other_conditions_are_never_mixed_in(store, made_up):
    fill(store, made_up)
    before = [(t.task, t.values) for t in grid_of(store).tasks]
    for model, skill in (("lstm", 1.0), ("rnn", 9.0)):
        for seed in range(6):
            plan = made_up.plan("translation", model, seed, budget="seconds:600")
            made_up.done(store, plan, value=10 * skill)
            made_up.done(store, made_up.plan("translation", model, seed), value=0.0, environment=made_up.elsewhere)
    panels = shown(store)
    assert [(t.task, t.values) for t in grid_of(store).tasks] == before
    reasons = [r.cells[0].text for r in table(panels, "across-left-out").rows]
    assert reasons == ["other conditions of a task that enters as “translation 0”"] * 2


def test_data_sets_of_one_task_are_columns_of_their_own(store, made_up):
    fill(store, made_up)
    fill(store, made_up, TASKS[:1], dataset="another", salt="another")
    panels = shown(store)
    assert len(table(panels, "across-ranks").columns) == 6
    assert "translation: several data sets of one task enter" in words(panels)


def test_a_metric_without_a_direction_does_not_enter(store, made_up):
    fill(store, made_up)
    for model in SKILL:
        plan = made_up.plan("translation", model, dataset="odd", salt="odd")
        units = {"bleu": {"unit": "", "higher_is_better": None}}
        plan = replace(plan, primary={"name": "bleu", **units["bleu"]}, units=units)
        made_up.done(store, plan, value=1.0)
    assert ("translation 1", "the direction of its primary metric is not declared") in grid_of(store).left_out


@pytest.mark.parametrize("value", [math.inf, math.nan], ids=["infinite", "nan"])
def test_results_that_are_no_numbers_are_left_out_by_name(store, made_up, value):
    fill(store, made_up)
    for task in TASKS:
        made_up.done(store, made_up.plan(task, "bilstm"), value=value if task == "translation" else 50.0)
    grid = grid_of(store)
    assert "bilstm" not in grid.models
    assert ("bilstm", "translation 0: runs of it diverged or exceeded a limit") in grid.left_out
    assert shown(store)


@pytest.mark.parametrize("value", [1e308, -1e308, 1e-308, 1e200], ids=["most", "least", "tiny", "huge"])
@pytest.mark.filterwarnings("error")
def test_numbers_at_the_edge_are_only_numbers(store, made_up, value):
    for task in TASKS[:3]:
        for model, factor in (("lstm", 1.0), ("rnn", 0.5), ("cnn_lstm", -0.25)):
            made_up.done(store, made_up.plan(task, model), value=value * factor)
    panels = shown(store)
    assert len(table(panels, "across-ranks").rows) == 3
    assert not any("nan" in t.csv() for p in panels for t in p.tables)


def test_the_column_with_the_fewest_models_goes_where_nothing_is_shared(store, made_up):
    fill(store, made_up, TASKS[:3])
    fill(store, made_up, TASKS[3:], models={"bilstm": 1.0, "stacked_lstm": 2.0})
    grid = grid_of(store)
    assert [t.task for t in grid.tasks] == list(TASKS[:3])
    assert grid.models == ("lstm", "rnn", "cnn_lstm")
    left_out = dict(grid.left_out)
    assert left_out["action_recognition 3"] == "too few of the models that have results elsewhere have one here"
    assert left_out["2 other models or configurations"] == "not run under the conditions that enter"


def test_without_two_shared_models_it_says_why_nothing_is_compared(store, made_up):
    fill(store, made_up, TASKS[:1])
    fill(store, made_up, TASKS[1:2], models={"bilstm": 1.0, "stacked_lstm": 2.0})
    (panel,) = shown(store)
    assert "no two models have a result on all of translation 0, text_generation 1" in panel.text[0]


def test_equal_models_have_no_scale_and_an_even_chance(store, made_up):
    for task in TASKS:
        for model in SKILL:
            for seed in range(3):
                made_up.done(store, made_up.plan(task, model, seed), value=20.0 + seed)
    panels = shown(store)
    assert "Every model has the same mean on every task" in words(panels)
    assert [r.cells[1].value for r in table(panels, "across-improvement").rows] == [0.5] * 3
    assert [r.cells[0].value for r in table(panels, "across-ranks").rows] == [2.0] * 3
    assert "No two models can be told apart" in words(panels)


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "latex": r"\input{/etc/passwd} $x_1$ & 5 % #",
    "right-to-left": "\u202eمودل\u202c\x1b[31m\x07",
    "long": "name" * 2500,
}


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_hostile_names_are_shown_harmlessly(store, made_up, name):
    fill(store, made_up, models={name: 3.0, "rnn": 1.0, "lstm": 2.0})
    panels = shown(store)
    assert table(panels, "across-ranks").rows[0].header.text[:60] == name[:60]  # the store cuts long names
    assert len(words(panels)) < 10_000
    for figure in (f for p in panels for f in p.figures):
        ElementTree.fromstring(figure.svg)
        for part in (figure.svg, figure.inline):
            assert "<script" not in part
            assert "\u202e" not in part
            assert "\x1b" not in part
            assert "namename" * 20 not in part


def test_the_same_store_gives_the_same_bytes(filled):
    one, two = shown(filled), shown(filled)
    assert [[t.csv() for t in p.tables] for p in one] == [[t.csv() for t in p.tables] for p in two]
    assert [[(f.svg, f.png, f.inline) for f in p.figures] for p in one] == [
        [(f.svg, f.png, f.inline) for f in p.figures] for p in two
    ]


def test_many_models_are_drawn_in_part_and_listed_in_full(store, made_up):
    models = {f"m{i:02}": float(i) for i in range(20)}
    fill(store, made_up, TASKS[:3], models=models, seeds=1)
    panels = shown(store)
    assert len(table(panels, "across-ranks").rows) == 20
    assert len(table(panels, "across-improvement").rows) == 190
    captions = {f.name: f.caption for p in panels for f in p.figures}
    assert "Of 20 models, the 16 ranked first are drawn" in captions["across-critical-difference"]
    assert "175 more pairs in the table only" in captions["across-improvement-chart"]


def test_win_rates_count_rivals_and_tasks_and_what_is_shown(store, made_up):
    for task in TASKS[:2]:
        for model, values in {"lstm": [9.0, 9.1, 9.2], "rnn": [1.0, 1.1, 1.2], "bilstm": [8.0, 9.0, 10.0]}.items():
            for seed, value in enumerate(values):
                made_up.done(store, made_up.plan(task, model, seed), value=value)
    wins = table(shown(store), "across-wins")
    found = {r.header.text: [c.text for c in r.cells] for r in wins.rows}
    place = [c.title for c in wins.columns].index("against rnn")
    assert sorted(row[place] for row in found.values() if row[place]) in (
        ["0 of 2 (0)", "1 of 2 (1)"],
        ["1 of 2 (1)"] * 2,
    )
    assert sum(r.cells[0].value for r in wins.rows) / 3 == pytest.approx(0.5)
