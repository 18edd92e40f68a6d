"""`harness export RUN --hypotheses`: the stored answers in files, and what is said where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.store import Store
from harness.store.records import EnvironmentRecord, PredictionRow, RunPlan, RunSummary

PRIMARY = {"name": "bleu", "unit": "BLEU", "higher_is_better": True}


def _plan(key: str, task: str) -> RunPlan:
    units = {"bleu": PRIMARY | {"signature": "tok:13a"}}
    return RunPlan(key * 64, "s", task, "data", "small", 0, {"seed": 0}, primary=PRIMARY, units=units)


@pytest.fixture(autouse=True)
def filled() -> None:
    """A finished translation, a finished model of text, and a run that has begun."""
    here = EnvironmentRecord("h", {"threads": 1})
    rows = [
        PredictionRow("1", "ein Hund", "a dog", "a cat", {}, ("one dog",)),
        PredictionRow("2", "rot", "red", "red", {}),
    ]
    with Store.open() as store:
        for key, task, answers in (("a", "translation", rows), ("b", "gone", [PredictionRow("1", "", "", "", {})])):
            summary = RunSummary({"test/bleu": 41.5}, 41.5, 1, 1, {}, 1, 1)
            store.finish(store.start(_plan(key, task), here, owner_pid=1), summary, answers, [])
        store.start(_plan("c", "translation"), here, owner_pid=1)


def test_answers_are_written_beside_every_right_one(harness: Any, tmp_path: Path) -> None:
    code, out, err = harness("export", "aaa", "--hypotheses", "--to", str(tmp_path / "new" / "folder"))
    assert (code, err) == (0, "")
    folder = tmp_path / "new" / "folder"
    assert (folder / "hypotheses.txt").read_text() == "a cat\nred\n"
    assert (folder / "references.2.txt").read_text() == "one dog\n\n"
    assert (folder / "results.json").is_file()
    assert "test/bleu 41.5000 BLEU (tok:13a)" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("aaa",), "--hypotheses"),
        (("bbb", "--hypotheses"), "answers nothing as text"),
        (("ccc", "--hypotheses"), "only a finished run"),
        (("aaa", "--hypotheses", "--to", "/dev/null/x"), "Choose another folder with --to"),
    ],
)
def test_what_cannot_be_exported_is_said(harness: Any, words: tuple[str, ...], said: str) -> None:
    code, _, err = harness("export", *words)
    assert code == 2
    assert said in " ".join(err.split())
