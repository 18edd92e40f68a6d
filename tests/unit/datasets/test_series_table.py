"""A user's table of times and numbers: what is read, what is said, and what is refused with the line."""

from __future__ import annotations

import numpy as np
import pytest
from harness_datasets.forecasting.series_table import SeriesTable

from harness.errors import DataError, UserError


def read(tmp_path, text, **options):
    (tmp_path / "sales.csv").write_text(text, encoding="utf-8")
    raw = SeriesTable(root=tmp_path / "sales.csv", **options).read()
    parts = [part[0].input for part in (raw.train, raw.val, raw.test)]
    return np.concatenate([p.times for p in parts]), np.concatenate([p.values for p in parts]), raw.notes, parts[0]


def rows(times, values=None, head="when,a,b,shop"):
    lines = [f"{time},{i if values is None else values[i]},{2 * i + 1},x" for i, time in enumerate(times)]
    return "\n".join([head, *lines])


HOURS = [f"2024-03-01T{h:02}:00" for h in range(20)]


def test_rows_are_sorted_and_rows_that_are_not_there_are_missing(tmp_path):
    times, values, notes, first = read(tmp_path, rows([*HOURS[8:], *HOURS[:5]]))
    assert first.names == ("a", "b")
    assert len(times) == 20
    assert np.isnan(values[5:8]).all()
    assert values[8, 0] == 0.0
    assert notes["steps without a row"] == 3
    assert notes["columns not used, which hold no numbers or one"] == "shop"
    assert "sorted" in notes["order"]


def test_months_and_weekdays_are_even_steps(tmp_path):
    months = [f"{2023 + m // 12}-{m % 12 + 1:02}-01" for m in range(14) if m != 4]
    times, values, notes, _ = read(tmp_path, rows(months))
    assert (len(times), notes["step"], notes["steps without a row"]) == (14, "1 months", 1)
    assert np.isnan(values[4]).all()
    days = [str(np.busday_offset("2024-01-01", k)) for k in range(15) if k != 7]
    times, values, notes, _ = read(tmp_path, rows(days))
    assert (len(times), notes["step"], notes["steps without a row"]) == (15, "weekdays", 1)
    assert np.isnan(values[7]).all()


def test_semicolons_decimal_commas_and_zones(tmp_path):
    text = "Zeit;Wert\n" + "\n".join(f"2024-01-01T{h:02}:00+01:00;{h},5" for h in range(12))
    times, values, notes, _ = read(tmp_path, text)
    assert times[0] == np.datetime64("2023-12-31T23:00:00")
    assert values[3, 0] == 3.5
    assert "UTC" in notes["time zone"]


def test_irregular_times_are_refused_with_the_line_or_averaged(tmp_path):
    given = [*HOURS[:10], "2024-03-01T10:07", *HOURS[11:]]
    with pytest.raises(DataError, match=r"line 12: 4020 s after .* step is 3600 s .* task.step=1h"):
        read(tmp_path, rows(given))
    times, values, notes, _ = read(tmp_path, rows(given), step="2h")
    assert len(times) == 10
    assert values[5, 0] == 10.5
    assert notes["rows averaged"] == "20 rows to 10 steps of 7200 s"


@pytest.mark.parametrize(("how", "value"), [("mean", 3.5), ("first", 3.0), ("last", 4.0)])
def test_two_rows_of_one_time_are_refused_or_joined(tmp_path, how: str, value: float):
    given = [*HOURS[:4], HOURS[3], *HOURS[4:]]
    with pytest.raises(DataError, match=r"line 6: the time 2024-03-01T03:00:00 .* line 5 too \(1 such rows\)"):
        read(tmp_path, rows(given))
    times, values, _, _ = read(tmp_path, rows(given), duplicates=how)
    assert len(times) == 20
    assert values[3, 0] == value


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("a,b\n1,2\n3,4\n", {}, "no column of times"),
        ("when,b\n2024-01-01,x\n2024-01-02,y\n", {}, "no column of numbers"),
        (rows([*HOURS[:5], "", *HOURS[6:]]), {}, r"line 7: no time in column 'when' \(1 such rows\)"),
        (rows(HOURS[:4]), {}, "4 times; a series needs at least 10"),
        (rows(HOURS), {"columns": ["c"]}, "column"),
        (rows(HOURS), {"time": "hour"}, "column"),
        ("", {}, "is empty"),
    ],
)
def test_what_is_no_series_is_refused_in_one_sentence(tmp_path, text, options, said):
    with pytest.raises(UserError, match=said):
        read(tmp_path, text, **options)


@pytest.mark.parametrize("wrong", [{"step": "hour"}, {"step": "0h"}, {"val": 0.6, "test": 0.5}])
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=r"task\."):
        SeriesTable(**wrong)
