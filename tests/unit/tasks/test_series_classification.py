"""Series with a class: encoding, gaps, and nearest neighbours against a plain dynamic time warping."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from harness_datasets.series_classification.bumps import CLASSES, Bumps
from harness_tasks.labelled_series import with_validation
from harness_tasks.series._labelled_series import LabelledSeriesEncoder, SeriesScale, jitter
from harness_tasks.series._neighbours import warping_distances
from harness_tasks.series_classification import SeriesClassification

from harness.contract.metric import aggregate
from harness.contract.raw import RawExample
from harness.errors import DataError


def plain_warping(x: np.ndarray, y: np.ndarray) -> float:
    table = np.full((len(x) + 1, len(y) + 1), np.inf)
    table[0, 0] = 0.0
    for i in range(len(x)):
        for j in range(len(y)):
            least = min(table[i, j], table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = ((x[i] - y[j]) ** 2).sum() + least
    return float(table[-1, -1])


def test_distances_of_unequal_series_equal_those_of_a_plain_table():
    draw = np.random.default_rng(0)
    one = [draw.normal(size=(n, 2)) for n in (3, 7, 5)]
    two = [draw.normal(size=(n, 2)) for n in (4, 1, 6, 7)]
    wanted = [[plain_warping(x, y) for y in two] for x in one]
    np.testing.assert_allclose(warping_distances(one, two), wanted, rtol=1e-9)


def test_baselines_know_their_classes():
    task = SeriesClassification(dataset=Bumps.of_few())
    data = task.setup()
    examples = [data.test[i] for i in range(len(data.test))]
    found = {
        b.name: aggregate(task.metrics, task.evaluate(b.predict(data, 0), examples))["accuracy"]
        for b in task.baselines()
    }
    assert found["most_frequent"] == 25.0
    assert found["nearest_warped"] > 50.0  # bumps that moved a little
    assert set(found) == {"most_frequent", "nearest_statistics", "nearest_warped"}


def test_a_series_is_scaled_by_training_and_its_gaps_are_filled_from_before(tmp_path):
    scale = SeriesScale.fit([np.array([[0.0, 5.0], [2.0, np.nan]]), np.array([[4.0, 5.0]])])
    assert scale.means == (2.0, 5.0)
    assert scale.deviations[1] == 1.0  # it does not vary
    encoder = LabelledSeriesEncoder(scale, ("a", "b"))
    encoder.save(tmp_path)
    again = LabelledSeriesEncoder.load(tmp_path)
    found = again.encode(np.array([[np.nan, 6.0], [4.0, np.nan], [np.nan, 7.0]]))
    high = 2.0 / scale.deviations[0]
    np.testing.assert_allclose(found, [[0.0, 1.0], [high, 1.0], [high, 2.0]], rtol=1e-6)
    assert again.encode_target("b") == 1


def test_a_table_is_a_series_and_what_is_none_is_refused(tmp_path):
    encoder = LabelledSeriesEncoder(SeriesScale((0.0, 0.0), (1.0, 1.0)), ("a", "b"))
    (tmp_path / "walk.csv").write_text("x;y\n1,5;2\n3;4\n", encoding="utf-8")
    np.testing.assert_array_equal(encoder.encode(tmp_path / "walk.csv"), [[1.5, 2.0], [3.0, 4.0]])
    (tmp_path / "words.csv").write_text("x,y\na,b\nc,d\n", encoding="utf-8")
    for wrong, said in (
        (str(tmp_path / "words.csv"), "no column of numbers"),
        (np.zeros((3, 5)), r"shape \(3, 5\)"),
        (np.zeros((0, 2)), r"shape \(0, 2\)"),
        (7, "not int"),
    ):
        with pytest.raises(DataError, match=said):
            encoder.encode(wrong)
    with pytest.raises(DataError, match="no class 'c'"):
        encoder.encode_target("c")


def test_series_of_other_variables_are_refused_by_name(monkeypatch: pytest.MonkeyPatch):
    raw = Bumps.of_few().read()
    raw.test = [*raw.test[:3], RawExample("odd", np.zeros((4, 3)), CLASSES[0])]
    monkeypatch.setattr(Bumps, "read", lambda self: raw)
    with pytest.raises(DataError, match="'odd' has 3 variables and 'train-00000' has 2"):
        SeriesClassification(dataset=Bumps()).setup()


def test_jitter_moves_values_as_much_as_it_says_and_nothing_else():
    example = SeriesClassification(dataset=Bumps.of_few()).setup().train[0]
    example = replace(example, input=np.zeros((400, 2), dtype=np.float32))
    varied = jitter(0.3)(example, torch.Generator().manual_seed(1))
    assert varied.input.std() == pytest.approx(0.3, rel=0.1)
    assert (varied.id, varied.target) == (example.id, example.target)
    with pytest.raises(ValueError, match=r"task\.jitter"):
        SeriesClassification(jitter=-1.0)


def test_validation_takes_a_share_of_each_class_or_whole_groups():
    examples = [RawExample(str(i), np.full((2, 1), float(i)), "ab"[i % 2]) for i in range(80)]
    train, val, rule = with_validation(examples, 0.2)
    assert (len(train), len(val)) == (64, 16)
    assert sum(one.target == "a" for one in val) == 8
    assert "20% of each class" in rule
    groups = [str(i // 8) for i in range(80)]
    train, val, rule = with_validation(examples, 0.2, groups, "subject")
    assert {int(one.id) // 8 for one in train}.isdisjoint(int(one.id) // 8 for one in val)
    assert len(val) == 16
    assert "whole subjects" in rule
