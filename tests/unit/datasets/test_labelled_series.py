"""Files of labelled series: .ts, UCI HAR's layout made small, tables in folders and lists; one defect of each kind."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from harness_datasets.series_classification._ts_files import parse_ts
from harness_datasets.series_classification.csv_folder import CsvFolder
from harness_datasets.series_classification.ts_folder import TsFolder
from harness_datasets.series_classification.uci_har import UciHar

from harness.errors import DataError

HEAD = "# made\n@problemName X\n@timeStamps false\n@missing true\n@classLabel true up down\n@data\n"


def test_lengths_missing_values_and_classes_of_a_ts_file_are_exact():
    found = parse_ts(HEAD + "1,2,3:4,?,6:up\n\n7:8:down\n", "x.ts", "train")
    assert found.classes == ("up", "down")
    np.testing.assert_array_equal(found.examples[0].input, [[1, 4], [2, np.nan], [3, 6]])
    assert [(e.id, e.target, e.input.shape) for e in found.examples] == [
        ("train-00000", "up", (3, 2)),
        ("train-00001", "down", (1, 2)),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,2:up\n", "line 1: data before '@data'"),
        ("@problemName X\n", "no '@data' line"),
        (HEAD.replace("timeStamps false", "timeStamps true") + "(0,1):up", "time stamps"),
        (HEAD.replace("@classLabel true up down", "@classLabel false") + "1,2", "names no classes"),
        (HEAD.replace("@classLabel true up down", "@targetLabel true") + "1,2:3", "numbers to predict"),
        (HEAD + "1,2:left\n", "line 7: the class is 'left'"),
        (HEAD + "1,2:1,2,3:up\n", "line 7: its variables have 2 and 3 steps"),
        (HEAD + "1,2:up\n1,x:up\n", "line 8: could not convert"),
        (HEAD + "1,inf:up\n", "infinite"),
        (HEAD + "1:2:up\n1:up\n", "1 and 2 variables"),
        (HEAD, "no series after '@data'"),
    ],
)
def test_a_ts_file_with_a_defect_is_refused_with_its_line(text: str, said: str):
    with pytest.raises(DataError, match=f"x.ts.*{said}"):
        parse_ts(text, "x.ts", "train")


def series(start: int, count: int) -> str:
    return "".join(f"{start + i},1,2:{'up' if i % 2 else 'down'}\n" for i in range(count))


def test_published_halves_and_single_files_are_found_in_a_folder(tmp_path):
    (tmp_path / "A_TRAIN.ts").write_text(HEAD + series(0, 40))
    (tmp_path / "A_TEST.ts").write_text(HEAD + series(100, 6))
    raw = TsFolder(root=tmp_path).read()
    assert (len(raw.train), len(raw.val), len(raw.test)) == (36, 4, 6)
    (tmp_path / "B.ts").write_text(HEAD + series(0, 40))
    with pytest.raises(DataError, match=r"holds A, B. Choose one: task.set=NAME"):
        TsFolder(root=tmp_path).read()
    raw = TsFolder(root=tmp_path, set="B").read()
    assert (len(raw.train), len(raw.val), len(raw.test)) == (32, 4, 4)
    (tmp_path / "A_TEST.ts").unlink()
    with pytest.raises(DataError, match=r"has no A_TEST.ts"):
        TsFolder(root=tmp_path, set="A").read()


@pytest.fixture
def har(tmp_path):
    """Four subjects of training and one of test, two windows each, of 4 steps."""
    root = tmp_path / "UCI HAR Dataset"
    root.mkdir()
    (root / "activity_labels.txt").write_text("1 WALKING\n2 SITTING\n")
    for part, subjects in (("train", [1, 1, 2, 2, 3, 3, 4, 4]), ("test", [5, 5])):
        folder = root / part / "Inertial Signals"
        folder.mkdir(parents=True)
        (root / part / f"y_{part}.txt").write_text("".join(f"{1 + i % 2}\n" for i in range(len(subjects))))
        (root / part / f"subject_{part}.txt").write_text("".join(f"{s}\n" for s in subjects))
        for k, kind in enumerate(("body_acc", "body_gyro", "total_acc")):
            for a, axis in enumerate("xyz"):
                rows = "".join(f"  {i}.0e+00 1 2 {10 * k + a}\n" for i in range(len(subjects)))
                (folder / f"{kind}_{axis}_{part}.txt").write_text(rows)
    return tmp_path


def test_the_published_layout_of_uci_har_is_read_and_divided_by_subject(har):
    raw = UciHar(root=har).read()
    assert raw.labels == ("WALKING", "SITTING")
    assert raw.test[1].input.shape == (4, 9)
    assert raw.test[1].input[:, 5].tolist() == [1.0, 1.0, 2.0, 12.0]  # body_gyro_z
    assert (raw.test[1].target, raw.test[1].source) == ("SITTING", "subject 5")
    assert {one.source for one in raw.train}.isdisjoint(one.source for one in raw.val)
    assert len(raw.train) + len(raw.val) == 8


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("train/y_train.txt", "1\n", "has 8 windows, y_train.txt 1 labels"),
        ("test/y_test.txt", "1\n7\n", "label '7'"),
        ("test/Inertial Signals/body_acc_x_test.txt", "1 2\n1 2 3\n", "differ in length"),
        ("test/Inertial Signals/body_acc_x_test.txt", "1 2\n1 x\n", "could not convert"),
        ("test/Inertial Signals/body_acc_x_test.txt", None, "has no body_acc_x_test.txt"),
    ],
)
def test_a_defect_of_uci_har_is_named(har, file: str, text: str | None, said: str):
    path = har / "UCI HAR Dataset" / file
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(DataError, match=said):
        UciHar(root=har).read()


@pytest.fixture
def walks(tmp_path):
    for label in ("run", "walk"):
        (tmp_path / label).mkdir()
        for i in range(10):
            rows = "".join(f"{i},{t},{len(label)}\n" for t in range(3 + i % 3))
            (tmp_path / label / f"{i}.csv").write_text("ax,ay,az\n" + rows)
    return tmp_path


def test_folders_name_the_classes_of_tables(walks):
    raw = CsvFolder(root=walks).read()
    assert raw.labels == ("run", "walk")
    assert (len(raw.train), len(raw.val), len(raw.test)) == (14, 2, 4)
    one = next(e for e in (*raw.train, *raw.val, *raw.test) if e.id == "walk/4.csv")
    np.testing.assert_array_equal(one.input, [[4, 0, 4], [4, 1, 4], [4, 2, 4], [4, 3, 4]])


def test_a_list_names_labels_and_groups(walks):
    lines = [f"{label}/{i}.csv,{label},p{i % 5}" for label in ("run", "walk") for i in range(10)]
    (walks / "list.csv").write_text("file,label,group\n" + "\n".join(lines))
    raw = CsvFolder(root=walks).read()
    people = [{int(e.id.split("/")[1][0]) % 5 for e in part} for part in (raw.train, raw.val, raw.test)]
    assert sum(map(len, people)) == 5
    assert "group" in raw.notes["split"]
    (walks / "list.csv").write_text("file,label\nrun/0.csv,run\nrun/77.csv,run\n")
    with pytest.raises(DataError, match=r"list.csv, line 3: there is no file 'run/77.csv'"):
        CsvFolder(root=walks).read()


def test_one_class_alone_is_refused(walks):
    shutil.rmtree(walks / "run")
    with pytest.raises(DataError, match=r"has 1 class; a classifier needs two"):
        CsvFolder(root=walks).read()
