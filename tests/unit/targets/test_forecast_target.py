"""Forecasts: quantiles against numpy, levels that are added, variables that share weights, and what is drawn."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch

from harness.config.run_options import TrainerSettings
from harness.contract.batch import Example
from harness.contract.metric import Prediction
from harness.contract.signature import TaskSignature
from harness.contract.specs import FrameInput
from harness.errors import DataError
from harness.metrics.forecasting import CRPS, MAE, MASE, MSE, SMAPE, ForecastExample, VariableScales
from harness.nn.network import Network
from harness.targets import ForecastTarget
from harness.testing.reference import ReferenceModel

QUANTILES = (0.1, 0.5, 0.8)
DRAW = torch.Generator().manual_seed(0)


def network(target: ForecastTarget, features: int) -> Network:
    torch.manual_seed(0)
    signature = TaskSignature("forecasting", FrameInput, ForecastTarget, 1)
    options = TrainerSettings(embedding_dim=8)
    return Network(ReferenceModel(), signature, FrameInput(features), target, options).eval()


def forecasts(net: Network, inputs: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        outputs, lengths, _ = net(inputs, torch.full((len(inputs),), inputs.shape[1]))
    assert lengths.shape == (len(inputs),)
    assert outputs.shape == net.target.output_shape(len(inputs), inputs.shape[1])
    return outputs


def test_a_higher_level_is_a_higher_forecast_and_nothing_else():
    net = network(ForecastTarget(3, 2, level=True), 5)
    inputs = torch.randn(4, 6, 5, generator=DRAW)
    higher = inputs.clone()
    higher[..., -2:] += torch.tensor([1.0, -3.0])
    moved = forecasts(net, higher) - forecasts(net, inputs)
    torch.testing.assert_close(moved[..., 0], torch.tensor([1.0, -3.0]).expand(4, 3, 2))


def test_separate_variables_are_forecast_alike_wherever_they_stand():
    net = network(ForecastTarget(3, 2, level=True, separate=True, quantiles=QUANTILES, patch=2), 8)
    inputs = torch.randn(4, 6, 8, generator=DRAW)
    turned = inputs[..., [2, 3, 0, 1, 4, 5, 7, 6]]
    torch.testing.assert_close(forecasts(net, turned), forecasts(net, inputs).flip(2))
    other = inputs.clone()
    other[..., 2:4] = 9.0
    torch.testing.assert_close(forecasts(net, other)[:, :, 0], forecasts(net, inputs)[:, :, 0])
    assert net.encode(inputs, torch.full((4,), 6)).features.shape[:2] == (4, 6)


def test_the_loss_of_quantiles_is_twice_the_mean_pinball_loss():
    target = ForecastTarget(3, 2, quantiles=QUANTILES)
    outputs, truth = torch.randn(5, 3, 2, 3, generator=DRAW), torch.randn(5, 3, 2, generator=DRAW)
    lengths = torch.full((5,), 3)
    found = target.loss_rows(outputs, lengths, truth, lengths)
    wanted = np.zeros(5)
    for k, q in enumerate(QUANTILES):
        error = (truth - outputs[..., k]).numpy()
        wanted += 2 / 3 * np.where(error >= 0, q * error, (q - 1) * error).sum((1, 2))
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5)
    answer = np.array(target.answers(outputs, lengths, None)[0].output)  # type: ignore[arg-type]
    assert (np.diff(answer, axis=-1) >= 0).all()  # they do not cross


@pytest.mark.parametrize("wrong", [(0.1, 0.9), (0.5, 0.1), (0.0, 0.5), (0.5, 0.5)])
def test_quantiles_that_do_not_ascend_or_lack_the_median_are_refused(wrong: tuple[float, ...]):
    with pytest.raises(ValueError, match="quantiles are"):
        ForecastTarget(3, 2, quantiles=wrong)


SCALES = VariableScales(np.array([10.0, 0.0]), np.array([2.0, 5.0]), np.array([0.5, 0.25]), QUANTILES)


def test_scaled_percentage_and_quantile_errors_equal_their_formulas():
    draw = np.random.default_rng(1)
    truth, output = draw.normal(size=(6, 4, 2)), draw.normal(size=(6, 4, 2, 3))
    examples = [ForecastExample(str(i), None, t, scales=SCALES) for i, t in enumerate(truth)]
    predictions = [Prediction(str(i), o.tolist()) for i, o in enumerate(output)]
    point = output[..., 1]

    def value(metric):
        return metric.aggregate([metric.statistics(p, e) for p, e in zip(predictions, examples, strict=True)])

    assert value(MSE) == pytest.approx(((point - truth) ** 2).mean())
    assert value(MASE) == pytest.approx((np.abs(point - truth) / [0.5, 0.25]).mean())
    y, f = truth * [2, 5] + [10, 0], point * [2, 5] + [10, 0]
    assert value(SMAPE) == pytest.approx((200 * np.abs(f - y) / (np.abs(f) + np.abs(y))).mean())
    total = sum(
        np.maximum(q * (truth - output[..., k]), (q - 1) * (truth - output[..., k])).mean()
        for k, q in enumerate(QUANTILES)
    )
    assert value(CRPS) == pytest.approx(2 * total / 3)
    predictions = [Prediction(str(i), o.tolist()) for i, o in enumerate(point)]
    assert value(CRPS) == pytest.approx(np.abs(point - truth).mean())  # of a point: the absolute error


def test_zero_for_zero_is_no_percentage_error():
    example = ForecastExample("a", None, np.zeros((1, 2)), scales=VariableScales(np.zeros(2), np.ones(2), np.ones(2)))
    assert SMAPE.statistics(Prediction("a", [[0.0, 1.0]]), example)["percentage_error"] == 200.0


def test_windows_are_drawn_in_units_of_the_data():
    target = ForecastTarget(2, 1, ("heat",), (10.0,), (2.0,), ("°C",), QUANTILES, level=True)
    given = np.array([[0.0, 0.5], [1.0, 0.5]], dtype=np.float32)  # the variable less its level, the level
    examples = [Example(f"e{i}", given, np.array([[1.0], [2.0]], dtype=np.float32)) for i in range(6)]
    answer = [[[0.0, 1.0, 2.0]], [[1.0, 2.0, 3.0]]]
    chart = target.charts([Prediction(e.id, answer) for e in examples], examples)["forecasts"]
    assert chart["quantiles"] == list(QUANTILES)
    assert len(chart["windows"]) == 4
    (drawn,) = chart["windows"][0]["variables"]
    assert drawn == {
        "name": "heat",
        "unit": "°C",
        "past": [11.0, 13.0],
        "truth": [12.0, 14.0],
        "forecast": [[10.0, 12.0, 14.0], [12.0, 14.0, 16.0]],
    }
    assert target.text(answer) == "heat 12.00, 14.00 °C"


@pytest.mark.parametrize("quantiles", [(), QUANTILES])
def test_exported_forecasts_are_in_units_of_the_data_and_give_the_stored_score(
    quantiles: tuple[float, ...], tmp_path: Path
):
    draw = np.random.default_rng(4)
    target = ForecastTarget(3, 2, ("heat", "a, b"), (10.0, -1.0), (2.0, 5.0), ("°C", ""), quantiles)
    truth = draw.normal(size=(5, 3, 2)).astype(np.float32)
    output = np.sort(draw.normal(size=(5, 3, 2, *((3,) if quantiles else ()))).astype(np.float32), -1)
    examples = [Example(f"w{i}", None, t) for i, t in enumerate(truth)]
    predictions = [Prediction(e.id, o.tolist()) for e, o in zip(examples, output, strict=True)]
    (tmp_path / "forecasts.npz").write_bytes(target.answer_files(predictions, examples)["forecasts.npz"])
    files = {name: "".join(content) for name, content in target.hypothesis_files([], tmp_path).items()}
    table = pandas.read_csv(io.StringIO(files["forecasts.csv"]))
    assert list(table.columns[5:]) == [f"q{q:g}" for q in quantiles]
    first = table[(table.window == "w0") & (table.step == 1)].set_index("variable")
    assert first.truth.to_dict() == pytest.approx(
        {"heat": 10 + 2 * float(truth[0, 0, 0]), "a, b": -1 + 5 * float(truth[0, 0, 1])}
    )
    table = table.merge(pandas.read_csv(io.StringIO(files["scales.csv"])), on="variable")
    errors = (table.forecast - table.truth) / table.sd
    rows = [(MSE.statistics(p, e), MAE.statistics(p, e)) for p, e in zip(predictions, examples, strict=True)]
    assert (errors**2).mean() == pytest.approx(MSE.aggregate([a for a, _ in rows]), rel=1e-6)
    assert errors.abs().mean() == pytest.approx(MAE.aggregate([b for _, b in rows]), rel=1e-6)


def test_forecasts_whose_folder_is_elsewhere_or_damaged_are_not_exported(tmp_path: Path):
    with pytest.raises(DataError, match="is not here"):
        ForecastTarget.hypothesis_files([], tmp_path)
    (tmp_path / "forecasts.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match="is damaged"):
        ForecastTarget.hypothesis_files([], tmp_path)
