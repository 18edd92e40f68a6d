"""Figures: the same every time, harmless, whole where values are not, and with marks that can be told apart."""

from __future__ import annotations

import io
import itertools
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from harness.report import figures, learning
from harness.report.figures import scales
from harness.report.figures.curves import MOST, along_axis
from harness.report.figures.dots import DotRow, dot_plot
from harness.report.figures.groups import Spread, over_ranges, over_rows
from harness.report.figures.labels import place_labels
from harness.report.figures.scatter import Level, Point, near, pareto_front, scatter
from harness.report.figures.steps import over_steps
from harness.report.load import load
from harness.report.panels import PanelContext
from harness.report.sections import compose
from harness.report.statistics import Band

SVG = "{http://www.w3.org/2000/svg}"


def band(mean: list[float], width: float = 0.5, seeds: int = 3) -> Band:
    values = np.array(mean)
    steps = np.arange(1, len(mean) + 1) * 100.0
    return Band(steps, steps * 0.03, values, values - width, values + width, seeds, steps * 32)


def curves(
    bands: dict[str, Band], name: str = "a-figure", x: str = "steps", higher: bool | None = True
) -> figures.Figure:
    numbers = {label: i for i, label in enumerate(bands)}
    return figures.learning_curves(
        name, bands, numbers, x=x, metric="validation BLEU", unit="", higher_is_better=higher, caption="Caption."
    )


def dots(points: list[Point], name: str = "dots", levels: Sequence[Level] = ()) -> figures.Figure:
    front = pareto_front(points, higher_is_better=True)
    titles = ("parameters", "BLEU")
    return scatter(name, points, front, near(points, levels), titles=titles, caption="Caption.", alt="Words.")


def texts_of(figure: figures.Figure) -> list[str]:
    return [element.text or "" for element in ET.fromstring(figure.svg).iter(f"{SVG}text")]


def assert_whole(figure: figures.Figure) -> None:
    """A file that can be read, a picture, words, and nothing but numbers where numbers belong."""
    root = ET.fromstring(figure.svg)
    for element in root.iter():
        for key in ("d", "x", "y", "transform"):
            assert not re.search(r"\b(nan|inf)", element.get(key, ""), re.IGNORECASE)
    picture = Image.open(io.BytesIO(figure.png))
    assert picture.size[0] > 700
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 3  # something is drawn
    assert figure.alt
    assert figure.caption


EVERY_KIND = {
    "curves": lambda label, v: curves({label: band([1.0, v, 3.0]), "gru": band([1.0, 2.0, v])}),
    "scatter": lambda label, v: dots([Point(label, 0, 10.0, v, 1.0, v), Point("gru", 1, 900.0, 3.0, v, 0.2)]),
    "levels": lambda label, v: dots([Point("gru", 1, 900.0, 3.0, v, 0.2)], levels=[Level(label, v), Level(label, 3.1)]),
    "ranges": lambda label, v: over_ranges(
        "r", [label, "3–4"], {label: [Spread(v, v, v), Spread(1, 0, 2)]}, {label: 0}, titles=("words", "BLEU"),
        caption="Caption.", alt="Words.",
    ),
    "steps": lambda label, v: over_steps(
        "r", [1, 2], {label: [Spread(v, 0, v), Spread(1, 0, 2)], "baseline": [Spread(v, v, v), Spread(1, 0, 2)]},
        {label: 0, "baseline": -1}, titles=("steps", "MSE"), caption="Caption.", alt="Words.",
    ),
    "dots": lambda label, v: dot_plot(
        "r", [DotRow(label, 0, (1.0, v, 3.0), v, v, ("diverged",)), DotRow("gru", 1, (2.0,), 2.0, 0.5)],
        [Level(label, v), Level("low", 1.0)], title="BLEU", caption="Caption.", alt="Words.",
    ),
    "rows": lambda label, v: over_rows(
        "r", [label, "open"], {label: [Spread(v, 0, v), Spread(1, 0, 2)]}, {label: 0}, title="accuracy",
        caption="Caption.", alt="Words.",
    ),
}  # fmt: skip
HOSTILE = {
    "markup": '<script>alert(1)</script><!-- --> ]]> & "quotes" id="x" url(#y)',
    "latex": r"$\frac{1}{0}$ \begin{x} 100% _a_ ^b^",
    "right-to-left": "\u202eevil\u202c שלום عربى",
    "control": "a\0b\x1b[31mc\x7f\nd\te\ud800f",
    "no-glyph": "模型 \U0001f600",
    "long": "x" * 10_000,
    "empty": "",
}


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_names_are_shown_harmlessly(kind: str, hostile: str):
    figure = EVERY_KIND[kind](HOSTILE[hostile], 2.0)
    assert_whole(figure)
    assert not re.search(r"<script|<!--|[\0-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", figure.svg + figure.inline)
    assert max(map(len, texts_of(figure))) <= 64


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 0.0])
def test_values_that_cannot_be_drawn_do_not_break_a_figure(kind: str, value: float):
    assert_whole(EVERY_KIND[kind]("lstm", value))


def test_figures_without_any_finite_value():
    assert_whole(curves({"lstm": band([math.nan, math.nan])}))
    assert_whole(dots([Point("lstm", 0, math.nan, math.inf)]))


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_the_same_values_give_the_same_bytes(kind: str):
    one, two = EVERY_KIND[kind]("lstm", 2.0), EVERY_KIND[kind]("lstm", 2.0)
    assert (one.svg, one.png, one.inline, one.alt) == (two.svg, two.png, two.inline, two.alt)


def test_the_copy_for_the_page_takes_its_colours_from_the_page_and_asks_for_nothing():
    figure = curves({f"model {i}": band([1.0, 2.0 + i]) for i in range(8)})
    assert "var(--series-7)" in figure.inline
    assert not re.search(r"#[0-9a-f]{6}\b", figure.inline)
    assert not re.search(r"https?:|xlink|xmlns|url\((?!#)|href=\"(?!#)", figure.inline)
    assert "DejaVu" not in figure.inline


def test_ids_of_figures_on_one_page_differ_and_lead_somewhere():
    drawn = [curves({f"model {i}": band([1.0, 2.0 + i]) for i in range(8)}, name=name).inline for name in ("a", "b")]
    for text in drawn:
        used = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', text))
        assert {one or other for one, other in used} <= set(re.findall(r'\bid="([^"]*)"', text))
    ids = re.findall(r'\bid="([^"]*)"', "".join(drawn))
    assert len(ids) == len(set(ids)) > 6


def test_the_file_has_a_white_background_and_the_copy_for_the_page_none():
    figure = curves({"lstm": band([1.0, 2.0])})
    root = ET.fromstring(figure.svg)
    (paper,) = [g for g in root.iter(f"{SVG}g") if g.get("id") == "paper"]
    assert "#ffffff" in paper[0].get("style", "")
    assert 'id="paper"' not in figure.inline
    assert "var(--paper)" not in figure.inline


def test_coordinates_are_shortened_and_texts_are_not():
    figure = curves({"lr=0.0001234567": band([1.0, 2.0, 3.0])})
    assert "lr=0.0001234567" in texts_of(figure)
    bare = re.sub(r">[^<]*<", "><", figure.svg)
    assert not re.search(r"\.\d{3,}", bare[bare.index("<svg") :].replace("http://www.w3.org", ""))


def test_a_curve_against_examples_stands_at_the_examples():
    one = band([1.0, 2.0])
    assert along_axis(one, "examples").tolist() == [3200.0, 6400.0]
    shown = texts_of(curves({"lstm": one}, x="examples"))
    assert "training examples" in shown
    assert "6.4 k" not in shown  # marks are round numbers
    assert "6\u202f000" in shown


def test_times_on_an_axis_have_a_unit_that_suits_them():
    long = Band(np.array([1.0, 2.0]), np.array([3600.0, 36000.0]), *(np.array([1.0, 2.0]),) * 3, 1)
    assert "training time, hours" in texts_of(curves({"lstm": long}, x="seconds"))
    assert "training time, seconds" in texts_of(curves({"lstm": band([1.0, 2.0])}, x="seconds"))


def test_the_words_of_learning_curves_say_who_ends_best():
    bands = {"rnn": band([1.0, 5.0]), "lstm": band([0.0, 9.0]), "gru": band([0.0, 8.6])}
    alt = curves(bands).alt
    assert alt.index("lstm 9.000") < alt.index("gru 8.600") < alt.index("rnn 5.000")
    assert "from best to worst" in alt
    assert "overlap" in alt
    lower = curves(bands, higher=False).alt
    assert lower.index("rnn 5.000") < lower.index("gru 8.600") < lower.index("lstm 9.000")
    assert "do not touch" in lower


def test_curves_of_two_points_are_marked():
    bands = {"lstm": band([1.0, 2.0, 3.0]), "gru": band([1.0, 2.0])}
    some = curves(bands)
    assert "Only two validations or fewer: gru;" in some.caption
    assert some.alt.endswith("Only two validations or fewer: gru.")
    assert "stroke-width: 0.8" in some.svg
    assert "Only two validations or fewer: every curve;" in curves({"gru": bands["gru"]}).caption
    plain = curves({"lstm": bands["lstm"]})
    assert "validations" not in plain.caption + plain.alt


def test_more_curves_than_a_figure_can_hold_are_those_that_end_best():
    bands = {f"model-{i}": band([0.0, float(i)]) for i in range(MOST + 4)}
    figure = curves(bands)
    assert f"Of {MOST + 4} curves, the {MOST} that end best are drawn." in figure.caption
    shown = texts_of(figure)
    assert f"model-{MOST + 3}" in shown
    assert "model-3" not in shown


def test_one_early_outlier_does_not_flatten_a_loss():
    figure = curves({"lstm": band([900.0, 3.0, 2.5, 2.2, 2.1, 2.0, 1.9, 1.8], width=0.0)}, higher=False)
    assert {"1.8", "2.0", "2.2"} <= set(texts_of(figure))


def test_sixty_four_series_can_be_told_apart():
    assert len({(figures.colour(i), figures.marker(i)) for i in range(64)}) == 64
    assert figures.dash(0) != figures.dash(8)


def test_series_colours_stand_out_from_white():
    def luminance(colour: str) -> float:  # WCAG 2.2, relative luminance
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert all(1.05 / (luminance(c) + 0.05) >= 4 for c in figures.PALETTE)


# -- scales ------------------------------------------------------------------------------------------

NUMBERS = st.floats(-1e12, 1e12).filter(lambda v: v == 0 or abs(v) > 1e-6)


@given(NUMBERS, NUMBERS)
@example(20.001, 20.002)
@example(0.0, 12_345.0)
def test_neighbouring_marks_are_named_differently(one: float, two: float):
    low, high = sorted((one, two))
    if high - low <= 1e-6 * max(abs(low), abs(high), 1e-6):
        return
    places = scales.marks(low, high)
    assert all(low <= place <= high for place in places)
    named = scales.texts(places)
    assert len(set(named)) == len(places)


@given(st.floats(1e-6, 1e12), st.floats(1.01, 1e9))
def test_marks_of_a_logarithmic_axis_lie_on_it(low: float, factor: float):
    places = scales.log_marks(low, low * factor)
    assert places == sorted(set(places))
    assert all(low <= place <= low * factor for place in places)
    assert 1 <= len(places) <= 8


@given(st.lists(st.floats(), max_size=8), st.booleans())
def test_limits_hold_every_value_that_can_be_drawn(values: list[float], log: bool):
    log = log and scales.spreads(values)
    low, high = scales.limits(values, log=log)
    assert low < high
    assert math.isfinite(low)
    assert math.isfinite(high)
    assert all(low <= v <= high for v in scales.finite(values) if not log or v > 1e-150)


@pytest.mark.parametrize(
    ("places", "named"),
    [
        ([0.0, 10_000.0, 20_000.0], ["0", "10 k", "20 k"]),
        ([0.0, 0.5, 1.0], ["0.0", "0.5", "1.0"]),
        ([-2.0, 0.0, 2.0], ["−2", "0", "2"]),
        ([0.0, 2.5e6, 5e6], ["0", "2.5 M", "5.0 M"]),
        ([1e-5, 2e-5], ["1e−05", "2e−05"]),
    ],
)
def test_marks_are_named_as_people_write_numbers(places: list[float], named: list[str]):
    assert scales.texts(places) == named


# -- scatter -----------------------------------------------------------------------------------------

PLANE = st.tuples(st.integers(0, 6), st.integers(0, 6))


@given(st.lists(PLANE, min_size=1, max_size=12), st.booleans())
def test_the_front_is_what_no_other_point_beats(places: list[tuple[int, int]], higher: bool):
    points = [Point(str(i), i, x, y) for i, (x, y) in enumerate(places)]
    sign = 1 if higher else -1

    def beats(a: Point, b: Point) -> bool:
        return a.x <= b.x and sign * a.y >= sign * b.y and (a.x < b.x or sign * a.y > sign * b.y)

    expected = {p.text for p in points if not any(beats(q, p) for q in points)}
    front = pareto_front(points, higher_is_better=higher)
    assert {p.text for p in front} == expected
    assert [p.x for p in front] == sorted(p.x for p in front)


def test_points_that_are_not_finite_are_on_no_front():
    points = [Point("a", 0, 1.0, math.nan), Point("b", 1, math.inf, 3.0), Point("c", 2, 2.0, 1.0)]
    assert [p.text for p in pareto_front(points, higher_is_better=True)] == ["c"]


@given(st.lists(st.tuples(st.floats(0, 4.4), st.floats(0, 2.5)), min_size=1, max_size=9))
def test_names_beside_points_meet_nothing(points: list[tuple[float, float]]):
    texts = [f"model_{i}" for i in range(len(points))]
    places = place_labels(points, texts, (4.4, 2.55))
    if places is None:  # then they stand in a key
        return
    width, height = 0.58 * 9.5 / 72 * 7, 1.15 * 9.5 / 72
    boxes = [(x, y - height / 2, x + width, y + height / 2) for x, y in places]
    for one, two in itertools.combinations(boxes, 2):
        assert one[2] <= two[0] or two[2] <= one[0] or one[3] <= two[1] or two[3] <= one[1]
    for (x0, y0, x1, y1), (x, y) in itertools.product(boxes, points):
        assert not (x0 < x < x1 and y0 < y < y1)


def test_names_stand_beside_distant_points_and_in_a_key_under_crowded_ones():
    apart = dots([Point("lstm", 0, 1.0, 1.0), Point("gru", 1, 9.0, 9.0)])
    crowded = dots([Point(f"model {i}", i, 5.0, 5.0) for i in range(12)])
    for figure, points in ((apart, 2), (crowded, 12)):
        assert sum("lstm" in t or "gru" in t or "model" in t for t in texts_of(figure)) == points
    assert Image.open(io.BytesIO(crowded.png)).size[1] > Image.open(io.BytesIO(apart.png)).size[1]


def test_a_wide_spread_of_costs_is_drawn_on_a_logarithmic_axis():
    wide = texts_of(dots([Point("a", 0, 1e3, 1.0), Point("b", 1, 1e6, 2.0)]))
    narrow = texts_of(dots([Point("a", 0, 1e5, 1.0), Point("b", 1, 3e5, 2.0)]))
    assert {"10 k", "100 k"} <= set(wide)
    assert {"100 k", "200 k", "300 k"} <= set(narrow)


# -- in the report -----------------------------------------------------------------------------------


def test_learning_curves_stand_against_steps_examples_and_seconds(filled):
    data = load(filled)
    comparison = next(c for c in data.comparisons if c.task == "translation")
    numbers = {label: i for i, label in enumerate(data.models)}
    context = PanelContext.judged(filled, comparison, "translation", numbers)
    made = list(learning.curves(context, "bleu").values())
    assert [f.name for f in made] == [f"translation-bleu-by-{x}" for x in ("steps", "examples", "seconds")]
    for figure, words in zip(made, ("optimizer steps", "training examples", "training time, seconds"), strict=True):
        assert words in texts_of(figure)
        assert f"against {words}" in figure.alt
    assert learning.curves(context, "nothing") == {}


def test_curves_of_runs_under_other_conditions_are_never_in_one_figure(store, made_up):
    for model, budget in (("rnn", "seconds:30"), ("lstm", "seconds:30"), ("gru", "epochs:3")):
        made_up.done(store, made_up.plan("translation", model, budget=budget))
    made_up.done(store, made_up.plan("translation", "cnn_lstm"), environment=made_up.elsewhere)
    data = load(store)
    numbers = {label: i for i, label in enumerate(data.models)}
    contexts = [PanelContext.judged(store, c, "t", numbers) for c in data.comparisons]
    drawn = [learning.curves(context, "bleu", ["seconds"])["seconds"] for context in contexts]
    models = [{m for m in data.models if m in texts_of(figure)} for figure in drawn]
    assert sorted(models, key=len) == [{"gru"}, {"cnn_lstm"}, {"rnn", "lstm"}]


def test_times_of_contended_runs_are_marked_under_the_curves(filled):
    data = load(filled)
    comparison = next(c for c in data.comparisons if c.task == "translation")
    numbers = {label: i for i, label in enumerate(data.models)}
    for entry in comparison.entries[:2]:
        busy = replace(entry.finished[0].summary, machine={"contended": True})
        entry.finished[0] = replace(entry.finished[0], summary=busy)
    drawn = learning.curves(PanelContext.judged(filled, comparison, "t", numbers), "bleu", ["steps", "seconds"])
    assert "Contended: 2 runs, whose times are too long" in drawn["seconds"].caption
    assert "Contended" not in drawn["steps"].caption


def test_every_figure_of_a_report_is_whole_and_has_a_name_of_its_own(filled):
    made = compose(filled, load(filled)).figures()
    assert len({f.name for f in made}) == len(made) > 20
    for figure in made:
        assert_whole(figure)
        assert len(figure.alt) > 30
