"""What is exported can be read back: every value, and none, not a number and infinity apart."""

from __future__ import annotations

import json
import math
import os
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import sqlalchemy as sa

from harness.errors import ConfigError, StoreError
from harness.store import Store, export, schema
from harness.store.records import MetricRow, PredictionRow, SampleRow

TEXT = 'a "quoted" text, with a comma\nand two lines — NULL, nan, 日本'


@pytest.fixture
def filled(store: Store, make_plan, environment, summary) -> Store:
    run_id = store.start(make_plan(config={"nested": {"list": [1, None, "x"]}}), environment, owner_pid=os.getpid())
    values = {1: 0.1 + 0.2, 2: math.nan, 3: math.inf, 4: -math.inf, 5: 5e-324}
    store.log_metrics(run_id, [MetricRow("val/loss", s, v, 0.5, s, 0.25) for s, v in values.items()])
    rows = [PredictionRow("ex-0", TEXT, "", "NULL", {"bleu": [1, 2]})]
    store.finish(run_id, summary, rows, [SampleRow("first", "nan", "", TEXT)])
    store.plan(make_plan("rnn"))
    store.record_incompatible(make_plan("bilstm"), TEXT)
    return store


def read_back(path: Path, table: sa.Table) -> list[dict[str, object]]:
    if path.suffix == ".parquet":
        return pa.parquet.read_table(path).to_pylist()
    kinds = {sa.Integer: pa.int64(), sa.Float: pa.float64(), sa.Boolean: pa.bool_()}
    types = {c.name: next((v for k, v in kinds.items() if isinstance(c.type, k)), pa.string()) for c in table.columns}
    found = pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    return found.to_pylist()


@pytest.mark.parametrize("kind", export.FORMATS)
def test_every_value_comes_back(filled: Store, tmp_path, kind):
    files = {path.stem: path for path in export.export(filled, tmp_path / "out", kind=kind)}
    assert set(files) == set(schema.metadata.tables)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{name}.{kind}" for name in files}
    for table in schema.metadata.sorted_tables:
        with filled.reading() as connection:
            rows = connection.execute(sa.select(table).order_by(*table.primary_key)).all()
        found = read_back(files[table.name], table)
        assert [list(row) for row in found] == [[c.name for c in table.columns]] * len(rows)
        for row, back in zip(rows, found, strict=True):
            for column, value in row._mapping.items():
                got = back[column]
                if isinstance(value, dict | list):
                    assert json.loads(str(got)) == value
                elif value is None and f"{table.name}.{column}" in ("metrics.value", "final_metrics.value"):
                    assert math.isnan(got)
                else:
                    assert got == value, (table.name, column)


@pytest.mark.parametrize("kind", export.FORMATS)
def test_none_and_not_a_number_and_infinity_stay_apart(filled: Store, tmp_path, kind):
    files = {path.stem: path for path in export.export(filled, tmp_path, kind=kind)}
    values = [row["value"] for row in read_back(files["metrics"], schema.metrics)]
    assert repr(values) == repr([0.1 + 0.2, math.nan, math.inf, -math.inf, 5e-324])
    runs = read_back(files["runs"], schema.runs)
    assert [row["primary_value"] for row in runs] == [21.5, None, None]
    assert [row["reason"] for row in runs] == [None, None, TEXT]
    assert [row["environment"] for row in runs][1:] == ["", ""]


def test_the_words_of_a_csv_file(filled: Store, tmp_path):
    export.export(filled, tmp_path)
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines[:4] == [
        "run_id,name,step,value,epoch,examples,seconds",
        '1,"val/loss",1,0.30000000000000004,0.5,1,0.25',
        '1,"val/loss",2,nan,0.5,2,0.25',
        '1,"val/loss",3,inf,0.5,3,0.25',
    ]
    assert '"{""nested"":{""list"":[1,null,""x""]}}"' in (tmp_path / "runs.csv").read_text()


def test_what_cannot_be_exported_is_one_message(filled: Store, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="csv, parquet"):
        export.export(filled, tmp_path, kind="xlsx")
    monkeypatch.setattr(export, "find_spec", lambda name: None if name == "pyarrow" else find_spec(name))
    with pytest.raises(ConfigError, match=r"sequence-harness\[parquet\]"):
        export.export(filled, tmp_path, kind="parquet")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        export.export(filled, tmp_path / "file")
