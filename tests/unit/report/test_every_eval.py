"""Every Eval Ever: records of the form that its schema and its rules for submissions ask for.

The schema itself is not copied here. `RECORD` states what version 0.2.2 of eval.schema.json (commit 21b3d1ab3894 of
github.com/evaleval/every_eval_ever) requires of what we write: fields, types, and values of enumerations.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.report import build
from harness.report.exchange import every_eval
from harness.report.load import load
from harness.store import Store

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
TEXTS = {"type": "object", "additionalProperties": TEXT}


def _object(required: str, **fields: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": fields}


RESULT = _object(
    "evaluation_name source_data metric_config score_details",
    evaluation_name=TEXT,
    evaluation_result_id=TEXT,
    evaluation_timestamp=TEXT,
    source_data=_object(
        "dataset_name source_type",
        dataset_name=TEXT,
        source_type={"const": "other"},
        source_version=TEXT,
        additional_details=TEXTS,
    ),
    metric_config={
        **_object(
            "lower_is_better",
            lower_is_better={"type": "boolean"},
            evaluation_description=TEXT,
            metric_id=TEXT,
            metric_name=TEXT,
            metric_unit=TEXT,
            score_type={"const": "continuous"},
            min_score=NUMBER,
            max_score=NUMBER,
            additional_details=TEXTS,
        ),
        "dependentRequired": {"score_type": ["min_score", "max_score"]},
    },
    score_details=_object(
        "score",
        score=NUMBER,
        details=TEXTS,
        uncertainty=_object(
            "",
            standard_error=_object("value", value=NUMBER, method=TEXT),
            confidence_interval=_object("lower upper", lower=NUMBER, upper=NUMBER, confidence_level=NUMBER),
            num_samples={"type": "integer"},
        ),
    ),
    generation_config=_object(
        "",
        generation_args={**_object("", execution_command=TEXT), "additionalProperties": False},
        additional_details=TEXTS,
    ),
)
RECORD = {
    **_object(
        "schema_version evaluation_id retrieved_timestamp source_metadata model_info eval_library evaluation_results",
        schema_version={"const": "0.2.2"},
        evaluation_id=TEXT,
        evaluation_timestamp=TEXT,
        retrieved_timestamp=TEXT,
        source_metadata=_object(
            "source_type source_organization_name evaluator_relationship",
            source_name=TEXT,
            source_type={"enum": ["documentation", "evaluation_run"]},
            source_organization_name=TEXT,
            evaluator_relationship={"enum": ["first_party", "third_party", "collaborative", "other"]},
            additional_details=TEXTS,
        ),
        eval_library=_object("name version", name=TEXT, version=TEXT),
        model_info=_object(
            "name id", name=TEXT, id=TEXT, developer=TEXT, inference_engine={"type": "object"}, additional_details=TEXTS
        ),
        evaluation_results={"type": "array", "items": RESULT},
    ),
    "additionalProperties": False,
}
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
PATH = re.compile(rf"every_eval_ever/data/[\w.-]+/[\w.-]+/[\w.-]+/{UUID4}\.json")


def records(store: Store) -> dict[str, dict[str, Any]]:
    found = {name: json.loads(content) for name, content in every_eval.files(load(store), "a lab")}
    found.pop(every_eval.LEFT_OUT, None)
    return found


def test_every_model_and_comparison_is_one_valid_record_under_its_path(filled: Store):
    found = records(filled)
    assert len(found) == 22  # 4 tasks and 6 models, less one impossible pair and one model that failed
    for name, record in found.items():
        jsonschema.Draft202012Validator(RECORD).validate(record)
        assert PATH.fullmatch(name), name
        assert record["evaluation_id"].split("/")[1:3] == name.split("/")[3:5]
        for result in record["evaluation_results"]:
            metric, score = result["metric_config"], result["score_details"]["score"]
            assert metric.get("min_score", -math.inf) <= score <= metric.get("max_score", math.inf)
        assert record["source_metadata"]["source_organization_name"] == "a lab"
        assert record["model_info"]["additional_details"]["deployment_type"] == "self_deployed"


def test_a_score_is_the_mean_over_seeds_with_its_uncertainty(store: Store, made_up: Any):
    for seed, value in enumerate((80.0, 82.0, 84.0)):
        made_up.done(store, made_up.plan("action_recognition", "lstm", seed), value=value)
    (record,) = records(store).values()
    result = record["evaluation_results"][0]
    assert result["evaluation_name"] == "action_recognition.room_clips"
    assert result["metric_config"] | {"additional_details": {}} == {
        "evaluation_description": "accuracy of action_recognition",
        "metric_id": "accuracy",
        "metric_name": "accuracy",
        "metric_unit": "proportion",
        "lower_is_better": False,
        "score_type": "continuous",
        "min_score": 0.0,
        "max_score": 1.0,
        "additional_details": {},
    }
    details = result["score_details"]
    assert details["score"] == pytest.approx(0.82)
    assert json.loads(details["details"]["values_by_seed"]) == {"0": 80.0, "1": 82.0, "2": 84.0}
    assert details["uncertainty"]["num_samples"] == 3
    assert details["uncertainty"]["standard_error"]["value"] == pytest.approx(0.02 / math.sqrt(3))
    assert details["uncertainty"]["confidence_interval"]["lower"] == pytest.approx(0.82 - 4.30265 * 0.02 / math.sqrt(3))


def test_a_metric_without_known_bounds_claims_none(store: Store, made_up: Any):
    made_up.done(store, made_up.plan("text_generation", "lstm"), value=1.9)
    (record,) = records(store).values()
    metric = record["evaluation_results"][0]["metric_config"]
    assert metric["lower_is_better"]
    assert "score_type" not in metric
    assert "uncertainty" not in record["evaluation_results"][0]["score_details"]


def test_a_score_that_is_not_finite_is_left_out_by_name(store: Store, made_up: Any):
    for model, value in (("lstm", math.nan), ("rnn", 12.0)):
        made_up.done(store, made_up.plan("translation", model), value=value)
    found = dict(every_eval.files(load(store)))
    left_out = json.loads(found.pop(every_eval.LEFT_OUT))
    assert {(one["model"], one["metric"]) for one in left_out} == {("lstm", n) for n in ("bleu", "chrf", "perplexity")}
    assert len(found) == 1


def test_names_that_are_no_folders_become_some(store: Store, made_up: Any):
    plan = replace(made_up.plan("translation", "lstm"), dataset="../data", identity={"model_version": "lab/../x 1.0"})
    made_up.done(store, plan, value=12.0)
    (name,) = records(store)
    assert PATH.fullmatch(name)
    assert ".." not in name.split("/")


def test_the_same_store_gives_the_same_files_which_a_later_report_removes(filled: Store, tmp_path: Path):
    data = load(filled)
    files = dict(every_eval.files(data))
    assert files == dict(every_eval.files(load(filled)))
    build(filled, tmp_path, data=data, formats=(), extra=files.items())
    assert len(list(tmp_path.rglob("*.json"))) == 22
    build(filled, tmp_path, data=data, formats=())
    assert not list(tmp_path.rglob("*.json"))
