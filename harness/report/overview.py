"""The text of the first page: what was compared, how many runs, under which conditions, and warnings."""

from __future__ import annotations

from collections.abc import Mapping

from harness.report import formatting as fmt
from harness.report import guards
from harness.report.load import Comparison, Conditions, ReportData
from harness.store.records import EnvironmentRecord

_BUDGETS = {"epochs": "epoch", "steps": "step", "tokens": "token"}
_TERMS_NAMED = (
    "data version",
    "record version",
    "metric",
    "signature",
    "tested on",
)  # values that are unclear without their term
_UNKNOWN = "not recorded"
_NAMED = 3  # runs that a warning names


def words(name: str) -> str:
    """text_generation -> Text generation."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def budget_words(budget: object) -> str:
    """seconds:30 -> 30 s of training."""
    kind, _, amount = str(budget or "").partition(":")
    try:
        number = float(amount)
    except ValueError:  # missing or unknown
        return str(budget or "budget not recorded")
    if kind == "seconds":
        return f"{fmt.duration(number).replace('.0 s', ' s')} of training"
    unit = _BUDGETS.get(kind, kind)
    return f"{fmt.count(number)} {unit if number == 1 else unit + 's'}"


def lead(data: ReportData, machines: Mapping[str, str]) -> list[str]:
    """What was compared, under which budget and on which machines, one sentence each."""
    models, baselines = len(data.models), len({e.label for c in data.comparisons for e in c.baselines})
    seeds = sorted({len(e.finished) for c in data.comparisons for e in c.entries if e.finished})
    compared = f"{fmt.plural(models, 'model')} on {fmt.plural(len(data.tasks), 'task')}"
    if seeds:
        span = fmt.plural(seeds[-1], "seed")
        compared += f", {span} each" if len(seeds) == 1 else f", {seeds[0]} to {span} each"
    if baselines:
        compared += f", with {fmt.plural(baselines, 'baseline')}"
    budgets = sorted({budget_words(c.conditions.budget) for c in data.comparisons})
    trained = precisions(data)
    chosen = data.selection.words()
    lead = [
        compared + ".",
        *([f"Only runs {' and '.join(chosen)}."] if chosen else []),
        *([f"Joined from {len(data.stores)} results stores: {'; '.join(data.stores)}."] if data.stores else []),
        f"Budget: {' or '.join(budgets)} a run{', ' + ' or '.join(trained) if trained else ''}.",
    ]
    places = [f"{name}: {machine_words(data.environments[h])}" for h, name in machines.items()]
    if len(places) == 1:
        lead.append(f"All on one machine: {places[0].partition(': ')[2]}.")
    elif places:
        lead.append(f"On {len(places)} machines ({'; '.join(places)}); their times are never combined in one table.")
    return lead


def precisions(data: ReportData) -> dict[str, list[str]]:
    """Tasks by the training precision of their runs, if known."""
    found: dict[str, list[str]] = {}
    for precision in sorted({c.conditions.precision for c in data.comparisons if c.conditions.precision}):
        tasks = (words(c.task) for c in data.comparisons if c.conditions.precision == precision)
        found[precision] = list(dict.fromkeys(tasks))
    return found


def machine_words(environment: EnvironmentRecord) -> str:
    """The environment in one line: processor, threads, accelerator."""
    f = environment.fingerprint
    parts = [str(f.get("cpu") or "unknown CPU")]
    if isinstance(f.get("threads"), int):
        parts.append(f"{fmt.plural(f['threads'], 'thread')} a run")
    accelerator = f.get("accelerator")
    if accelerator:
        name = accelerator.get("name") if isinstance(accelerator, dict) else accelerator
        parts.append(str(name))
    return ", ".join(parts)


def counts(data: ReportData) -> list[tuple[str, int, str]]:
    """(what, how many, css class)."""
    tiles = [("finished", data.count("finished"), "good"), ("failed", data.count("failed"), "bad")]
    pairs = {(r.task, r.model) for r in data.runs if r.status == "incompatible"}
    tiles.append(("impossible pair skipped" if len(pairs) == 1 else "impossible pairs skipped", len(pairs), "quiet"))
    unfinished = data.count("planned", "running", "interrupted")
    return [*tiles, *([("not finished", unfinished, "warn")] if unfinished else [])]


def warnings(data: ReportData) -> list[str]:
    """What a reader must know before trusting a number."""
    found = []
    synthetic = [words(t) for t in data.tasks if any(c.synthetic for c in data.comparisons if c.task == t)]
    if synthetic:
        found.append(f"Synthetic (generated) data: {', '.join(synthetic)}.")
    undefined = [r for r in data.runs if r.without_value and r.kind == "model"]
    if undefined:
        named = "; ".join(f"{r.model} on {words(r.task)}, seed {r.seed}" for r in undefined[:_NAMED])
        more = f"; and {len(undefined) - _NAMED} more" if len(undefined) > _NAMED else ""
        have = "finished run has" if len(undefined) == 1 else "finished runs have"
        found.append(
            f"{len(undefined)} {have} a primary metric that is no finite number ({named}{more}). Such a run counts as "
            "diverged: its model has no mean and no rank, and is named in the verdict as left out."
        )
    limited = sorted({c.task for c in data.comparisons if c.conditions.eval_limit is not None})
    if limited:
        found.append(f"Tested on a part of the test split only: {', '.join(map(words, limited))}.")
    if any((c.conditions.budget or "").startswith("seconds") for c in data.comparisons):
        found.append("A budget in seconds favours models that are fast on this machine; another may rank differently.")
    trials = sorted({c.task for c in data.comparisons if c.conditions.split != "test"})
    if trials:
        found.append(
            f"Trials of a search, scored on the validation split, are shown apart: {', '.join(map(words, trials))}."
        )
    if data.trials:
        found.append(
            f"Not shown: {fmt.plural(data.trials, 'trial')} of searches, scored on validation data (--sweep shows a "
            "search)."
        )
    for task in data.tasks:
        differing = _differing(data, task)
        if differing:
            found.append(
                f"Runs of {words(task)} differ in {_listed(differing)} and are in separate columns and tables; do "
                "not compare across them."
            )
    mixed = precisions(data)
    if len(mixed) > 1:
        listed = "; ".join(f"{precision}: {', '.join(tasks)}" for precision, tasks in mixed.items())
        found.append(
            f"Mixed precisions ({listed}). No column, table or curve mixes them, and every heading names its own: do "
            "not compare across them."
        )
    older = sum(e.superseded for c in data.comparisons for e in [*c.entries, *c.baselines])
    if older:
        found.append(
            f"Not shown: {fmt.plural(older, 'older finished run')} of the same settings and seed, from earlier code."
        )
    return found + _inside(data)


def _inside(data: ReportData) -> list[str]:
    """What differs within comparisons, one sentence per kind; the notes under the tables give details."""
    tasks: dict[str, list[str]] = {}
    for comparison in data.comparisons:
        for kind in guards.kinds(comparison):
            tasks.setdefault(kind, []).append(words(comparison.task))
    return [
        f"{words(kind)} (see the notes under the tables): {', '.join(dict.fromkeys(of))}." for kind, of in tasks.items()
    ]


def _differing(data: ReportData, task: str) -> list[str]:
    """The conditions in which a task's comparisons differ, in words."""
    of_task = [conditions(c.conditions, {}) for c in data.comparisons if c.task == task]
    machines = {c.conditions.environment for c in data.comparisons if c.task == task}
    found = [term for i, (term, _) in enumerate(of_task[0]) if len({parts[i] for parts in of_task}) > 1]
    return [*found, *(["machine"] if len(machines) > 1 else [])]


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def heading(comparison: Comparison, data: ReportData, machines: Mapping[str, str]) -> str:
    """The task, whether its data is synthetic, and what distinguishes this comparison from the task's others.

    If the report mixes precisions, even across tasks, the precision is part of every heading.
    """
    others = [c.conditions for c in data.comparisons if c.task == comparison.task]
    parts = conditions(comparison.conditions, machines)
    mixed = len(precisions(data)) > 1
    differing = [
        f"{text} {term}"
        if term.endswith("examples")
        else f"{term} {text}"
        if term in _TERMS_NAMED or text == _UNKNOWN
        else text
        for i, (term, text) in enumerate(parts)
        if len({conditions(o, machines)[i][1] for o in others}) > 1
        or (term == "scored on" and comparison.conditions.split != "test")
        or (term == "precision" and mixed)
    ]
    if comparison.synthetic:
        differing = ["synthetic data", *(text for text in differing if text != "synthetic data")]
    return words(comparison.task) + (f" ({', '.join(differing)})" if differing else "")


def title(task: str, data: ReportData) -> str:
    """The task, and whether its data is synthetic."""
    synthetic = any(c.synthetic for c in data.comparisons if c.task == task)
    return words(task) + (" (synthetic data)" if synthetic else "")


def split_words(split: str) -> str:
    """val -> validation split."""
    return f"{'validation' if split == 'val' else split} split"


_DIRECTIONS = {True: "higher is better", False: "lower is better", None: _UNKNOWN}
_WORDED = ("budget", "trainer.precision", "trainer.softmax", "task.eval_limit", "task.train_limit")
"""Conditions for which there are words; any other option is shown by its name."""


def conditions(conditions: Conditions, machines: Mapping[str, str]) -> list[tuple[str, str]]:
    """(name, text) of every condition, always in the same order."""
    c = conditions
    train_limit = c.option("task.train_limit")
    others = [(name, str(value)) for name, value in c.options if name not in _WORDED]
    return [
        ("data set", c.dataset),
        ("kind of data", "synthetic data" if c.synthetic else "real data"),
        ("data version", (c.fingerprint or _UNKNOWN)[:12]),
        ("scored on", split_words(c.split)),
        ("metric", c.metric or _UNKNOWN),
        ("direction", _DIRECTIONS[c.higher_is_better]),
        ("signature", c.signature or "none"),
        ("budget", budget_words(c.budget)),
        ("precision", c.precision or _UNKNOWN),
        ("softmax", f"{c.option('trainer.softmax') or 'full'} softmax in training"),
        ("test examples", "all" if c.eval_limit is None else f"at most {c.eval_limit}"),
        ("tested on", c.examples or _UNKNOWN),
        ("training examples", "all" if train_limit is None else f"at most {train_limit}"),
        *others,
        ("record version", c.record_version or _UNKNOWN),
        ("machine", machines.get(c.environment or "", "none yet")),
    ]
