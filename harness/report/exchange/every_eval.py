"""Results in the schema of Every Eval Ever (github.com/evaleval/every_eval_ever), a shared collection of evaluations.

Written after version 0.3.0 of its eval.schema.json (in the wheel every-eval-ever 0.3.0) and its rules for submissions
(datastore-gate.md and fields.md of its guide to conversions):

- One file a model and comparison, data/COLLECTION/DEVELOPER/MODEL/UUID.json; here the collection is the data set, the
  developer the distribution of the model's plug-in. The UUID follows from the runs, so that the same results are the
  same file.
- A score is the mean over seeds, its uncertainty that over seeds. One that is not finite cannot be submitted.
- Shares between 0 and 100 % become proportions. A metric without known bounds has no `score_type`, which would need
  them.
- `additional_details` hold texts only.

Answers to single examples are not exported: they contain the test data, whose licence may not allow it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import statistics
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from harness.report.comparisons import Comparison, Entry
from harness.report.conditions import flatten
from harness.report.exchange import numbers
from harness.report.load import ReportData
from harness.report.reproduction.figures import values_of
from harness.report.results import Scale, scale_of
from harness.report.statistics import Summary
from harness.store.query import RunView

SCHEMA_VERSION = "0.3.0"
FOLDER = "every_eval_ever"
LEFT_OUT = f"{FOLDER}/left_out.json"
LIBRARY = "sequence-harness"

_GLOBAL = {
    "accuracy": "accuracy",
    "macro_f1": "f1_macro",
    "micro_f1": "f1_micro",
    "bleu": "bleu",
    "chrf": "chrf",
    "wer": "wer",
    "cer": "cer",
    "perplexity": "perplexity",
    "mae": "mae",
    "mse": "mse",
    "rmse": "rmse",
}
"""Metrics that others know too, by the name that they are known under there; others get our name before theirs."""

_UP_TO_100 = ("bleu", "chrf")


@dataclass(frozen=True)
class _Scaled:
    """A metric's scores as they are submitted: times `factor`, with the bounds and the unit that they then have."""

    factor: float
    unit: str
    bounds: tuple[float, float] | None


def files(data: ReportData, organization: str = "unknown") -> Iterator[tuple[str, bytes]]:
    """Every file by its path in the report's folder; the last names what could not be represented, if anything.

    Args:
        data: what was loaded.
        organization: who ran the evaluations.
    """
    left_out: list[dict[str, str]] = []
    for comparison in data.comparisons:
        for entry in comparison.entries:
            if not entry.finished:
                continue
            record = _record(data, comparison, entry, organization, left_out)
            if record["evaluation_results"]:
                yield f"{FOLDER}/data/{_path(comparison, entry)}", numbers.text(record)
    if left_out:
        yield LEFT_OUT, numbers.text(left_out)


def _record(
    data: ReportData, comparison: Comparison, entry: Entry, organization: str, left_out: list[dict[str, str]]
) -> dict[str, Any]:
    ended = repr(max((r.ended_at or 0.0 for r in entry.finished), default=0.0))
    results = []
    for name in _metrics(comparison, entry):
        summary = Summary(values_of(comparison, entry, name))
        if math.isfinite(summary.mean):
            results.append(_result(comparison, entry, name, summary, ended))
        else:
            reason = f"its mean over {summary.seeds} seeds is no finite number"
            left_out.append({"task": comparison.task, "model": entry.label, "metric": name, "reason": reason})
    model_id = f"{_developer(entry)}/{_portable(entry.label)}"
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{_portable(comparison.conditions.dataset)}/{model_id}/{ended}",
        "evaluation_timestamp": ended,
        "retrieved_timestamp": ended,
        "source_metadata": {
            "source_name": f"{LIBRARY} results store {data.store_id[:8]}",
            "source_type": "evaluation_run",
            "source_organization_name": organization,
            "evaluator_relationship": "first_party",
            "additional_details": _texts({"store_id": data.store_id}),
        },
        "eval_library": {"name": LIBRARY, "version": version(LIBRARY)},
        "model_info": _model(entry, model_id),
        "evaluation_results": results,
    }


def _metrics(comparison: Comparison, entry: Entry) -> list[str]:
    """Metrics that the task declares and the runs have, the primary one first."""
    primary = str(comparison.primary.get("name") or "")
    names = dict.fromkeys([primary, *comparison.any_run.units])
    return [n for n in names if n and values_of(comparison, entry, n)]


# -- the parts of a record ---------------------------------------------------------------------------


def _model(entry: Entry, model_id: str) -> dict[str, Any]:
    run = entry.finished[0]
    summary = run.summary
    return {
        "name": entry.label,
        "id": model_id,
        "developer": _developer(entry),
        "inference_engine": {"name": LIBRARY, "version": version(LIBRARY)},
        "additional_details": _texts(
            {
                "deployment_type": "self_deployed",
                "model_availability": "unknown",
                "parameters": summary.parameters if summary else None,
                "fixed_parameters": summary.fixed_parameters if summary else None,
                "plugin": run.identity.get("model_version"),
                "configuration": {n: v for n, v in flatten(run.config).items() if n.startswith("model.")},
            }
        ),
    }


def _result(comparison: Comparison, entry: Entry, name: str, summary: Summary, ended: str) -> dict[str, Any]:
    conditions, task = comparison.conditions, comparison.task
    scale = scale_of(comparison.any_run, name)
    scaled = _scaled(name, scale, summary)
    declared = comparison.any_run.units.get(name)
    told: Mapping[str, Any] = declared if isinstance(declared, dict) else {}
    metric: dict[str, Any] = {
        "evaluation_description": str(told.get("description") or f"{scale.title} of {task}"),
        "metric_id": _GLOBAL.get(name, f"{LIBRARY}.{name}"),
        "metric_name": scale.title,
        "metric_unit": scaled.unit,
        "lower_is_better": scale.higher_is_better is False,
        "additional_details": _texts({"signature": told.get("signature") or None}),
    }
    if scaled.bounds is not None:
        metric |= {"score_type": "continuous", "min_score": scaled.bounds[0], "max_score": scaled.bounds[1]}
    lost = [{"seed": r.seed, "status": r.status, "failure": r.failure} for r in entry.others]
    return {
        "evaluation_result_id": _digest(name, *(r.key for r in entry.finished))[:32],
        "evaluation_name": f"{task}.{conditions.dataset}",
        "evaluation_timestamp": ended,
        "source_data": {
            "dataset_name": conditions.dataset,
            "source_type": "other",
            **({"source_version": conditions.fingerprint} if conditions.fingerprint else {}),
            "additional_details": _texts(
                {"split": conditions.split, "synthetic": comparison.synthetic, "fingerprint": conditions.fingerprint}
            ),
        },
        "metric_config": metric,
        "score_details": _score(entry.finished, summary, scaled),
        "generation_config": {
            "generation_args": {"execution_command": entry.finished[0].command},
            "additional_details": _texts({**dict(conditions.options), "runs_without_result": lost or None}),
        },
    }


def _score(runs: list[RunView], summary: Summary, scaled: _Scaled) -> dict[str, Any]:
    factor, seeds = scaled.factor, summary.seeds
    details = {
        "aggregated": "mean over training seeds",
        "values_by_seed": {str(r.seed): v for r, v in zip(runs, summary.values, strict=True)},
        "run_keys": [r.key for r in runs],
        "unit_of_values": "percent" if factor != 1 else scaled.unit,
    }
    found: dict[str, Any] = {"score": summary.mean * factor, "details": _texts(details)}
    if seeds > 1 and summary.interval is not None:
        low, high = summary.interval
        spread = statistics.stdev(summary.values)
        found["uncertainty"] = {
            "standard_error": {"value": spread / math.sqrt(seeds) * factor, "method": "analytic, over training seeds"},
            "confidence_interval": {
                "lower": low * factor,
                "upper": high * factor,
                "confidence_level": 0.95,
                "method": f"{summary.method}, over training seeds",
            },
            "num_samples": seeds,
        }
    return found


def _scaled(name: str, scale: Scale, summary: Summary) -> _Scaled:
    """A share in percent where more is better as a proportion; bounds only where they are known and hold."""
    within = all(0 <= v <= 100 for v in summary.values)
    if scale.unit == "%" and scale.higher_is_better and within:
        return _Scaled(0.01, "proportion", (0.0, 1.0))
    unit = "percent" if scale.unit == "%" else scale.unit or "none"
    return _Scaled(1.0, unit, (0.0, 100.0) if name in _UP_TO_100 and within else None)


# -- names -------------------------------------------------------------------------------------------


def _path(comparison: Comparison, entry: Entry) -> str:
    """COLLECTION/DEVELOPER/MODEL/UUID.json; the UUID is of version 4 in form, and follows from the runs."""
    keys = sorted(f"{r.key} {r.environment}" for r in entry.finished)
    name = uuid.UUID(bytes=bytes.fromhex(_digest(*keys))[:16], version=4)
    return f"{_portable(comparison.conditions.dataset)}/{_developer(entry)}/{_portable(entry.label)}/{name}.json"


def _developer(entry: Entry) -> str:
    """The distribution of the model's plug-in; ours where a run did not record it."""
    told = str(entry.finished[0].identity.get("model_version") or LIBRARY)
    return _portable(told.split(" ", maxsplit=1)[0])


def _portable(text: str) -> str:
    """A name that every file system takes: letters, digits, dots, dashes and underscores."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._-")[:80]
    return name if name and name.lower() != "data" else f"{LIBRARY}_{name}".rstrip("_")


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Texts as they are, everything else as JSON; what is unknown is left out."""
    return {
        n: v if isinstance(v, str) else json.dumps(numbers.plain(v), ensure_ascii=False)
        for n, v in values.items()
        if v is not None
    }
