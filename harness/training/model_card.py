"""The card of a trained model, README.md in its run's folder: what it is, how good, and how to load it."""

from __future__ import annotations

from harness.config.settings import RunSettings
from harness.contract.task import Task, TaskData
from harness.store.records import RunPlan, RunSummary
from harness.store.training_details import latency_words, memory_words


def model_card(settings: RunSettings, plan: RunPlan, data: TaskData, summary: RunSummary) -> str:
    """Markdown.

    Args:
        settings, plan: of the run.
        data: that it was trained on.
        summary: results of the run.
    """
    task, model = settings.task, settings.model
    made = ", generated" if plan.synthetic else ""
    fixed = summary.fixed_parameters
    facts = {
        "task": f"{task.name} (version {task.version})",
        "data set": f"{plan.dataset}{made}",
        "licence of the data": "; ".join(licences_of(task)) or "not declared",
        "model": f"{model.name} (version {model.version})",
        "parameters": f"{summary.parameters:,}" + (f", of which {fixed:,} are not trained" if fixed else ""),
        "training": f"{summary.train_s:.1f} s, budget {settings.budget}, seed {settings.seed}",
        **dict(latency_words(summary.details)),
        **dict(memory_words(summary.memory)),
        "weights": f"of step {summary.checkpoint.get('step')}, the best by {summary.checkpoint.get('chosen_by')}",
        "run": f"`{plan.key}`",
    }
    lines = [f"# {model.name} on {task.name}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {_cell(value)} |" for name, value in facts.items()]
    lines += ["", f"## Results on the {summary.split} split", "", "| metric | value |", "|---|---|"]
    for name, value in summary.metrics.items():
        split, _, metric = name.partition("/")
        if split == summary.split:
            unit = plan.units.get(metric, {}).get("unit", "")
            lines.append(f"| {_cell(metric)} | {value:.5g} {_cell(unit)} |")
    lines += ["", "## Use", "", "```python", "import harness", 'model = harness.load("this folder")']
    lines += [f"print(model.{_call(data)})", "```", "", _sources(data)]
    return "\n".join(lines) + "\n"


def licences_of(task: Task) -> tuple[str, ...]:
    """Licences of a task's data, as its sources declare them, each once."""
    return tuple(dict.fromkeys(source.licence for source in task.sources() if source.licence))


def _call(data: TaskData) -> str:
    if data.preprocessing is None:
        return "predict([array], encoded=True)[0].text"
    return "predict([source])[0].text"


def _sources(data: TaskData) -> str:
    if data.preprocessing is None:
        return (
            "Its task gives no preprocessing, so raw sources cannot be encoded: inputs are arrays as the task's "
            "examples have them, with `encoded=True`."
        )
    said = f"A source is {data.preprocessing.takes}. " if data.preprocessing.takes else ""
    streams = "The prediction is its continuation. " if data.target_spec.needs.streams else ""
    return f"{said}{streams}`preprocessing/` holds how sources are encoded."


def _cell(text: str) -> str:
    return " ".join(str(text).replace("|", "\\|").split())
