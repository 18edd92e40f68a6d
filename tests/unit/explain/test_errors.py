"""`harness explain errors`: the worst examples and confusions of stored predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.config import compose, to_settings
from harness.config.identity import run_plan
from harness.errors import UserError
from harness.explain.error_page import error_page
from harness.explain.errors import Confusion, clusters, explain_errors, stored_rows
from harness.store import Store
from harness.training import execute as executing

SMALL = (
    *("model.hidden_size=8", "trainer.embedding_dim=8", "trainer.validations=1", "trainer.device=cpu"),
    *("trainer.latency_s=0.01", "trainer.checkpoint_every_s=3600", "budget=steps:2"),
)


def trained(results: Path, *words: str) -> Path:
    settings = to_settings(compose([*words, *SMALL]), threads=1)
    plan = run_plan(settings)
    with Store.open(f"sqlite:///{results}/store.db") as store:
        executing.execute(settings, plan, store=store, results=results)
    return results / "runs" / plan.key


def rewritten(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """The run's folder with other predictions, which no checksum covers."""
    plain = {"source": "", "others": []}
    (folder / "predictions.jsonl").write_text("".join(json.dumps({**plain, **row}) + "\n" for row in rows))
    return folder


def of_class(number: int, right: str, said: str, confidence: float) -> dict[str, Any]:
    correct = int(right == said)
    return {
        "example_id": f"e{number}",
        "reference": right,
        "output": said,
        "statistics": {
            "accuracy": {"correct": correct},
            "macro_f1": {"predicted": 0 if correct else 1, "actual": 0},
            "calibration_error": {"bin": int(confidence * 15), "confidence": confidence, "correct": correct},
        },
    }


def test_the_most_confident_errors_of_a_classifier_come_first(harness: Any, tmp_path: Path) -> None:
    folder = trained(
        tmp_path / "results", "task=text_classification", "task.dataset=colours", "model=lstm", "task.eval_limit=12"
    )
    assert len(stored_rows(folder / "predictions.jsonl")) == 12
    rows = [
        *(of_class(n, "red", "red", 0.9) for n in range(4)),
        *(of_class(n, "red", "blue", 0.5 + n / 100) for n in range(4, 9)),
        of_class(9, "blue", "red", 0.2),
        of_class(10, "green", "blue", 0.4),
    ]
    found = explain_errors(rewritten(folder, rows), worst=3)
    assert (found.by.name, found.examples, found.perfect, found.of, found.errors) == ("accuracy", 11, 4, "classes", 7)
    assert [one.row.example_id for one in found.worst] == ["e8", "e7", "e6"]
    assert found.confusions == (Confusion("red", "blue", 5), Confusion("blue", "red", 1), Confusion("green", "blue", 1))
    page = error_page(found)
    assert "red → blue" in page.sections[0].figures[0].svg
    assert "7 errors of classes" in page.html()
    code, out, err = harness("explain", "errors", str(folder), "--out", str(tmp_path / "a"), "--worst", "3")
    assert (code, err) == (0, "")
    assert "4 of 11 examples have the highest score that any has" in out
    printed = json.loads(harness("explain", "errors", str(folder), "--json", "--worst", "3")[1])
    assert printed == json.loads((tmp_path / "a" / "errors.json").read_text())
    assert {file.name for file in (tmp_path / "a").iterdir()} == {
        *("index.html", "confusions.svg", "confusions.png", "errors.json")
    }
    by = explain_errors(folder, by="calibration_error").worst[0].row.example_id
    assert by == "e8"
    for more, said in (
        (("--by", "bleu"), "bleu"),
        (("--worst", "0"), "worst=0"),
        (("--out", "/dev/null/x"), "Choose another folder with --out"),
    ):
        code, _, err = harness("explain", "errors", str(folder), *more)
        assert (code, said in " ".join(err.split())) == (2, True), err
    (folder / "predictions.jsonl").write_text("{}\n")
    with pytest.raises(UserError, match="line 1, is no prediction"):
        explain_errors(folder)
    (folder / "predictions.jsonl").unlink()
    with pytest.raises(UserError, match="The run stored no predictions"):
        explain_errors(folder)


def test_tags_are_compared_by_position_and_texts_word_by_word(tmp_path: Path) -> None:
    tags = trained(tmp_path / "results", "task=tagging", "task.dataset=toy_slots", "model=lstm", "task.eval_limit=6")
    one = {"example_id": "a", "statistics": {}}
    rows = [{**one, "reference": "O B-x I-x", "output": "O B-x O"}, {**one, "reference": "O B-x", "output": "B-x"}]
    found = explain_errors(rewritten(tags, rows))
    assert (found.of, found.errors) == ("tags", 3)
    assert (found.scored, found.perfect) == (0, 0)
    assert "2 have no score of their own" in error_page(found).html()
    assert {(c.right, c.said) for c in found.confusions} == {("I-x", "O"), ("O", "B-x"), ("B-x", "(nothing)")}
    pairs = trained(tmp_path / "results", "task=translation", "task.dataset=cipher", "model=lstm", "task.eval_limit=6")
    rows = [{**one, "reference": "the red house", "output": "the blue house sings"}]
    found = explain_errors(rewritten(pairs, rows))
    assert (found.of, found.errors) == ("words", 2)
    assert {(c.right, c.said) for c in found.confusions} == {("red", "blue"), ("(nothing)", "sings")}


def test_a_model_of_text_has_no_confusions(tmp_path: Path) -> None:
    folder = trained(tmp_path / "results", "task=text_generation", "task.dataset=counting", "model=lstm")
    found = explain_errors(folder)
    assert (found.of, found.confusions) == ("", ())
    assert all(one.scores[found.by.name] > 0 for one in found.worst)
    assert "no confusions to count" in error_page(found).html()


def test_answers_form_a_group_where_they_are_confused_more_often_than_by_chance() -> None:
    known = {"a", "b", "c", "d", "e"}
    pairs = [("a", "b", 9), ("b", "a", 11), ("c", "d", 20), ("a", "c", 1), ("e", "a", 1), ("a", "zzz", 50)]
    found = [Confusion(*pair) for pair in pairs]
    assert clusters(found, known) == (("a", "b"), ("c", "d"))
    even = [Confusion(one, other, 4) for one in "abcde" for other in "abcde" if one != other]
    assert clusters(even, known) == ()
