"""The model card of an export: README.md with the header that Hugging Face's hub reads.

Header fields: https://huggingface.co/docs/hub/model-cards#model-card-metadata
"""

from __future__ import annotations

import json
import math
from typing import Any

from harness.exporting.facts import CardFacts
from harness.store.training_details import latency_words, memory_words

_PIPELINES = {
    "translation": "translation",
    "text_generation": "text-generation",
    "text_classification": "text-classification",
    "tagging": "token-classification",
    "speech_recognition": "automatic-speech-recognition",
    "spoken_commands": "audio-classification",
    "action_recognition": "video-classification",
    "forecasting": "time-series-forecasting",
}
"""The hub's names of tasks; others have none there, and the field is left out."""


def card(facts: CardFacts, use: list[str], notes: list[str]) -> str:
    """Markdown with a header in YAML.

    Args:
        facts: of the run.
        use: lines that say how this export is run.
        notes: limits that hold for this export only.
    """
    lines = ["---", *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in _header(facts).items())]
    lines += ["---", "", f"# {facts.model} on {facts.task}", ""]
    lines += [f"A `{facts.model}` network trained on `{facts.dataset}`, by run `{facts.key}` of sequence-harness.", ""]
    lines += ["## Data and licence", "", f"- Data set: `{facts.dataset}`{_generated(facts)}."]
    lines += [f"- Licence of the data: {'; '.join(facts.licences) or 'not declared'}."]
    lines += ["- Licence of the weights: not declared by the run; add yours before you publish them."]
    lines += [f"- Splits: training, validation (chose the weights) and {_split(facts)}.", ""]
    lines += [*_results(facts), *_cost(facts)]
    lines += ["## Intended use", "", f"Research on sequence models, and inputs like those of `{facts.dataset}`."]
    lines += [f"A source is {facts.takes}."] if facts.takes else []
    lines += ["", *use, "", "## Limits", ""]
    lines += [f"- {note}" for note in (*_limits(facts), *notes)]
    return "\n".join(lines) + "\n"


def _header(facts: CardFacts) -> dict[str, Any]:
    pipeline = _PIPELINES.get(facts.task)
    found: dict[str, Any] = {"license": "other", "license_name": "not-declared", "library_name": "sequence-harness"}
    if pipeline:
        found["pipeline_tag"] = pipeline
    found["tags"] = ["sequence-harness", facts.task, facts.model]
    found["datasets"] = [facts.dataset]
    scores = [
        {"type": name.partition("/")[2], "name": name, "value": value}
        for name, value in facts.metrics.items()
        if math.isfinite(value)  # the header has no NaN
    ]
    if scores:
        found["metrics"] = [score["type"] for score in scores]
        result = {
            "task": {"type": pipeline or facts.task, "name": facts.task},
            "dataset": {"type": facts.dataset, "name": facts.dataset, "split": _split_name(facts)},
            "metrics": scores,
        }
        found["model-index"] = [{"name": f"{facts.model} on {facts.task}", "results": [result]}]
    return found


def _results(facts: CardFacts) -> list[str]:
    if not facts.metrics or facts.view is None:
        return ["## Results", "", "The results store here does not know this run, so the card has no scores.", ""]
    lines = [f"## Results on the {_split_name(facts)} split", "", "| metric | value | 95 % interval |", "|---|---|---|"]
    for name, value in facts.metrics.items():
        metric = name.partition("/")[2]
        unit = str(facts.view.units.get(metric, {}).get("unit", ""))
        found = facts.intervals.get(metric)
        between = "not computed" if found is None else f"{found[0]:.5g} to {found[1]:.5g}"
        lines.append(f"| {metric} | {value:.5g} {unit} | {between} |".replace("  |", " |"))
    said = "Intervals are the bootstrap's over test examples: one seed, so they say nothing of other seeds."
    return [*lines, "", said, ""] if facts.intervals else [*lines, ""]


def _cost(facts: CardFacts) -> list[str]:
    lines = ["## Cost", "", f"- Budget {facts.budget}, seed {facts.seed}."]
    summary = None if facts.view is None else facts.view.summary
    if summary is not None:
        lines += [f"- {summary.parameters:,} parameters.", f"- {summary.train_s:.1f} s of training."]
        lines += [f"- {n}: {text}." for n, text in (*latency_words(summary.details), *memory_words(summary.memory))]
    return [*lines, ""]


def _limits(facts: CardFacts) -> list[str]:
    found = [
        "Trained by a benchmark, with its sizes and its budget: not tuned for a product.",
        "Never tested on other data, on bias, or on inputs made to mislead it.",
    ]
    if facts.view is not None and facts.view.synthetic:
        found.append("The data is generated: scores say nothing of real data.")
    return found


def _generated(facts: CardFacts) -> str:
    return ", generated" if facts.view is not None and facts.view.synthetic else ""


def _split_name(facts: CardFacts) -> str:
    summary = None if facts.view is None else facts.view.summary
    return "test" if summary is None else summary.split


def _split(facts: CardFacts) -> str:
    size = f", {facts.examples:,} examples" if facts.examples else ""
    return f"{_split_name(facts)} (scored once{size})"
