"""Answers as files of other tools: what those tools compute from the files is what the metrics say."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import sacrebleu

from harness.contract import hypotheses
from harness.contract.batch import Example
from harness.contract.hypotheses import AnsweredText
from harness.contract.metric import Prediction, aggregate
from harness.metrics.tagging import SPAN_F1
from harness.metrics.translation import BLEU
from harness.targets import BUILT_IN, ClassTarget, CTCTarget, ForecastTarget, TaggingTarget, TokenSequenceTarget

SENTENCES = [
    AnsweredText("a", "ein Hund", ("a dog runs over the grass",), "a dog runs over grass"),
    AnsweredText("b", "zwei Männer", ("two men talk", "two people talk"), "two men talk"),
    AnsweredText("c", "", ("",), "an\nanswer"),
]


def test_lines_stay_aligned_whatever_the_texts_hold() -> None:
    files = hypotheses.lines(SENTENCES)
    assert set(files) == {"ids.txt", "hypotheses.txt", "references.txt", "references.2.txt"}
    assert {content.count("\n") for content in files.values()} == {3}
    assert files["hypotheses.txt"].splitlines()[2] == "an answer"
    assert files["references.2.txt"].splitlines() == ["", "two people talk", ""]


def test_bleu_of_the_files_is_the_metric() -> None:
    files = hypotheses.lines(SENTENCES[:2])
    answers, right = (files[name].splitlines() for name in ("hypotheses.txt", "references.txt"))
    rows = []
    for one in SENTENCES[:2]:
        example = Example(one.id, None, np.zeros(1, dtype=np.int64), one.references[:1])
        rows.append({"bleu": BLEU.statistics(Prediction(one.id, [1], one.text), example)})
    assert aggregate((BLEU,), rows)["bleu"] == sacrebleu.corpus_bleu(answers, [right]).score


def test_spans_of_the_columns_are_those_of_the_metric() -> None:
    found = [
        AnsweredText("a", "turn on the lamp", ("O O B-x I-x",), "O O B-x I-x"),
        AnsweredText("b", "", ("B-x O",), "O B-x"),
    ]
    rows = [
        [line.split(" ") for line in sentence.splitlines()]
        for sentence in hypotheses.columns(found)["columns.txt"].split("\n\n")
        if sentence.strip()
    ]
    assert [[row[0] for row in sentence] for sentence in rows] == [["turn", "on", "the", "lamp"], ["_", "_"]]
    statistics = []
    for one, sentence in zip(found, rows, strict=True):
        right, answered = (" ".join(row[k] for row in sentence) for k in (1, 2))
        example = Example(one.id, None, np.zeros(1, dtype=np.int64), (right,))
        statistics.append({"span_f1": SPAN_F1.statistics(Prediction(one.id, [], answered), example)})
    assert aggregate((SPAN_F1,), statistics)["span_f1"] == 50.0  # one of two spans, by hand


def test_a_table_and_captions_are_read_back() -> None:
    table = list(
        csv.DictReader(io.StringIO(hypotheses.table([AnsweredText("x,1", "", ('a "b"',), "c")])["predictions.csv"]))
    )
    assert table == [{"id": "x,1", "reference": 'a "b"', "hypothesis": "c"}]
    files = {name: json.loads(content) for name, content in hypotheses.captions(SENTENCES[:2]).items()}
    assert [row["caption"] for row in files["references.json"]["annotations"]] == [
        "a dog runs over the grass",
        "two men talk",
        "two people talk",
    ]
    assert [row["image_id"] for row in files["results.json"]] == ["a", "b"]


def test_each_kind_of_answer_has_the_files_of_its_tools(tmp_path: Path) -> None:
    names = {
        target.name: set(target.hypothesis_files(SENTENCES[:1], tmp_path))
        for target in BUILT_IN
        if target not in (TaggingTarget, ForecastTarget)
    }
    assert names[ClassTarget.name] == {"predictions.csv"}
    assert "hypotheses.trn" in names[CTCTarget.name]
    assert "results.json" in TokenSequenceTarget.hypothesis_files(SENTENCES, tmp_path)
    assert all(names.values())
