"""report.json: valid by its schema for every kind of store, and the same that the report says."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.report import build
from harness.report.exchange import numbers
from harness.report.exchange.contests import contests
from harness.report.exchange.document import SCHEMA, SCHEMA_VERSION, document
from harness.report.load import load
from harness.report.sections import judgements_of
from harness.report.statistics import Summary
from harness.store import Store

CHECK = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def written(store: Store) -> dict[str, Any]:
    """What other programs read, after it was found valid."""
    data = load(store)
    found = json.loads(numbers.text(document(data, judgements_of(store, data))))
    CHECK.validate(found)
    return found


def test_the_schema_is_one_and_closed():
    jsonschema.Draft202012Validator.check_schema(CHECK.schema)
    parts = [CHECK.schema, *CHECK.schema["$defs"].values()]
    for part in parts:
        assert part["additionalProperties"] is False
        assert set(part["required"]) == set(part["properties"])
        assert all(field.get("description") or "$ref" in field for field in part["properties"].values())


def test_the_made_up_sweep_says_in_numbers_what_the_report_says(filled: Store):
    found = written(filled)
    assert found["schema_version"] == SCHEMA_VERSION
    assert [c["task"] for c in found["comparisons"]] == [
        "translation", "text_generation", "speech_recognition", "action_recognition",
    ]  # fmt: skip
    translation, generation, speech, actions = found["comparisons"]
    lstm = next(m for m in translation["models"] if m["label"] == "lstm")
    scores = [v["value"] for v in lstm["values"]]
    assert lstm["score"]["mean"]["value"] == pytest.approx(sum(scores) / 2)
    assert lstm["standing"] == "undecided"  # two seeds
    assert lstm["cost"]["training_s"]["unit"] == "s"
    assert lstm["cost"]["throughput"]["unit"] == "target tokens/s"
    assert translation["published"][0]["verdict"] == "not_comparable"
    assert translation["baselines"][0]["name"] == "copy_nearest"
    bilstm = next(m for m in generation["models"] if m["label"] == "bilstm")
    assert (bilstm["standing"], bilstm["cost"], bilstm["score"]) == (None, None, None)
    assert "must be causal" in bilstm["why_no_standing"]
    rnn = next(m for m in speech["models"] if m["label"] == "rnn")
    assert rnn["standing"] == "unstable"
    assert {u["status"] for u in rnn["unfinished"]} == {"failed"}
    assert actions["conditions"]["synthetic"]


def test_decided_tasks_name_the_best_and_the_others(store: Store, made_up: Any):
    values = {"lstm": (30.0, 30.1, 30.2), "rnn": (20.0, 20.1, 20.2), "bilstm": (10.0, 10.1, 10.2)}
    for model, of_model in values.items():
        for seed, value in enumerate(of_model):
            made_up.done(store, made_up.plan("translation", model, seed), value=value)
    made_up.done(store, made_up.plan("translation", "copy_nearest", kind="baseline"), value=14.0)
    (comparison,) = written(store)["comparisons"]
    assert (comparison["outcome"], comparison["best"], comparison["may_be_best"]) == ("best", "lstm", ["lstm"])
    assert {m["label"]: m["standing"] for m in comparison["models"]} == {
        "lstm": "best", "rnn": "worse", "bilstm": "below_baseline",
    }  # fmt: skip
    (recommended,) = comparison["recommendations"]
    assert (recommended["model"], recommended["best"], recommended["words"]) == ("lstm", True, "no limit")
    assert {(p["better"], p["worse"]) for p in comparison["pairs"]} >= {("lstm", "rnn"), ("copy_nearest", "bilstm")}
    data = load(store)
    (contest,) = contests(data, judgements_of(store, data))
    assert contest.best == "lstm"
    assert contest.pair("lstm", "rnn").better
    assert contest.pair("rnn", "lstm").worse
    assert contest.pair("rnn", "lstm").words.startswith("10.00 ± 0.23 BLEU below, p < 0.0001, 3 seeds")


@pytest.mark.parametrize(
    ("value", "reason"),
    [(math.nan, "the run has no finite value"), (math.inf, "positive infinity")],
)
def test_numbers_that_json_does_not_have_are_null_with_a_reason(store: Store, made_up: Any, value: float, reason: str):
    for seed, one in enumerate((30.0, value)):
        made_up.done(store, made_up.plan("translation", "lstm", seed), value=one)
    (comparison,) = written(store)["comparisons"]
    (model,) = comparison["models"]
    assert model["values"][1] | {"run": ""} == {"seed": 1, "run": "", "value": None, "reason": reason}
    assert model["score"]["mean"]["value"] is None
    assert model["score"]["interval"] is None
    assert model["standing"] == "unstable"


def test_a_store_of_plans_and_one_of_baselines_are_valid(store: Store, made_up: Any):
    store.plan(made_up.plan("translation", "lstm"))
    assert written(store)["comparisons"][0]["outcome"] == "no_result"
    made_up.done(store, made_up.plan("action_recognition", "last_frame", kind="baseline"), value=31.0)
    assert len(written(store)["comparisons"]) == 2


def test_what_a_claim_hears_of_models_without_a_test(filled: Store):
    data = load(filled)
    translation, generation, speech, _ = contests(data, judgements_of(filled, data))
    assert speech.pair("rnn", "lstm").words == "rnn is unstable: 2 of 2 runs diverged"
    assert generation.pair("lstm", "bilstm").unknown
    assert "bilstm has no result: task 'text_generation' predicts" in generation.pair("lstm", "bilstm").words
    assert translation.pair("lstm", "rnn").words.startswith("undecided: 2 seeds, and 3 are needed")
    assert translation.pair("lstm", "lstm").words == "it is the same model"


def test_an_estimate_of_nothing_is_null_and_text_refuses_what_json_does_not_have():
    assert numbers.estimate(None) is None
    assert numbers.estimate(Summary(())) is None
    assert numbers.plain({"a": [math.nan, (1, "b")], "c": Path("d")}) == {"a": [None, [1, "b"]], "c": "d"}
    with pytest.raises(ValueError, match="not JSON compliant"):
        numbers.text({"a": math.inf})


def test_the_schema_lies_beside_the_document_and_both_are_the_same_each_time(filled: Store, tmp_path: Path):
    for name in ("one", "two"):
        assert build(filled, tmp_path / name, formats=("json",)) == tmp_path / name / "report.json"
    files = {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()}
    assert set(files) == {"report.json", "report.schema.json", "files.sha256"}
    assert files == {p.name: p.read_bytes() for p in (tmp_path / "two").iterdir()}
    assert files["report.schema.json"] == SCHEMA.read_bytes()
    build(filled, tmp_path / "one", formats=())
    assert not (tmp_path / "one" / "report.json").exists()
