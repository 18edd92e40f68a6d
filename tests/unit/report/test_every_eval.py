"""Every Eval Ever: records that are valid by its schema, and have the form that its rules for submissions ask for."""

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

SCHEMA = Path(__file__).parents[2] / "third_party_schemas" / "every_eval_ever" / "eval.schema.json"
CHECK = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
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
        CHECK.validate(record)
        assert record["schema_version"] == CHECK.schema["version"]
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
