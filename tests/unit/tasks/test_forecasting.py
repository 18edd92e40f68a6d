"""Windows of a series: which there are, what they hold, gaps, what is known ahead, and forecasts without a network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from harness_datasets.forecasting._tables import on_grid
from harness_datasets.forecasting.waves import Waves
from harness_tasks.forecasting import Forecasting, WindowLevel
from harness_tasks.series.calendar import calendar, cycles_for
from harness_tasks.series.series import DAY, Series, filled, season_of
from harness_tasks.series.window_encoder import ForecastEncoder
from harness_tasks.time_series import in_parts

from harness.contract.dataset import RawData
from harness.contract.metric import aggregate
from harness.contract.task import TaskData
from harness.data.splitting import Shares, in_time_order
from harness.errors import ConfigError, DataError

ROWS = 200


@dataclass
class Given(Waves):
    """A series that a test makes."""

    values: Any = field(default=None, hash=False)
    names: Any = ("a", "b")

    def read(self) -> RawData:
        times = np.datetime64("2020-01-01", "s") + np.arange(len(self.values)) * np.timedelta64(3600, "s")
        series = Series(tuple(self.names), np.asarray(self.values, dtype=float), times)
        return in_parts(series, in_time_order(len(series), Shares(0.2, 0.2)))


def values(rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(0).normal(5, 2, (rows, 2)).cumsum(0)


def task(given: np.ndarray | None = None, names: tuple[str, ...] = ("a", "b"), **options: Any) -> Forecasting:
    options = {"lookback": 10, "horizon": 4, **options}
    return Forecasting(dataset=Given(values=values() if given is None else given, names=names), **options)


def forecast_rows(data: TaskData, name: str) -> list[int]:
    """First rows that are forecast."""
    split = getattr(data, name)
    hours = [np.datetime64(split[i].id) - np.datetime64("2020-01-01") for i in range(len(split))]
    return [int(h / np.timedelta64(1, "h")) for h in hours]


def test_every_window_is_there_and_no_value_is_forecast_in_two_splits():
    data = task().setup()
    assert forecast_rows(data, "train") == list(range(10, 117))  # the first has a past, the last ends with training
    assert forecast_rows(data, "val") == list(range(120, 157))  # looks back into training
    assert forecast_rows(data, "test") == list(range(160, 197))
    assert forecast_rows(task(stride=5, eval_stride=4).setup(), "test") == list(range(160, 197, 4))


def test_windows_stand_in_blocks_as_long_as_a_window_of_which_only_neighbours_share_steps():
    data = task().setup()  # a window has 14 rows
    blocks: dict[str, list[int]] = {}
    for i, row in enumerate(forecast_rows(data, "test")):
        blocks.setdefault(data.test[i].block, []).append(row)
    assert [(rows[0], len(rows)) for rows in blocks.values()] == [(160, 14), (174, 14), (188, 9)]


def test_scales_are_those_of_training_and_targets_are_the_values_that_followed():
    raw = values()
    data = task().setup()
    mean, deviation = raw[:120].mean(0), raw[:120].std(0)
    assert data.target_spec.means == pytest.approx(mean)
    example = data.test[3]
    np.testing.assert_allclose(example.target * deviation + mean, raw[163:167], rtol=1e-5)
    level = (raw[162] - mean) / deviation
    np.testing.assert_allclose(example.input[:, -2:], np.tile(level, (10, 1)), rtol=1e-5)
    np.testing.assert_allclose(example.input[:, :2] + level, (raw[153:163] - mean) / deviation, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("level", list(WindowLevel))
@pytest.mark.parametrize(("known", "patch"), [(None, 1), (["b"], 1), (["b"], 5)])
def test_a_raw_window_is_encoded_to_the_last_bit_as_its_example(
    level: WindowLevel, known: list[str] | None, patch: int, tmp_path
):
    holes = values()
    holes[30:32, 0] = np.nan
    made = task(holes, level=level, known=known, patch=patch, quantiles=[0.1, 0.5, 0.9])
    data = made.setup()
    data.preprocessing.save(tmp_path)
    again = made.load_preprocessing(tmp_path)
    for name in ("train", "test"):
        raw, split = made.raw_examples(name), getattr(data, name)
        gathered = split.gather(np.arange(len(split)), 0, 0)
        for index in (0, len(split) - 1):
            example = again.example(raw[index])
            assert (example.id, example.input.tobytes()) == (split[index].id, split[index].input.tobytes())
            assert example.target.tobytes() == split[index].target.tobytes()
            assert gathered.inputs[index].tobytes() == example.input.tobytes()


def test_what_is_known_ahead_is_seen_a_horizon_before_its_time():
    raw = values()
    data = task(raw, known=["b"], calendar=False, level="none").setup()
    scaled = (raw - raw[:120].mean(0)) / raw[:120].std(0)
    np.testing.assert_allclose(data.test[0].input[:, 1], scaled[150:160, 1], rtol=1e-5)
    np.testing.assert_allclose(data.test[0].input[:, 2], scaled[154:164, 1], rtol=1e-5)
    with pytest.raises(ConfigError, match=r"task.lookback is 3, task.horizon 4"):
        task(known=["b"], lookback=3).setup()


def test_a_patch_holds_consecutive_steps_of_each_variable():
    whole, patched = task(calendar=False).setup(), task(calendar=False, patch=5).setup()
    example, other = whole.test[3], patched.test[3]
    assert other.input.shape == (2, 2 * 5 + 2)
    np.testing.assert_array_equal(other.input[0, :10], np.concatenate([example.input[:5, 0], example.input[:5, 1]]))
    np.testing.assert_array_equal(patched.target_spec.past(other.input), whole.target_spec.past(example.input))
    with pytest.raises(ConfigError, match=r"task.lookback is 10; it must be a multiple of task.patch, which is 3"):
        task(patch=3).setup()


def test_short_gaps_of_the_past_are_filled_from_before_and_no_gap_is_ever_forecast():
    column = np.array([[np.nan], [1.0], [np.nan], [np.nan], [4.0], [np.nan], [np.nan], [np.nan]])
    wanted = [np.nan, 1, 1, 1, 4, 4, 4, np.nan]
    np.testing.assert_array_equal(filled(column, 2)[:, 0], wanted)
    holes = values()
    holes[165, 0] = np.nan
    holes[180:186, 1] = np.nan
    data = task(holes).setup()
    rows = forecast_rows(data, "test")
    assert not any(start <= 165 < start + 4 for start in rows)
    assert not any(start <= 183 <= start + 3 or start - 10 <= 183 < start for start in rows)
    assert 166 in rows  # its past has a gap of one hour
    assert data.notes["test windows left out, which have a gap"] == 37 - len(rows)


@pytest.mark.parametrize("wrong", [{"targets": ["c"]}, {"known": ["c"]}, {"known": ["a"], "targets": ["a"]}])
def test_variables_that_do_not_exist_or_play_two_parts_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ConfigError, match=r"variable of data set|stands in task.targets and in task.known"):
        task(**wrong).setup()


def test_a_series_too_short_for_a_window_is_refused():
    with pytest.raises(DataError, match=r"The train part .* has 18 rows and no whole window of 10 \+ 40 steps"):
        task(values(30), horizon=40).setup()


@pytest.mark.parametrize("given", [{"horizon": 0}, {"lookback": 1}, {"quantiles": [0.1, 0.9]}, {"fill": -1}])
def test_options_out_of_range_are_refused(given: dict[str, Any]):
    with pytest.raises(ValueError, match=r"task\."):
        task(**given)


def test_new_sources_are_series_or_arrays_and_others_are_refused():
    data = task(calendar=False).setup()
    encoder = data.preprocessing
    assert isinstance(encoder, ForecastEncoder)
    np.testing.assert_array_equal(encoder.encode(values()[:160]), data.test[0].input)
    for wrong, said in (
        (["a.csv"], "not list"),
        ("a.csv", "does not exist"),
        (np.zeros((20, 3)), "2 variables"),
        (np.zeros((5, 2)), "at least 10"),
    ):
        with pytest.raises(DataError, match=said):
            encoder.encode(wrong)
    with pytest.raises(DataError, match="reads the calendar"):
        task().setup().preprocessing.encode(values())
    with pytest.raises(DataError, match="no variable 'b'"):
        encoder.encode(Series(("a",), np.zeros((20, 1)), np.arange(20).astype("datetime64[s]")))


def test_baselines_repeat_the_last_value_and_the_season_and_the_linear_one_finds_a_linear_law():
    hours = np.arange(ROWS)
    wave = np.stack([np.sin(2 * np.pi * hours / 8), np.cos(2 * np.pi * hours / 8)], axis=1) + 0.01 * hours[:, None]
    made = task(wave, season=8)
    data = made.setup()
    by_name = {baseline.name: baseline.predict(data, 0) for baseline in made.baselines()}
    scaled = (wave - wave[:120].mean(0)) / wave[:120].std(0)
    np.testing.assert_allclose(by_name["repeat_last"][0].output, np.tile(scaled[159], (4, 1)), rtol=1e-5)
    np.testing.assert_allclose(by_name["seasonal_naive"][0].output, scaled[152:156], rtol=1e-5, atol=1e-9)
    examples = [data.test[i] for i in range(len(data.test))]
    assert [p.id for p in by_name["linear"]] == [e.id for e in examples]
    scores = aggregate(made.metrics, made.evaluate(by_name["linear"], examples))
    assert scores["mse"] < 1e-4
    seasonal = aggregate(made.metrics, made.evaluate(by_name["seasonal_naive"], examples))
    assert seasonal["mase"] == pytest.approx(1.0)  # the rise of a season, in training and in test alike


def test_the_calendar_has_the_cycles_that_a_step_sees_and_knows_the_day():
    assert cycles_for(3600) == ("day", "week", "year")
    assert cycles_for(DAY) == ("week", "year")
    assert cycles_for(30 * DAY) == ("year",)
    monday = np.array(["2024-01-01T00:00:00", "2024-01-01T06:00:00"], dtype="datetime64[s]")
    np.testing.assert_allclose(calendar(monday, ("day", "week")), [[0, 1, 0, 1], [1, 0, 0, 1]], atol=1e-7)
    assert [season_of(step) for step in (600, 3600, DAY, 7 * DAY, 31 * DAY, 365 * DAY)] == [144, 24, 7, 52, 12, 1]


def test_rows_that_are_not_there_are_missing_values_on_an_even_grid():
    times = np.array(["2024-01-01T00", "2024-01-01T01", "2024-01-01T03"], dtype="datetime64[s]")
    grid, made, added = on_grid(times, np.array([[1.0], [2.0], [4.0]]))
    assert added == 1
    assert np.diff(grid).astype(int).tolist() == [3600, 3600, 3600]
    np.testing.assert_array_equal(made[:, 0], [1, 2, np.nan, 4])


def test_the_name_of_the_data_says_horizon_and_form():
    assert task().dataset_name == "waves.4.multivariate"
    assert replace(task(), targets=["a"]).dataset_name == "waves.4.univariate"
