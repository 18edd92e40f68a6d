"""Committed ratios, and what is worse than they."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from harness.bench.committed import Committed, compare, differences, is_worse, read, write
from harness.bench.comparison import BenchRow
from harness.errors import ConfigError


def row(ratio: float, spread: float = 0.0, better="smaller", name: str = "r") -> BenchRow:
    return BenchRow(name, ratio, spread, 1.0, 2.0, better=better)


@pytest.mark.parametrize(
    ("now", "then", "worse"),
    [
        (row(1.06), row(1.0), True),
        (row(1.04), row(1.0), False),
        (row(1.09, 0.03), row(1.0, 0.02), False),
        (row(1.11, 0.03), row(1.0, 0.02), True),
        (row(0.5), row(1.0), False),
        (row(2.8, better="larger"), row(3.0, better="larger"), True),
        (row(2.8, 0.06, better="larger"), row(3.0, better="larger"), False),
        (row(9.0, better="larger"), row(3.0, better="larger"), False),
        (row(-0.2), row(-0.3), True),
    ],
    ids=[
        "worse",
        "within tolerance",
        "within spreads",
        "beyond all",
        "better",
        "less",
        "less within",
        "more",
        "below 0",
    ],
)
def test_worse_is_beyond_both_spreads_and_the_tolerance(now: BenchRow, then: BenchRow, worse: bool) -> None:
    assert is_worse(now, then) is worse


def test_the_tolerance_can_be_chosen() -> None:
    assert is_worse(row(1.04), row(1.0), tolerance=0.03)
    assert not is_worse(row(1.4), row(1.0), tolerance=0.5)


def test_a_comparison_names_what_is_worse_and_what_is_new() -> None:
    then = Committed({"a": row(1.0, name="a"), "b": row(3.0, better="larger", name="b"), "unasked": row(1.0)})
    found = compare([row(1.0, name="a"), row(2.0, 0.1, "larger", "b"), row(1.0, name="c")], then)
    assert found.compared == 2
    assert (found.new, found.missing) == (["c"], ["unasked"])
    (line,) = found.worse
    assert line.startswith("b: 2.000 ± 0.100, committed 3.000 ± 0.000; larger is better")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    rows = [row(1.5, 0.1), dataclasses.replace(row(2.0, better="larger", name="s"), limit=2.0, unit="bytes")]
    write(tmp_path / "f.json", rows, {"cpu": "one", "threads": 2})
    found = read(tmp_path / "f.json")
    assert list(found.rows.values()) == rows
    assert differences({"cpu": "one", "threads": 2}, found) == []
    assert differences({"cpu": "one", "threads": 1}, found) == ["threads 1 against 2"]


def test_the_printed_array_serves_too_and_fields_of_later_versions_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "array.json"
    file.write_text(json.dumps([dataclasses.asdict(row(1.5)) | {"later": 1}]), encoding="utf-8")
    found = read(file)
    assert found.rows == {"r": row(1.5)}
    assert differences({"cpu": "one"}, found) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file or directory. harness bench --save FILE writes"),
        ("{", "are not JSON"),
        ("3", "contains no rows of harness bench: each needs a, b, name, ratio, spread"),
        ('{"rows": [{"name": "r"}]}', "contains no rows of harness bench"),
    ],
    ids=["missing", "not JSON", "a number", "half a row"],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "f.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read(tmp_path / "f.json")


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--save .*nowhere.*f\.json: cannot be written"):
        write(tmp_path / "nowhere" / "f.json", [], {})
