"""Where a model errs: its worst test examples, and what it takes for what, from the predictions that a run stored."""

from __future__ import annotations

import difflib
import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.config.typed import settings_from_plain
from harness.contract.metric import Metric
from harness.errors import ConfigError, DataError, UnknownNameError
from harness.explain.run_facts import RunFacts, rounded
from harness.inference.folder import find_folder, read_folder
from harness.store.records import PredictionRow

FILE = "predictions.jsonl"
NOTHING = "(nothing)"
"""In a confusion: what was left out, or added."""
FEWEST = 3
"""Errors that join two answers to a group."""


@dataclass(frozen=True)
class Confusion:
    """What was right, what the model said, and how often; either may be `NOTHING`."""

    right: str
    said: str
    count: int


@dataclass(frozen=True)
class Worst:
    """An example with its scores, by the names of the metrics; NaN where one example has no score."""

    row: PredictionRow
    scores: dict[str, float]


@dataclass(frozen=True)
class ExplainedErrors:
    """Where one model errs.

    Attributes:
        run: the run.
        by: the metric that examples are ordered by.
        metrics: of the task, in the order in which ties are broken.
        examples: how many were tested.
        scored: how many of them have a score of their own.
        perfect: how many of them have the best score that any has.
        worst: the worst examples, the worst first.
        of: what confusions are of: "classes", "tags" or "words"; empty: answers are no words.
        confusions: the most frequent first.
        errors: how many confusions there are in all.
        clusters: groups of answers that are taken for one another more often than chance.
    """

    run: RunFacts
    by: Metric
    metrics: tuple[Metric, ...]
    examples: int
    scored: int
    perfect: int
    worst: tuple[Worst, ...]
    of: str
    confusions: tuple[Confusion, ...]
    errors: int
    clusters: tuple[tuple[str, ...], ...]

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **self.run.as_json(),
            "by": self.by.name,
            "higher_is_better": self.by.higher_is_better,
            "examples": self.examples,
            "with_a_score": self.scored,
            "with_the_best_score": self.perfect,
            "worst": [
                {
                    "id": one.row.example_id,
                    "scores": {name: rounded(score) for name, score in one.scores.items()},
                    "source": one.row.source,
                    "reference": one.row.reference,
                    "output": one.row.output,
                }
                for one in self.worst
            ],
            "confusions_of": self.of,
            "errors": self.errors,
            "confusions": [{"right": c.right, "said": c.said, "count": c.count} for c in self.confusions],
            "clusters": [list(cluster) for cluster in self.clusters],
        }


def explain_errors(run: str | Path, *, worst: int = 10, confusions: int = 15, by: str | None = None) -> ExplainedErrors:
    """Where the model of a finished run errs on its test split; neither data nor weights are read.

    Args:
        run: as for `harness.load`.
        worst: how many examples.
        confusions: how many, at most.
        by: the metric that examples are ordered by; None: the task's primary one. The others break ties.

    Raises:
        ConfigError: a number is wrong. UnknownNameError: the task has no such metric.
        UserError: as for `harness.load`, or the run stored no predictions.
    """
    if worst < 1 or confusions < 1:
        raise ConfigError(f"worst={worst}, confusions={confusions}: both must be at least 1.")
    folder = read_folder(find_folder(run))
    try:
        settings = settings_from_plain(folder.config)
    except (KeyError, TypeError) as error:
        raise DataError(f"{folder.path / 'config.json'} is no run's configuration ({error!r}).") from error
    metrics = {metric.name: metric for metric in settings.task.metrics}
    if by is not None and by not in metrics:
        raise UnknownNameError("metric", by, list(metrics), f"task '{settings.task.name}'")
    first = metrics.pop(by) if by is not None else None
    order = (*([first] if first is not None else []), *metrics.values())
    rows = stored_rows(folder.path / FILE)
    scored = [Worst(row, {metric.name: _score(metric, row) for metric in order}) for row in rows]
    scored.sort(key=lambda one: [_badness(metric, one.scores[metric.name]) for metric in order], reverse=True)
    known = [one.scores[order[0].name] for one in scored if not math.isnan(one.scores[order[0].name])]
    perfect = known.count((max if order[0].higher_is_better else min)(known)) if known else 0
    of = _confused(settings.task.target_type.parts, rows)
    found = Counter(pair for row in rows for pair in _pairs(of, row))
    most = [Confusion(*pair, count) for pair, count in sorted(found.items(), key=lambda item: (-item[1], item[0]))]
    return ExplainedErrors(
        RunFacts.of(folder.specs["key"], settings),
        order[0],
        order,
        len(rows),
        len(known),
        perfect,
        tuple(scored[:worst]),
        of,
        tuple(most[:confusions]),
        sum(found.values()),
        clusters(most, {answer for row in rows for answer in _answers(of, row)}),
    )


def stored_rows(path: Path) -> list[PredictionRow]:
    """The predictions of a run's folder.

    Raises:
        DataError: there are none, or the file is damaged.
    """
    if not path.is_file():
        raise DataError(f"The run stored no predictions: {path} is missing.")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            plain = json.loads(line)
            rows.append(PredictionRow(**{**plain, "others": tuple(plain.get("others", ()))}))
        except (ValueError, TypeError) as error:
            raise DataError(f"{path}, line {number}, is no prediction ({error}). Run the run again.") from error
    if not rows:
        raise DataError(f"{path} holds no prediction.")
    return rows


def clusters(confusions: Sequence[Confusion], known: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Groups of answers that are taken for one another more often than chance, the most errors first.

    Two answers are joined where their errors, in both directions, are at least `FEWEST` and three standard deviations
    above what they would be if errors fell on pairs at random, given how many each answer takes part in.

    Args:
        confusions: all of them.
        known: the answers that are right somewhere; others, and what was left out or added, belong to no group.
    """
    pairs = Counter[tuple[str, str]]()
    for each in confusions:
        if each.right in known and each.said in known:
            one, other = sorted((each.right, each.said))
            pairs[one, other] += each.count
    total, parts = sum(pairs.values()), Counter[str]()
    for pair, count in pairs.items():
        parts.update(dict.fromkeys(pair, count))
    group, errors = dict[str, set[str]](), Counter[tuple[str, ...]]()
    joined = dict[tuple[str, str], int]()
    for (one, other), count in pairs.items():
        by_chance = parts[one] * parts[other] / (2 * total)
        if count >= max(FEWEST, by_chance + 3 * math.sqrt(by_chance)):
            joined[one, other] = count
            members = group.get(one, {one}) | group.get(other, {other})
            group |= dict.fromkeys(members, members)
    for (one, _), count in joined.items():
        errors[tuple(sorted(group[one]))] += count
    return tuple(sorted(errors, key=lambda names: (-errors[names], names)))


def _score(metric: Metric, row: PredictionRow) -> float:
    """A metric of one example alone; NaN where it has none."""
    statistics = row.statistics.get(metric.name)
    if statistics is None:
        return math.nan
    try:
        return float(metric.aggregate([statistics]))
    except (ArithmeticError, ValueError, LookupError):
        return math.nan


def _badness(metric: Metric, score: float) -> float:
    """Larger for worse; what has no score is never the worst."""
    if math.isnan(score):
        return -math.inf
    return -score if metric.higher_is_better else score


def _confused(parts: str, rows: Sequence[PredictionRow]) -> str:
    """What confusions of a target's answers are of."""
    if parts in ("class", "tag"):
        return {"class": "classes", "tag": "tags"}[parts]
    return "words" if parts == "length" and any(row.output for row in rows) else ""


def _answers(of: str, row: PredictionRow) -> list[str]:
    """The classes, tags or words of the right answer."""
    return [row.reference] if of == "classes" else row.reference.split()


def _pairs(of: str, row: PredictionRow) -> Iterable[tuple[str, str]]:
    """Every error of one example as (right, said)."""
    right, said = row.reference, row.output
    if of == "classes":
        return [(right, said or NOTHING)] if right != said and said not in row.others else []
    if of == "tags":
        words = said.split()
        tags = right.split()
        answered = [*words, *[NOTHING] * (len(tags) - len(words))]
        return [(a, b) for a, b in zip(tags, answered, strict=False) if a != b]
    return _edits(right.split(), said.split()) if of == "words" else []


def _edits(right: Sequence[str], said: Sequence[str]) -> list[tuple[str, str]]:
    """Words that stand for others in a longest matching of two texts, and those left out or added."""
    found = list[tuple[str, str]]()
    for kind, a, b, c, d in difflib.SequenceMatcher(None, right, said, autojunk=False).get_opcodes():
        if kind != "equal":
            one, other = right[a:b], said[c:d]
            size = max(len(one), len(other))
            pairs = zip([*one, *[NOTHING] * (size - len(one))], [*other, *[NOTHING] * (size - len(other))], strict=True)
            found += pairs
    return found
