"""The dot plot: every value is drawn, the axis breaks only where a value is far off, and the words have all numbers."""

from __future__ import annotations

import itertools
import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report import scores
from harness.report.figures.dots import DotRow, dot_plot
from harness.report.figures.pieces import PieceAxis, in_pieces
from harness.report.figures.scatter import Level
from harness.report.load import load
from harness.report.panels import Panel, PanelContext
from harness.store import Store

SVG = "{http://www.w3.org/2000/svg}"


def axis_of(*models: list[float]) -> PieceAxis:
    return in_pieces([(f"m{i}", v) for i, values in enumerate(models) for v in values])


@pytest.mark.parametrize(
    ("models", "pieces"),
    [
        ([[1.0, 1.1], [2.0, 2.1], [3.0, 3.1]], 1),
        ([[30.0, 30.1], [29.0, 29.3], [4.0, 4.1]], 2),  # one far below
        ([[30.0], [29.0], [300.0]], 2),  # one far above
        ([[30.0], [29.0], [300.0], [-500.0]], 3),  # on either side
        ([[30.0, 30.1, 30.2], [4.0, 4.1, 4.2]], 1),  # two models: there is no rest that a break would help
        ([[5.0, 5.0], [5.0, 5.0]], 1),
        ([[5.0], [5.0], [80.0]], 1),  # the rest has no spread to be seen
        ([[7.0]], 1),
        ([[30.0, 29.8, 2.0], [29.0, 28.8, 28.9]], 2),  # a single seed
    ],
)
def test_the_axis_breaks_only_where_the_rest_could_not_be_told_apart(models: list[list[float]], pieces: int) -> None:
    axis = axis_of(*models)
    assert len(axis.pieces) == pieces
    assert not axis.log


def test_values_over_many_orders_have_a_logarithmic_axis() -> None:
    assert axis_of([1.0], [1.5], [30.0], [1_000.0], [50_000.0]).log
    assert not axis_of([-1.0], [1.5], [30.0], [1_000.0], [50_000.0]).log


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6), min_size=1, max_size=8))
def test_every_value_has_a_place_and_their_order_is_kept(models: list[list[float]]) -> None:
    axis = axis_of(*models)
    values = sorted(v for model in models for v in model)
    places = [axis.at(v) for v in values]
    assert all(0 <= place <= 1 for place in places)
    assert all(one <= two for one, two in itertools.pairwise(places))
    for value in values:  # none is moved to an edge
        assert any(piece.low <= value <= piece.high for piece in axis.pieces)
    marks = [place for place, _ in axis.marks()]
    assert marks == sorted(marks)


def test_every_seed_is_a_dot_and_every_lost_one_a_cross() -> None:
    row = DotRow("lstm", 0, (1.0, 2.0, 3.0), 2.0, 0.5, ("diverged", "failed"), not_run=1)
    figure = dot_plot("d", [row], [Level("copy", 0.5)], title="BLEU", caption="Caption.", alt="Words.")
    root = ET.fromstring(figure.svg)
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert "1 diverged, 1 failed, 1 not run" in texts
    assert "copy 0.500" in texts
    uses = [sum(1 for _ in group.iter(f"{SVG}use")) for group in root.iter(f"{SVG}g")]
    assert 3 in uses
    assert 2 in uses


def test_a_broken_axis_is_said_and_seen() -> None:
    rows = [DotRow(f"m{i}", i, (v,), v) for i, v in enumerate((30.0, 29.0, 1.0))]
    figure = dot_plot("d", rows, [], title="BLEU", caption="Caption.", alt="Words.")
    assert "The axis is broken" in figure.caption
    plain = dot_plot("d", rows[:2], [], title="BLEU", caption="Caption.", alt="Words.")
    assert plain.caption == "Caption."
    assert figure.svg.count("#d5d9de") > plain.svg.count("#d5d9de")


@pytest.mark.parametrize(("models", "seeds"), [(1, 1), (2, 50), (40, 3)])
def test_any_number_of_models_and_seeds_can_be_drawn(models: int, seeds: int) -> None:
    dice = np.random.default_rng(0)
    rows = [
        DotRow(f"model {i}", i, values, float(np.mean(values)))
        for i in range(models)
        for values in [tuple(dice.normal(size=seeds).tolist())]
    ]
    figure = dot_plot("d", rows, [], title="BLEU", caption="Caption.", alt="Words.")
    drawn = [e.text for e in ET.fromstring(figure.svg).iter(f"{SVG}text")]
    assert {f"model {i}" for i in range(models)} <= set(drawn)


# -- in the report -----------------------------------------------------------------------------------


def panel_of(store: Store, task: str) -> Panel:
    data = load(store)
    comparison = next(c for c in data.comparisons if c.task == task)
    context = PanelContext.judged(store, comparison, "t-scores", {m: i for i, m in enumerate(data.models)})
    (panel,) = scores.panels(context)
    return panel


def test_models_are_ordered_and_the_words_have_every_number(filled: Store) -> None:
    data = load(filled)
    comparison = next(c for c in data.comparisons if c.task == "translation")
    (figure,) = panel_of(filled, "translation").figures
    said = re.findall(r"(\w+): mean", figure.alt)
    assert said[0] == "attention_lstm"
    assert said[-1] == "rnn"
    numbers = {float(text) for text in re.findall(r"\d+\.\d+", figure.alt)}
    values = [r.primary_value for r in comparison.finished if r.primary_value is not None]
    for value in [*values, 14.31]:
        assert any(abs(value - shown) <= 0.005 for shown in numbers), value


def test_unstable_models_have_crosses_and_no_mean(filled: Store) -> None:
    (figure,) = panel_of(filled, "speech_recognition").figures
    (said,) = re.findall(r"rnn: ([^.]*)\.", figure.alt.replace("lstm", ""))
    assert re.fullmatch(r"\d+ diverged", said)
    assert "Crosses are seeds without a score" in figure.caption


def test_differences_are_from_the_best_model_in_the_unit(filled: Store) -> None:
    (table,) = panel_of(filled, "translation").tables
    assert table.columns[1].note == "BLEU"
    assert table.rows[0].header.text == "attention_lstm"
    assert table.rows[0].cells[1].text == "–"
    for row in table.rows[1:]:
        assert row.cells[1].value is not None
        assert row.cells[1].value < 0
    assert [row.header.text for row in table.rows if row.tag == "baseline"] == ["copy_nearest"]


def test_without_a_score_there_is_no_panel(store: Store, made_up: Any) -> None:
    store.plan(made_up.plan("translation", "lstm"))
    comparison = load(store).comparisons[0]
    assert scores.panels(PanelContext.judged(store, comparison, "s", {"lstm": 0})) == []
