"""Tables of one's own: which columns are read, how rows are divided, and what is refused."""

from __future__ import annotations

import json

import pytest
from harness_datasets.text_classification.csv_texts import CsvTexts

from harness.errors import DataError, UnknownNameError


def table(rows, header="text;label", separator=";"):
    return "\n".join([header.replace(";", separator), *(separator.join(row) for row in rows), ""])


MANY = [(f"this is review number {n} of many", ("good", "bad")[n % 2]) for n in range(60)]


def written(folder, content, name="reviews.csv"):
    (folder / name).write_text(content)
    return folder / name


def texts(part):
    return {one.input for one in part}


def test_columns_are_found_and_a_tenth_of_each_label_held_out_twice(tmp_path):
    data = CsvTexts(root=written(tmp_path, table(MANY)))
    found = data.read()
    assert [len(part) for part in (found.train, found.val, found.test)] == [48, 6, 6]
    assert sorted(one.target for one in found.test) == ["bad"] * 3 + ["good"] * 3
    assert found.notes["columns"] == "text 'text', label 'label'"
    assert found.notes["classes"] == "2: good 30, bad 30"
    assert "80/10/10 % of each label" in found.notes["split"]
    assert data.label == "csv-reviews"
    assert found.train[0].id == "train-000002"  # the line of the file


def test_copies_stay_in_one_split_and_contrary_labels_are_counted(tmp_path):
    rows = [*MANY, *[(text.upper() + "!", label) for text, label in MANY], (MANY[0][0], "bad")]
    found = CsvTexts(root=written(tmp_path, table(rows))).read()
    assert found.notes["texts that have different labels in different rows"] == 1
    held = {text.lower().rstrip("!") for part in (found.val, found.test) for text in texts(part)}
    assert held.isdisjoint({text.lower().rstrip("!") for text in texts(found.train)})
    assert len(found.train) + len(found.val) + len(found.test) == 121


def test_other_columns_and_formats_by_name(tmp_path):
    rows = [{"body": text, "stars": "12"[n % 2], "mood": label} for n, (text, label) in enumerate(MANY)]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)), "reviews.jsonl")
    found = CsvTexts(root=path, label_column="mood").read()
    assert {one.target for one in found.train} == {"good", "bad"}
    with pytest.raises(UnknownNameError, match=r"no column named 'mod'.*Did you mean 'mood'"):
        CsvTexts(root=path, label_column="mod").read()
    with pytest.raises(DataError, match="cannot be both"):
        CsvTexts(root=path, label_column="body").read()


def test_rows_of_a_group_stay_together_and_no_copy_crosses_groups(tmp_path):
    rows = [(text, label, f"user{n % 10}") for n, (text, label) in enumerate(MANY)]
    rows += [("the same words of everybody", "good", f"user{n}") for n in range(10)]
    found = CsvTexts(root=written(tmp_path, table(rows, "text;label;user"))).read()
    assert found.notes["columns"] == "text 'text', label 'label', group 'user'"
    of = {text: group for text, _, group in rows}
    groups = [{of[text] for text in texts(part)} for part in (found.train, found.val, found.test)]
    copies = {"user9"}  # the last row's, whatever its split
    assert (groups[0] - copies).isdisjoint(groups[1] | groups[2])
    assert sum("the same words of everybody" in texts(part) for part in (found.train, found.val, found.test)) == 1
    assert "whole users" in found.notes["split"]


def test_a_second_file_is_test_and_its_texts_are_left_out_of_training(tmp_path):
    first = written(tmp_path, table(MANY))
    second = written(tmp_path, table([("brand new", "good"), (MANY[3][0], "bad")]), "more.csv")
    data = CsvTexts(root=first, test_file=second)
    found = data.read()
    assert texts(found.test) == {"brand new", MANY[3][0]}
    assert len(found.train) + len(found.val) == 59
    assert "all of task.test_file for test" in found.notes["split"]
    assert data.fingerprint() != CsvTexts(root=first).fingerprint()


def test_a_column_of_splits_is_followed(tmp_path):
    rows = [(text, label, "Test" if n < 10 else "train") for n, (text, label) in enumerate(MANY)]
    found = CsvTexts(root=written(tmp_path, table(rows, "text;label;split"))).read()
    assert texts(found.test) == {text for text, _ in MANY[:10]}
    assert len(found.val) == 6
    assert "as column 'split' says; 10% of each training label" in found.notes["split"]


def test_rows_without_a_text_or_a_label_are_left_out_and_counted(tmp_path):
    rows = [*MANY, ("", "good"), ("a text without label", "NA")]
    found = CsvTexts(root=written(tmp_path, table(rows))).read()
    assert found.notes["rows left out, without a text or a label"] == "2, the first on line 62"


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            table([("a good one", "x"), ("a bad one", "y")]),
            {},
            "2 rows with a text and a label, too few to hold any out",
        ),
        (
            table([("1", "2"), ("3", "4")], "a;b"),
            {},
            "No column of .*reviews.csv looks like a text.*Its columns are a, b",
        ),
        (
            table([(f"a text of words {n}", f"unlike any {n}") for n in range(30)]),
            {"label_column": "label"},
            r"Column 'label' of .* has 30 different values in 30 rows, too many for labels",
        ),
        ("", {}, "is empty"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path, content, options, message):
    path = written(tmp_path, content)
    with pytest.raises(DataError, match=message):
        CsvTexts(root=path, **options).read()


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match=r"task\.root=FILE"):
        CsvTexts().read()
    with pytest.raises(DataError, match="does not exist"):
        CsvTexts(root=tmp_path / "no.csv").read()
    with pytest.raises(DataError, match=r"test texts does not exist.*task\.test_file"):
        CsvTexts(root=written(tmp_path, table(MANY)), test_file=tmp_path / "no.csv").read()
