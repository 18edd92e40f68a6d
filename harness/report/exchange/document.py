"""report.json: what a report says, for other programs. `report.schema.json` beside this file describes every field."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.report import overview
from harness.report.comparisons import Comparison, Entry
from harness.report.costs import TIMES, Costs, costs_of
from harness.report.exchange import numbers
from harness.report.load import ReportData
from harness.report.outline import machine_names
from harness.report.published_claims.page import ClaimSection
from harness.report.published_claims.verdicts import ClaimVerdict, Measured
from harness.report.reproduction.figures import FigureVerdict, findings
from harness.report.results import primary_of, primary_summary, scale_of
from harness.report.standing import Judgement, sentence
from harness.report.standing.recommend import Recommendation, recommend, usual_limits
from harness.report.statistics import CONFIDENCE, PairTest

SCHEMA = Path(__file__).with_name("report.schema.json")
SCHEMA_VERSION = "1.0"
"""Of the document: the first number changes when a field changes its meaning or goes."""

_COSTS = {
    "training_s": "s",
    "throughput": "",
    "parameters": "",
    "training_memory": "bytes",
    "inference_memory": "bytes",
    "latency_1_ms": "ms",
    "latency_1_p95_ms": "ms",
    "latency_batch_ms": "ms",
    "real_time_factor": "",
}


def document(data: ReportData, judgements: Sequence[Judgement], claims: Sequence[ClaimSection] = ()) -> dict[str, Any]:
    """The report as JSON values.

    Args:
        data: what was loaded.
        judgements: of its comparisons, in order.
        claims: of the literature, which these runs decide.
    """
    machines = machine_names(data)
    return {
        "$schema": SCHEMA.name,
        "schema_version": SCHEMA_VERSION,
        "harness_version": version("sequence-harness"),
        "store": data.store_id,
        "stores": data.stores,
        "selection": data.selection.words(),
        "machines": [
            {"name": machines[h], "hash": h, "fingerprint": numbers.plain(e.fingerprint)}
            for h, e in data.environments.items()
        ],
        "comparisons": [
            _comparison(data, comparison, judgement, machines)
            for comparison, judgement in zip(data.comparisons, judgements, strict=True)
        ],
        "claims": [_claim(one.verdict) for one in claims],
    }


def _comparison(
    data: ReportData, comparison: Comparison, judgement: Judgement, machines: Mapping[str, str]
) -> dict[str, Any]:
    costs = costs_of(comparison)
    return {
        "task": comparison.task,
        "heading": overview.heading(comparison, data, machines),
        "conditions": _conditions(comparison, machines),
        "metric": _metric(comparison, primary_of(comparison).name),
        "outcome": judgement.outcome,
        "best": judgement.best,
        "may_be_best": list(judgement.may_be_best),
        "verdict": sentence(judgement),
        "commands": list(judgement.commands),
        "models": [_model(comparison, e, judgement, _cost(comparison, costs.get(e.label))) for e in comparison.entries],
        "baselines": [_entry(comparison, e) for e in comparison.baselines],
        "pairs": [_pair(t) for t in judgement.pairs.tests],
        "recommendations": [
            _recommendation(recommend(judgement, costs, given)) for given in usual_limits(judgement, costs)
        ],
        "published": [_published(f) for f in findings(comparison)],
    }


def _conditions(comparison: Comparison, machines: Mapping[str, str]) -> dict[str, Any]:
    c = comparison.conditions
    return {
        "dataset": c.dataset,
        "data_fingerprint": c.fingerprint,
        "synthetic": comparison.synthetic,
        "split": c.split,
        "machine": machines.get(c.environment or ""),
        "options": {name: numbers.plain(value) for name, value in c.options},
    }


def _metric(comparison: Comparison, name: str) -> dict[str, Any]:
    scale = scale_of(comparison.any_run, name)
    declared = comparison.any_run.units.get(name)
    told: Mapping[str, Any] = declared if isinstance(declared, dict) else {}
    return {
        "name": scale.name,
        "unit": scale.unit,
        "higher_is_better": scale.higher_is_better,
        "signature": str(told.get("signature") or ""),
        "description": str(told.get("description") or ""),
    }


# -- models and baselines ----------------------------------------------------------------------------


def _entry(comparison: Comparison, entry: Entry) -> dict[str, Any]:
    """A model or a baseline with its values."""
    summary = primary_summary(entry)
    return {
        "label": entry.label,
        "name": entry.model,
        "values": [
            {"seed": r.seed, "run": r.key, **numbers.quantity(r.primary_value, "the run has no finite value")}
            for r in entry.finished
        ],
        "score": numbers.estimate(summary),
        "other_metrics": _others(comparison, entry),
        "unfinished": [
            {"seed": r.seed, "run": r.key, "status": r.status, "reason": r.reason or None} for r in entry.others
        ],
    }


def _model(comparison: Comparison, entry: Entry, judgement: Judgement, cost: dict[str, Any] | None) -> dict[str, Any]:
    standing = judgement.standings.get(entry.label)
    return {
        **_entry(comparison, entry),
        "standing": standing,
        "why_no_standing": None if standing else entry.why_missing,
        "may_be_best": entry.label in judgement.may_be_best,
        "cost": cost,
    }


def _others(comparison: Comparison, entry: Entry) -> dict[str, Any]:
    """Mean and interval of the metrics that are not the primary one."""
    from harness.report.reproduction.figures import values_of
    from harness.report.statistics import Summary

    names = [n for n in comparison.any_run.units if n != primary_of(comparison).name]
    summaries = {n: Summary(values_of(comparison, entry, n)) for n in names}
    return {n: numbers.estimate(s) for n, s in summaries.items() if s.seeds}


def _cost(comparison: Comparison, costs: Costs | None) -> dict[str, Any] | None:
    if costs is None:
        return None
    units = _COSTS | {"throughput": next((r.summary.throughput_unit for r in comparison.finished if r.summary), "")}
    found: dict[str, Any] = {"runs": costs.runs, "contended": costs.contended, "fixed_parameters": costs.fixed}
    for name, unit in units.items():
        estimate = numbers.estimate(getattr(costs, name))
        ranked = name not in TIMES or costs.ranked
        found[name] = None if estimate is None else {**estimate, "unit": unit, "comparable": ranked}
    return found


def _recommendation(found: Recommendation) -> dict[str, Any]:
    return {
        "limits": found.limits.given,
        "words": found.limits.words,
        "model": found.model,
        "best": found.best,
        "below_baseline": found.below,
        "order": list(found.order),
        "within_noise": list(found.within_noise),
        "cheapest": found.cheapest,
        "worst_seed": numbers.quantity(found.worst, "no model keeps the limits"),
        "excluded": dict(found.excluded or {}),
    }


# -- tests and published figures ---------------------------------------------------------------------


def _pair(test: PairTest) -> dict[str, Any]:
    half = test.half_width
    known = half is not None and math.isfinite(half)
    return {
        "better": test.first,
        "worse": test.second,
        "difference": numbers.quantity(test.difference),
        "interval": (
            {"low": test.difference - half, "high": test.difference + half, "level": CONFIDENCE, "method": "two-way"}
            if known and half is not None and math.isfinite(test.difference)
            else None
        ),
        "p": test.p,
        "p_holm": test.adjusted,
        "seeds": test.seeds,
        "examples": test.examples,
        "why_untested": test.reason or None,
    }


def _published(finding: FigureVerdict) -> dict[str, Any]:
    published, ours = finding.published, finding.ours
    return {
        "system": published.system,
        "source": published.source,
        "protocol": published.protocol or None,
        "metric": published.metric,
        "value": published.value,
        "ours": None if ours is None else ours.entry.label,
        "same_kind": ours is not None and ours.same_kind,
        "score": None if ours is None else numbers.estimate(ours.summary),
        "verdict": finding.outcome.value.replace(" ", "_"),
        "why": finding.why,
        "remarks": list(finding.remarks),
    }


def _claim(found: ClaimVerdict) -> dict[str, Any]:
    claim = found.claim
    return {
        "sweep": claim.sweep,
        "statement": claim.statement,
        "source": claim.source,
        "verdict": found.outcome.value.replace(" ", "_"),
        "cells": [
            {
                "of": dict(one.cell.of),
                "against": dict(one.cell.against) or None,
                "compared": one.cell.compared,
                "metric": one.cell.metric or claim.metric,
                "bound": one.cell.bound,
                "limit": one.cell.limit,
                "published": one.cell.published,
                "values": _seeds(one.ours),
                "against_values": _seeds(one.rival),
                "value": numbers.quantity(one.value, "there is no finite value"),
                "interval": (
                    {"low": one.low, "high": one.high, "level": CONFIDENCE, "method": "Welch" if one.rival else "seeds"}
                    if math.isfinite(one.low) and math.isfinite(one.high)
                    else None
                ),
                "verdict": one.outcome.value.replace(" ", "_"),
                "why": one.why,
            }
            for one in found.cells
        ],
    }


def _seeds(measured: Measured | None) -> list[dict[str, Any]]:
    values = measured.summary.values if measured else ()
    return [numbers.quantity(value, "the run has no finite value") for value in values]
